"""Addresses in default: known once, asked about cheaply, and nothing leaves for them any more."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from centres.models import User
from notifications import ledger, problems
from notifications.models import ContactProblem, Inbound, OutboxMessage
from notifications.problems import Address, Problem
from tests.frontend.staff.people import log_in
from tests.notifications.posted import NUMBER, posted, wrote
from tests.threads import at_once

pytestmark = pytest.mark.django_db
DEAD = Problem("sms", NUMBER, "dead", "ptt 23")
STOP = Problem("sms", NUMBER, "stop")


def reason() -> str:
    return str(ContactProblem.objects.get().reason)


def test_the_first_reason_stays() -> None:
    assert problems.record([DEAD]) == 1
    assert problems.record([DEAD, Problem("sms", NUMBER, "complaint")]) == 0
    assert (reason(), ContactProblem.objects.get().detail) == ("dead", "ptt 23")


def test_but_a_stop_weighs_more_and_is_dated_once() -> None:
    problems.record([DEAD])
    problems.record([STOP])
    since = ContactProblem.objects.get().since
    problems.record([STOP, DEAD])
    assert reason() == "stop"
    assert ContactProblem.objects.get().since == since


def test_an_address_is_known_however_it_is_written() -> None:
    problems.record([Problem("email", " Nadia@Example.org", "dead")])
    found = problems.problems_of([("email", "NADIA@example.org"), ("sms", "nadia@example.org")])
    assert list(found) == [Address("email", "nadia@example.org")]


def test_no_address_costs_no_query(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert problems.problems_of([]) == {}
        assert problems.record([]) == 0


def test_what_waits_for_that_address_is_withheld() -> None:
    planned, claimed = posted("planned"), posted("claimed")
    last = posted("planned", kind="reply_stop")
    other = posted("planned", recipient="+33699999999")
    by_email = posted("planned", channel="email", recipient="a@example.org")
    sent = posted("sent")
    problems.record([STOP])
    states = {one.pk: one.state for one in OutboxMessage.objects.all()}
    assert [states[one.pk] for one in (planned, claimed)] == ["suppressed"] * 2
    assert [states[one.pk] for one in (last, other, by_email, sent)] == [*["planned"] * 3, "sent"]
    planned.refresh_from_db()
    assert planned.last_error == "stop"


@pytest.mark.parametrize("kind", ["code", "reply_stop"])
@pytest.mark.parametrize(("problem", "leaves"), [(STOP, True), (DEAD, False)])
def test_what_was_just_asked_for_leaves_despite_a_stop(
    kind: str, problem: Problem, *, leaves: bool
) -> None:
    before = posted("planned", kind=kind)
    problems.record([problem])
    after = posted("planned", kind=kind)
    claimed = ledger.claim(channel="sms", limit=9)
    assert {one.pk for one in claimed} == ({before.pk, after.pk} if leaves else set())


def test_a_lifted_address_works_again() -> None:
    problems.record([DEAD])
    problems.lift(ContactProblem.objects.get())
    assert problems.problems_of([("sms", NUMBER)]) == {}


@pytest.mark.django_db(transaction=True)
def test_several_may_learn_of_the_same_addresses_at_once() -> None:
    some = [Problem("sms", f"+336000000{number:02}", "dead") for number in range(50)]
    learnt = at_once(*[lambda: problems.record(some)] * 2, lambda: problems.record(some[::-1]))
    assert sum(learnt) == 50


def staff(*permissions: str) -> Client:
    user = User.objects.create_user("claire@example.org", "x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    log_in(client, user)
    return client


def press(client: Client, model: str, action: str, pk: int) -> int:
    form = {"action": action, "_selected_action": [pk]}
    return client.post(f"/admin/notifications/{model}/", form, follow=True).status_code


def test_a_person_lifts_it_and_the_journal_says_who() -> None:
    problems.record([DEAD])
    problem = ContactProblem.objects.get()
    client = staff("view_contactproblem", "delete_contactproblem")
    assert press(client, "contactproblem", "lift", problem.pk) == 200
    assert not ContactProblem.objects.exists()
    entry = LogEntry.objects.get()
    assert (entry.object_id, str(entry.user)) == (str(problem.pk), "claire@example.org")


def test_whoever_may_only_look_lifts_nothing() -> None:
    problems.record([DEAD])
    client = staff("view_contactproblem")
    press(client, "contactproblem", "lift", ContactProblem.objects.get().pk)
    assert ContactProblem.objects.exists()


@pytest.mark.parametrize("may_change", [True, False])
def test_a_reply_is_marked_as_read_by_whoever_may(*, may_change: bool) -> None:
    receipt = wrote("euh")
    reply = Inbound.objects.create(
        receipt=receipt,
        sender=NUMBER,
        text="euh",
        at=receipt.received_at,
        meaning="unknown",
        needs_person=True,
    )
    client = staff("view_inbound", *(["change_inbound"] if may_change else []))
    assert "euh" in client.get("/admin/notifications/inbound/?unread=yes").content.decode()
    press(client, "inbound", "mark_read", reply.pk)
    reply.refresh_from_db()
    assert reply.handled_by == ("claire@example.org" if may_change else "")
    assert (reply.handled_at is not None) == may_change
