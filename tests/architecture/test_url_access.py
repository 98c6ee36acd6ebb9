"""Every address names who may open it, and is walked by everyone who must not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from pytest_django import Settings

from booking.access import contact_token, hold_token, manage_token
from booking.models import (
    Appointment,
    CallbackRequest,
    Declaration,
    WaitingListEntry,
    WaitingListOffer,
)
from centres.models import Centre, Membership, RuleChange, User
from notifications.models import Inbound, OutboxMessage, Receipt, Route
from tests.factories import make_appointment, make_centre, make_department, make_rule, make_shift
from tests.frontend.staff.people import log_in
from tests.notifications.messages import make_row

RULES = {
    *("public", "hold", "link", "contact", "staff", "account"),
    *("feed", "watch", "provider", "metrics"),
}
# Probes are for machines; they name nobody and are answered to anyone who reaches the process.
PROBES = {"healthz", "readyz"}


def addresses(
    patterns: list[URLPattern | URLResolver] | None = None, prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        else:
            yield route, pattern


FAMILY = [(route, each) for route, each in addresses() if not route.startswith("admin/")]
ADMIN = [route for route, _ in addresses() if route.startswith("admin/")]


@pytest.mark.parametrize(("route", "pattern"), FAMILY, ids=[route or "/" for route, _ in FAMILY])
def test_every_address_names_who_may_open_it(route: str, pattern: URLPattern) -> None:
    if pattern.name not in PROBES:
        assert getattr(pattern.callback, "access", None) in RULES, route


# A practitioner's own: of the roles below nobody receives families (tests/frontend/staff).
OF_A_PRACTITIONER = {"my-sessions", "my-session", "my-calendar"}
OWN_PRESSED = {"my-sessions-note", "decide-next", "my-calendar-stop"}


def personal(rule: str) -> list[URLPattern]:
    return [each for _, each in FAMILY if getattr(each.callback, "access", "") == rule]


@pytest.fixture
def appointment(db: None) -> Appointment:
    now = timezone.now()
    return make_appointment(state="booked", starts_at=now + timedelta(days=3))


@pytest.fixture(params=["anonymous", "reception", "practitioner", "manager", "administrator"])
def visitor(request: pytest.FixtureRequest, appointment: Appointment) -> Client:
    """Someone without the family's token: nobody, or staff of another centre or of this one."""
    client = Client()
    if request.param == "anonymous":
        return client
    role = request.param
    everywhere = role == "administrator"
    user = User.objects.create_user(f"{role}@example.org", "x", is_staff=everywhere)
    department = appointment.centre.department
    for centre in [None] if everywhere else [appointment.centre, make_centre()]:
        Membership.objects.create(user=user, department=department, centre=centre, role=role)
    log_in(client, user)
    return client


def arguments(pattern: URLPattern, token: str) -> dict[str, object]:
    names = pattern.pattern.converters
    return {name: token if name in ("token", "held", "hold") else uuid4() for name in names}


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("rule", ["hold", "link"])
def test_a_wrong_token_opens_nothing_whoever_comes(
    visitor: Client, appointment: Appointment, rule: str, method: str
) -> None:
    other_purpose = manage_token if rule == "hold" else hold_token
    right = other_purpose(appointment)
    before = Appointment.objects.values().get(pk=appointment.pk)
    for token in (right, right[:-2] + "xx", str(appointment.uid), appointment.reference):
        for pattern in personal(rule):
            path = reverse(pattern.name, kwargs=arguments(pattern, token))
            response = getattr(visitor, method)(path)
            assert response.status_code in (404, 405), (path, response.status_code)
            assert appointment.spoken_reference not in response.content.decode()
    assert Appointment.objects.values().get(pk=appointment.pk) == before


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_passes_for_a_provider(visitor: Client, settings: Settings, method: str) -> None:
    settings.SMS_URL = "brevo://:key@api.brevo.com?webhook_secret=a-secret-of-brevo"
    settings.EMAIL_URL = settings.SMS_URL
    assert personal("provider")
    for pattern in personal("provider"):
        for route in ("brevo", "brevo-email", "nobody"):
            for secret in ("wrong", "a-secret-of-brevo-not", settings.SECRET_KEY):
                path = reverse(pattern.name, kwargs={"route": route, "secret": secret})
                assert getattr(visitor, method)(path).status_code in (404, 405), path
    assert not Receipt.objects.exists()


def test_a_calendar_opens_by_no_session_but_by_its_address(visitor: Client) -> None:
    (pattern,) = personal("feed")
    for token in ("x", "0", "None"):
        path = reverse(pattern.name, kwargs={"token": token})
        assert visitor.get(path).status_code == 404
        assert visitor.post(path).status_code == 405


def test_a_contact_page_shows_nothing_of_another_contact(
    visitor: Client, appointment: Appointment
) -> None:
    visitor.cookies["contact"] = contact_token("someone.else@example.org", now=timezone.now())
    for pattern in personal("contact"):
        path = reverse(pattern.name, kwargs=arguments(pattern, "x"))
        body = visitor.get(path).content.decode()
        assert appointment.spoken_reference not in body
        assert appointment.guardian is not None
        assert appointment.guardian.last_name not in body


@pytest.mark.parametrize("role", ["reception", "practitioner", "manager", "auditor"])
def test_the_administration_is_closed_to_whoever_is_not_its_staff(db: None, role: str) -> None:
    department = make_department()
    centre = None if role == "auditor" else make_centre(department=department)
    user = User.objects.create_user(f"{role}@example.org", "x")
    Membership.objects.create(user=user, department=department, centre=centre, role=role)
    for client in (Client(), Client()):
        for route in ADMIN:
            if "<" in route or "(" in route or route.endswith(("login/", "logout/")):
                continue
            response = client.get(f"/{route}")
            assert response.status_code in (302, 404), (route, response.status_code)
            if response.status_code == 302:
                assert "/login/" in response["Location"]
        log_in(client, user)


ROLES = ["reception", "practitioner", "manager", "administrator", "auditor"]
# What a desk opens in its own centre, what needs the whole Département, what anyone of staff may.
BOARD = ("board", "board-note", "board-print")
PLANNING = ("plan",)
CENTRE_WIDE = ("desk", "callbacks", "callback-add")
WAITING = ("callbacks", "callback-add", "callback-act", "offer-answer", "waiting-stop")
OF_A_CENTRE = {
    *("desk", "message", "redirect", "act", "reply-read", "called-back", "timeline"),
    *("family", "family-merge", "book-for", "family-waiting"),
    *WAITING,
    *BOARD,
    *PLANNING,
}
# Who read of a family: its managers', and of who audits the Département.
OF_A_MANAGER = {"family-reads"}
# What changes the plan: its managers', and of who runs the service.
RULES_OF_CENTRE = ("rules", "rule-new", "half-days", "half-day-swap")
SHEETS = ("sheet", "sheet-export", "sheet-example")
OF_A_PLANNER = {*RULES_OF_CENTRE, *SHEETS, "rule", "rule-undo", "half-day"}
# Absences and closures too; practitioners declare their own, which nobody here is.
OF_A_PLANNER |= {"declare", "take-back", "declared", "undo-declared"}
OF_THE_DEPARTMENT = {"health", "provider"}
OF_ALL_DESKS = {"desk-choice", "callbacks-choice", "families", "today", "planning"}
# Of whoever has a centre of their own: a family needs one.
OF_A_DESK = {"family-new"}
PRESSED = {"redirect", "act", "reply-read", "called-back", "provider", "board-note", "rule-undo"}
PRESSED |= {"take-back", "undo-declared", "callback-act", "offer-answer", "waiting-stop"}


def absences(centre: Centre) -> dict[str, dict[str, object]]:
    """What the addresses about something declared of this centre are made of."""
    done = Declaration.objects.create(
        centre=centre, title="Travaux", declared_at=timezone.now(), declared_by="boss"
    )
    here = {"centre_slug": centre.slug}
    one = {**here, "uid": done.uid}
    return {"declare": here, "take-back": here, "declared": one, "undo-declared": one}


def rules(appointment: Appointment) -> dict[str, dict[str, object]]:
    """What the addresses about opening rules and half-days of this centre are made of."""
    rule = make_rule(site=appointment.site)
    change = RuleChange.objects.create(rule=rule, action="create", decided_at=timezone.now())
    here = {"centre_slug": appointment.centre.slug}
    return {
        **dict.fromkeys(RULES_OF_CENTRE, here),
        **dict.fromkeys(SHEETS, {**here, "what": "plages"}),
        "rule": {**here, "pk": rule.pk},
        "half-day": {**here, "pk": appointment.shift_id},
        "rule-undo": {**here, "pk": change.pk},
    }


def staff_addresses(appointment: Appointment) -> dict[str, str]:
    """Every address of the staff, about things of the centre of this appointment."""
    centre = appointment.centre
    message = make_row(
        subject_ref=str(appointment.uid), scope=centre.slug, valid_until=appointment.starts_at
    )
    receipt = Receipt.objects.create(
        route="ovh", kind="inbound", event_id=str(message.pk), received_at=timezone.now()
    )
    reply = Inbound.objects.create(
        receipt=receipt, at=timezone.now(), meaning="unknown", scope=centre.slug, needs_person=True
    )
    asked = CallbackRequest.objects.create(
        centre=centre,
        type=appointment.type,
        phone=f"+336399{message.pk:05}",
        promised_on=timezone.localdate(),
        created_at=timezone.now(),
    )
    twin = make_appointment(make_shift(site=appointment.site))
    offer = make_offer(appointment)
    Route.objects.get_or_create(name="ovh", defaults={"channel": "sms"})
    values: dict[str, dict[str, object]] = {
        **absences(centre),
        "my-session": {"pk": appointment.shift_id},
        "decide-next": {"pk": appointment.household_id, "child": 1},
        **{name: {"centre_slug": centre.slug} for name in (*CENTRE_WIDE, *BOARD, *PLANNING)},
        "message": {"pk": message.pk},
        "redirect": {"pk": message.pk},
        "act": {"pk": message.pk, "action": "prevenu"},
        "reply-read": {"pk": reply.pk},
        "called-back": {"uid": asked.uid},
        "callback-act": {"uid": asked.uid, "action": "prendre"},
        "offer-answer": {"uid": offer.uid},
        "waiting-stop": {"uid": offer.entry.uid},
        "family-waiting": {"pk": appointment.household_id},
        "timeline": {"reference": appointment.spoken_reference},
        **calendar(appointment),
        "provider": {"name": "ovh", "action": "arreter"},
        "family": {"pk": appointment.household_id},
        "book-for": {"pk": appointment.household_id},
        "family-merge": {"pk": appointment.household_id, "other": twin.household_id},
        "family-reads": {"pk": appointment.household_id},
        **rules(appointment),
    }
    own = OF_A_PRACTITIONER | OWN_PRESSED
    names = [each.name for each in personal("staff") if each.name not in own]
    assert set(names) == (
        OF_A_CENTRE | OF_A_MANAGER | OF_A_PLANNER | OF_THE_DEPARTMENT | OF_ALL_DESKS | OF_A_DESK
    )
    return {name: reverse(name, kwargs=values.get(name, {})) for name in [*own, *names]}


OF_ALL_DESKS |= {"calendar-choice"}
OF_A_CENTRE |= {"calendar", "calendar-data", "calendar-drop", "calendar-slot", "move-visit"}
PRESSED |= {"calendar-drop"}


def calendar(appointment: Appointment) -> dict[str, dict[str, object]]:
    """What the addresses of a calendar are made of."""
    here = {"centre_slug": appointment.centre.slug}
    return {
        **dict.fromkeys(("calendar", "calendar-data", "calendar-drop"), here),
        "calendar-slot": here | {"choice": "1-2-3"},
        "move-visit": {"reference": appointment.spoken_reference},
    }


def make_offer(appointment: Appointment) -> WaitingListOffer:
    """Its family waits, and a time is offered to it."""
    now, guardian = timezone.now(), appointment.guardian
    assert guardian is not None
    entry = WaitingListEntry.objects.create(
        appointment=appointment,
        household=guardian.household,
        guardian=guardian,
        type=appointment.type,
        centre=appointment.centre,
        sites=[appointment.site_id],
        days=[1],
        notice_min=0,
        asked_at=now,
        asked_by="family",
    )
    return WaitingListOffer.objects.create(
        entry=entry,
        household=guardian.household,
        centre=appointment.centre,
        site=appointment.site,
        practitioner=appointment.practitioner,
        starts_at=now + timedelta(days=1),
        way="call",
        offered_at=now,
        told_at=now,
        answer_by=now + timedelta(hours=1),
    )


def open_staff(client: Client, name: str, path: str) -> int:
    return int(
        getattr(client, "post" if name in PRESSED | OWN_PRESSED else "get")(path).status_code
    )


def staff_client(role: str, centre: Centre | None) -> Client:
    user = User.objects.create_user(f"{role}.{uuid4().hex}@example.org", "x")
    Membership.objects.create(user=user, department=make_department(), centre=centre, role=role)
    client = Client()
    log_in(client, user)
    return client


def told_of() -> tuple[object, ...]:
    """What a press on these pages could change."""
    return (
        list(OutboxMessage.objects.order_by("pk").values_list("pk", "handled_as")),
        list(Inbound.objects.order_by("pk").values_list("handled_at", flat=True)),
        list(CallbackRequest.objects.order_by("pk").values_list("state", flat=True)),
        list(CallbackRequest.objects.order_by("pk").values_list("taken_by", flat=True)),
        list(WaitingListEntry.objects.order_by("pk").values_list("state", flat=True)),
        list(WaitingListOffer.objects.order_by("pk").values_list("state", flat=True)),
        list(Route.objects.values_list("is_enabled", flat=True)),
        list(RuleChange.objects.order_by("pk").values_list("pk", "action")),
    )


@pytest.mark.parametrize("role", ROLES)
def test_staff_open_their_own_centre_and_no_other(role: str, appointment: Appointment) -> None:
    everywhere = role == "administrator"
    in_department = everywhere or role == "auditor"
    other = make_appointment(starts_at=timezone.now() + timedelta(days=4))
    for about, is_own in ((other, False), (appointment, True)):
        paths = staff_addresses(about)
        client = staff_client(role, None if in_department else appointment.centre)
        for name, path in sorted(paths.items()):
            before = told_of()
            status = open_staff(client, name, path)
            may = name in OF_ALL_DESKS or (name in OF_A_DESK and role != "auditor")
            may |= name in OF_A_CENTRE and (everywhere or (is_own and role != "auditor"))
            may |= name in OF_A_MANAGER and (in_department or (is_own and role == "manager"))
            may |= name in OF_A_PLANNER and (everywhere or (is_own and role == "manager"))
            may |= name == "health" and in_department
            may |= name == "provider" and everywhere
            assert (status != 404) == may, (role, name, status)
            if not may:
                assert told_of() == before, name


def test_without_a_membership_or_a_log_in_nothing_of_the_staff_s_opens(
    appointment: Appointment,
) -> None:
    paths = staff_addresses(appointment)
    nobody = Client()
    log_in(nobody, User.objects.create_user("nobody@example.org", "x", is_staff=True))
    before = told_of()
    for name, path in paths.items():
        assert open_staff(nobody, name, path) == 404, name
        answer = Client().post(path) if name in PRESSED | OWN_PRESSED else Client().get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/equipe/connexion/?next="), name
    assert told_of() == before


def test_the_metrics_open_to_their_token_only(visitor: Client, settings: Settings) -> None:
    for token in ("", "secret"):
        settings.METRICS_TOKEN = token
        for pattern in personal("metrics"):
            for shown in ("", "Bearer ", "Bearer wrong"):
                answer = visitor.get(reverse(pattern.name), headers={"authorization": shown})
                assert answer.status_code == 404
