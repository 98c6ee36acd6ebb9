"""A practitioner's calendar address: read by two parsers, tells nothing, costs little, can stop."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from typing import Any

import pytest
import vobject
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from icalendar import Calendar
from pytest_django import DjangoAssertNumQueries

from booking import actions
from booking.actors import Actor
from booking.models import Appointment, CalendarLink
from booking.tasks import forget_leftovers
from centres.actions import cancel_shift, restore_memberships
from centres.models import Absence, Centre, Membership, Practitioner, Shift, User
from frontend import limits
from tests.factories import (
    PARIS,
    make_appointment,
    make_child,
    make_guardian,
    make_household,
    make_shift,
    make_site,
    make_type,
)
from tests.frontend.pages import read
from tests.frontend.staff.people import at_desk
from tests.frontend.staff.practitioners import at_own_pages

pytestmark = pytest.mark.django_db
PAGE = "/equipe/mes-seances/agenda/"


@pytest.fixture
def own(redon: Centre) -> tuple[Client, Practitioner]:
    return at_own_pages(redon)


@pytest.fixture
def nadia(own: tuple[Client, Practitioner]) -> Client:
    return own[0]


@pytest.fixture
def shift(redon: Centre, own: tuple[Client, Practitioner]) -> Shift:
    site = make_site(redon, name="Espace des Halles")
    return make_shift(site=site, practitioner=own[1])


@pytest.fixture
def booked(shift: Shift) -> Appointment:
    guardian = make_guardian()
    make_child(guardian)
    return make_appointment(shift, guardian=guardian)


def make_link(client: Client, naming: str = "time") -> str:
    """The path of a new address, taken from the page that shows it."""
    body = client.post(PAGE, {"naming": naming}).content.decode()
    return "/ical/" + body.split("/ical/")[1].split('"')[0]


def fetch(path: str, **headers: str) -> Any:
    """As a programme that is logged in nowhere."""
    return Client().get(path, headers=headers)


def events(answer: HttpResponse) -> dict[str, Any]:
    """By UID; both parsers read the same."""
    ours = Calendar.from_ical(answer.content).walk("VEVENT")
    theirs = vobject.readOne(answer.content.decode()).contents.get("vevent", [])
    assert [str(event["UID"]) for event in ours] == [event.uid.value for event in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert one["DTSTART"].dt == other.dtstart.value
        assert one["STATUS"] == other.status.value
    return {str(event["UID"]).partition("@")[0]: event for event in ours}


def test_sessions_appointments_and_absences_are_read_by_two_parsers(
    nadia: Client, booked: Appointment, own: tuple[Client, Practitioner]
) -> None:
    day = datetime.combine(booked.starts_at.astimezone(PARIS), time(), PARIS) + timedelta(days=7)
    Absence.objects.create(
        practitioner=own[1], starts_at=day, ends_at=day + timedelta(days=2), kind="sick"
    )
    answer = fetch(make_link(nadia))
    assert answer["Content-Type"].startswith("text/calendar; charset=utf-8")
    found = events(answer)
    session, visit = found[f"shift-{booked.shift_id}"], found[str(booked.uid)]
    assert (session["DTSTART"].dt, session["DTEND"].dt) == (
        booked.shift.starts_at,
        booked.shift.ends_at,
    )
    assert visit["DTSTART"].params["TZID"] == "Europe/Paris"
    assert visit["SEQUENCE"] == booked.sequence
    assert str(visit["LOCATION"]) == "Espace des Halles, Redon"
    (away,) = (event for uid, event in found.items() if uid.startswith("absence-"))
    assert (away["DTSTART"].dt, away["DTEND"].dt) == (
        day.date(),
        (day + timedelta(days=2)).date(),
    )
    assert (str(away["SUMMARY"]), away["TRANSP"]) == ("Absence", "OPAQUE")
    text = answer.content.decode()
    assert "BEGIN:VTIMEZONE" in text
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT15M" in text


@pytest.mark.parametrize(
    ("naming", "title"), [("time", "Rendez-vous"), ("initials", "Rendez-vous – M. L.")]
)
def test_titles_tell_the_hour_alone_or_initials_and_never_a_name_or_a_reason(
    nadia: Client, booked: Appointment, naming: str, title: str
) -> None:
    answer = fetch(make_link(nadia, naming))
    assert str(events(answer)[str(booked.uid)]["SUMMARY"]) == title
    text = answer.content.decode().replace("\r\n ", "").lower()
    for told in ("maëlys", "le goff", "karim", "consultation", "pmi", "cdas", "guivarc"):
        assert told not in text


def test_who_comes_discreetly_has_no_initials(nadia: Client, shift: Shift) -> None:
    kind = make_type(label="Contraception", is_discreet=True)
    one = make_appointment(shift, type=kind)
    silent = make_guardian(make_household(contact_by="none"))
    other = make_appointment(shift, guardian=silent, starts_at=shift.starts_at + timedelta(hours=1))
    found = events(fetch(make_link(nadia, "initials")))
    assert {str(found[str(each.uid)]["SUMMARY"]) for each in (one, other)} == {"Rendez-vous"}


def test_a_family_s_home_is_not_in_it(nadia: Client, shift: Shift) -> None:
    visit = make_appointment(shift, type=make_type(mode="home"))
    assert str(events(fetch(make_link(nadia)))[str(visit.uid)]["LOCATION"]) == "À domicile"


def test_what_is_cancelled_stays_a_while_as_cancelled(
    nadia: Client, booked: Appointment, shift: Shift
) -> None:
    path = make_link(nadia)
    before = events(fetch(path))[str(booked.uid)]
    actions.cancel(uid=booked.uid, now=timezone.now(), actor=Actor("agent", "claire@example.org"))
    cancelled = events(fetch(path))[str(booked.uid)]
    assert cancelled["STATUS"] == "CANCELLED"
    assert cancelled["TRANSP"] == "TRANSPARENT"
    assert cancelled["SEQUENCE"] > before["SEQUENCE"]
    Appointment.objects.filter(pk=booked.pk).update(changed_at=timezone.now() - timedelta(days=32))
    assert str(booked.uid) not in events(fetch(path))


def test_a_session_cancelled_by_hand_is_told_with_a_higher_sequence(
    nadia: Client, own: tuple[Client, Practitioner], shift: Shift
) -> None:
    path = make_link(nadia)
    before = events(fetch(path))[f"shift-{shift.pk}"]
    assert own[1].user is not None
    cancel_shift(shift_id=shift.pk, author=own[1].user, now=timezone.now())
    after = events(fetch(path))[f"shift-{shift.pk}"]
    assert (before["STATUS"], after["STATUS"]) == ("CONFIRMED", "CANCELLED")
    assert after["SEQUENCE"] > before["SEQUENCE"]


def test_holds_colleagues_and_far_days_are_not_in_it(
    nadia: Client, booked: Appointment, own: tuple[Client, Practitioner]
) -> None:
    held = make_appointment(
        booked.shift,
        state="held",
        guardian=None,
        starts_at=booked.starts_at + timedelta(hours=1),
        expires_at=timezone.now() + timedelta(minutes=9),
    )
    colleague = make_appointment()
    found = events(fetch(make_link(nadia)))
    for each in (held, colleague):
        assert str(each.uid) not in found
    for days in (-32, 367):
        far = make_shift(
            starts_at=timezone.now() + timedelta(days=days),
            site=booked.site,
            practitioner=own[1],
        )
        assert f"shift-{far.pk}" not in events(fetch(make_link(nadia)))


def test_an_unchanged_file_is_not_sent_again(nadia: Client, booked: Appointment) -> None:
    path = make_link(nadia)
    first = fetch(path)
    again = fetch(path, **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    since = fetch(path, **{"If-Modified-Since": first["Last-Modified"]})
    assert since.status_code == 304
    assert fetch(path).content == first.content
    booked.child.first_name = "Zoé"  # type: ignore[union-attr]
    booked.child.save()  # type: ignore[union-attr]
    assert fetch(path, **{"If-None-Match": first["ETag"]}).status_code == 304
    booked.sequence += 1
    booked.save()
    changed = fetch(path, **{"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def test_no_cache_keeps_it_and_no_search_engine(nadia: Client) -> None:
    answer = fetch(make_link(nadia))
    assert "private" in answer["Cache-Control"]
    assert "no-cache" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex"


def test_only_a_hash_is_kept_and_the_address_is_shown_once(nadia: Client) -> None:
    path = make_link(nadia)
    token = path.removeprefix("/ical/").removesuffix(".ics")
    assert len(token) >= 32
    link = CalendarLink.objects.get()
    assert link.token_hash == sha256(token.encode()).hexdigest()
    assert token not in nadia.get(PAGE).content.decode()


def test_when_it_was_last_read_is_shown(nadia: Client) -> None:
    path = make_link(nadia)
    assert "jamais encore" in read(nadia, PAGE)
    fetch(path)
    assert "jamais encore" not in read(nadia, PAGE)
    assert CalendarLink.objects.get().last_used_at is not None


def test_a_new_address_replaces_the_one_before_and_one_can_be_stopped(nadia: Client) -> None:
    first = make_link(nadia)
    second = make_link(nadia)
    assert [fetch(path).status_code for path in (first, second)] == [404, 200]
    assert nadia.post(f"{PAGE}arreter/")["Location"] == PAGE
    assert fetch(second).status_code == 404
    assert "Une adresse fonctionne" not in read(nadia, PAGE)


def test_unknown_stopped_or_left_are_answered_alike(
    nadia: Client, own: tuple[Client, Practitioner]
) -> None:
    path = make_link(nadia)
    unknown = fetch("/ical/nobody.ics")
    assert unknown.status_code == 404
    Practitioner.objects.update(is_active=False)
    assert fetch(path).content == unknown.content
    Practitioner.objects.update(is_active=True)
    assert fetch(path).status_code == 200
    Membership.objects.update(suspended_at=timezone.now())
    assert fetch(path).status_code == 404
    Membership.objects.update(suspended_at=None)
    assert own[1].user is not None
    own[1].user.is_active = False
    own[1].user.save()
    assert fetch(path).status_code == 404


def test_rights_given_back_bring_no_old_address_back(
    own: tuple[Client, Practitioner], booked: Appointment
) -> None:
    nadia, practitioner = own
    link, now = make_link(nadia), timezone.now()
    user = practitioner.user
    assert user is not None
    user.memberships.update(suspended_at=now)
    User.objects.filter(pk=user.pk).update(is_active=False, lapsed_at=now)
    assert restore_memberships(users=[user], by="admin@example.org", now=timezone.now()) == 1
    assert fetch(link).status_code == 404


def test_who_tries_many_addresses_is_told_to_wait(
    nadia: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_link(nadia)
    monkeypatch.setattr(limits, "MISSES", 3)
    assert [fetch(f"/ical/{n}.ics").status_code for n in range(4)] == [404, 404, 404, 429]
    assert fetch(path)["Retry-After"]


def test_one_address_is_not_read_without_end(
    nadia: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_link(nadia)
    monkeypatch.setattr(limits, "READS", 2)
    assert [fetch(path).status_code for _ in range(3)] == [200, 200, 429]


def test_only_a_practitioner_has_one(redon: Centre) -> None:
    claire = at_desk(redon)
    assert claire.get(PAGE).status_code == claire.post(PAGE).status_code == 404
    assert claire.post(f"{PAGE}arreter/").status_code == 404
    assert not CalendarLink.objects.exists()


def test_nothing_changes_it_but_reading(nadia: Client) -> None:
    path = make_link(nadia)
    assert Client().post(path).status_code == 405
    assert Client().head(path).status_code == 200


def test_addresses_long_stopped_are_forgotten(nadia: Client) -> None:
    make_link(nadia)
    nadia.post(f"{PAGE}arreter/")
    forget_leftovers()
    assert CalendarLink.objects.exists()
    CalendarLink.objects.update(revoked_at=datetime.now(UTC) - timedelta(days=800))
    forget_leftovers()
    assert not CalendarLink.objects.exists()


def test_it_costs_the_same_with_many_as_with_few(
    nadia: Client,
    own: tuple[Client, Practitioner],
    shift: Shift,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    make_appointment(shift)
    path = make_link(nadia)
    fetch(path)
    with django_assert_num_queries(QUERIES):
        fetch(path)
    for week in range(1, 11):
        starts_at = shift.starts_at + timedelta(weeks=week)
        more = make_shift(starts_at=starts_at, site=shift.site, practitioner=own[1])
        for number in range(3):
            make_appointment(more, starts_at=starts_at + timedelta(minutes=30 * number))
    fetch(path)
    with django_assert_num_queries(QUERIES):
        assert len(events(fetch(path))) == 11 + 31


QUERIES = 6
