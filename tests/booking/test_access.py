"""Signed links and the contact cookie: what they open, for how long, and forgeries."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from booking import access, actions
from booking.access import BadLink
from booking.actors import Who
from booking.errors import LinkExpired
from booking.models import Appointment, Guardian
from tests.booking.scene import AGENT, NADIA, NOW, after, clock, open_morning, parent
from tests.factories import make_appointment, make_child, make_guardian

pytestmark = pytest.mark.django_db
Token = Callable[[Appointment], str]


def test_each_token_opens_its_own_appointment() -> None:
    scene = open_morning()
    held, booked = scene.hold("10:00"), scene.book("09:00")
    assert access.appointment_for_hold(access.hold_token(held)) == held
    assert access.appointment_for_link(access.manage_token(booked), now=NOW) == booked


@pytest.mark.parametrize(
    ("make", "of"), [(access.manage_token, "hold"), (access.hold_token, "link")]
)
def test_a_token_of_one_purpose_does_not_serve_another(make: Token, of: str) -> None:
    token = make(open_morning().book())
    with pytest.raises(BadLink):
        open_by(of, token)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1],
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: "0" * 32 + token[32:],
        lambda token: token.split("~")[0],
        lambda token: token.split("~")[0] + "~",
        lambda _: "",
        lambda _: "~",
        lambda _: "\x00é" * 5,
    ],
)
@pytest.mark.parametrize("of", ["hold", "link"])
def test_a_forged_or_cut_token_opens_nothing(spoil: Callable[[str], str], of: str) -> None:
    booked = open_morning().book()
    token = {"hold": access.hold_token, "link": access.manage_token}[of](booked)
    with pytest.raises(BadLink):
        open_by(of, spoil(token))


@pytest.mark.parametrize("is_kept", [True, False], ids=["former key kept", "former key dropped"])
def test_links_signed_with_a_former_key_open_as_long_as_it_is_kept(
    settings: Any, *, is_kept: bool
) -> None:
    scene = open_morning()
    held, booked = scene.hold("10:00"), scene.book("09:00")
    hold, manage = access.hold_token(held), access.manage_token(booked)
    contact = access.contact_token(NADIA.email, now=NOW)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY] if is_kept else []
    settings.SECRET_KEY = "a new key, as random as it is long: fifty characters or more"
    assert access.hold_token(held) != hold, "what is signed now is signed with the new key"
    assert access.opens_hold(hold, held) is is_kept
    assert access.contact_from_token(contact, now=NOW) == (NADIA.email if is_kept else None)
    for of, token in (("hold", hold), ("link", manage)):
        if is_kept:
            assert open_by(of, token) in (held, booked)
        else:
            with pytest.raises(BadLink):
                open_by(of, token)


def test_a_token_of_an_appointment_that_is_no_more_opens_nothing() -> None:
    booked = open_morning().book()
    token = access.manage_token(booked)
    booked.delete()
    with pytest.raises(BadLink):
        open_by("link", token)


def test_a_link_works_until_the_visit_is_over() -> None:
    booked = open_morning().book("09:00")
    token = access.manage_token(booked)
    same_evening, next_day = clock("21:30"), clock("21:31")
    assert access.appointment_for_link(token, now=same_evening) == booked
    with pytest.raises(LinkExpired):
        access.appointment_for_link(token, now=next_day)


def test_a_link_follows_a_move_and_shows_a_cancellation() -> None:
    scene = open_morning()
    booked = scene.book("09:00")
    token = access.manage_token(booked)
    scene.move(booked.uid, "10:00")
    assert access.appointment_for_link(token, now=NOW).starts_at == clock("10:00")
    actions.cancel(uid=booked.uid, now=NOW)
    assert access.appointment_for_link(token, now=NOW).state == "cancelled"


def test_a_link_never_opens_a_hold() -> None:
    with pytest.raises(BadLink):
        open_by("link", access.manage_token(open_morning().hold()))


def test_the_cookie_remembers_an_address_for_half_an_hour() -> None:
    value = access.contact_token(NADIA.email, now=NOW)
    assert access.contact_from_token(value, now=after(30) - timedelta(seconds=1)) == NADIA.email
    assert access.contact_from_token(value, now=after(30)) is None


@pytest.mark.parametrize("value", [None, "", "nadia@example.org", "a:b:c", "é" * 40])
def test_a_forged_cookie_proves_nothing(value: str | None) -> None:
    assert access.contact_from_token(value, now=NOW) is None


def test_a_cookie_of_another_purpose_proves_nothing() -> None:
    booked = open_morning().book()
    for token in (access.hold_token(booked), access.manage_token(booked)):
        assert access.contact_from_token(token, now=NOW) is None


def test_a_contact_sees_its_own_appointments_only() -> None:
    scene = open_morning()
    mine = scene.book("09:00")
    scene.book("10:00", who=parent(2))
    scene.hold("11:00")
    assert access.appointments_of_contact(NADIA.email, now=NOW) == ([mine], [])
    assert access.appointments_of_contact(NADIA.email, now=after(days=2)) == ([], [mine])


def test_an_arrival_is_never_ahead_and_a_mistaken_one_nowhere() -> None:
    weighing = open_morning(booking="walk_in", duration_min=15)
    guardian = make_guardian(email=NADIA.email, email_verified_at=NOW)
    lou, noe = (make_child(guardian, first_name=name) for name in ("Lou", "Noé"))
    came, mistaken = actions.note_arrival(
        shift_id=weighing.shift.pk,
        kind_id=weighing.kind.pk,
        guardian=guardian,
        children=[lou, noe],
        now=clock("09:40"),
        actor=AGENT,
    )
    assert access.appointments_of_contact(NADIA.email, now=clock("09:41")) == ([], [])
    actions.await_again(uid=mistaken.uid, now=clock("09:41"), actor=AGENT)
    assert access.appointments_of_contact(NADIA.email, now=clock("12:00")) == ([], [came])


def test_an_unproved_address_sees_nothing() -> None:
    open_morning().book()
    Guardian.objects.update(email_verified_at=None)
    assert access.appointments_of_contact(NADIA.email, now=NOW) == ([], [])


def test_whom_a_household_met_is_read_in_one_query(django_assert_num_queries: Any) -> None:
    scene = open_morning()
    doctors = [scene.shift.practitioner, *(scene.another_doctor().practitioner for _ in range(4))]
    states = ("fulfilled", "booked", "noshow", "cancelled")
    for doctor, state in zip(doctors, states, strict=False):
        booked = scene.book("09:00", practitioner_id=doctor.pk, who=nadia_with(state))
        Appointment.objects.filter(pk=booked.pk).update(state=state)
    karim = replace(nadia_with("Lina"), first_name="Karim")
    scene.book("11:00", practitioner_id=doctors[4].pk, who=karim)
    with django_assert_num_queries(1):
        met = access.practitioners_met(NADIA.email, now=after(days=2))
    assert set(met) == {doctors[0].pk, doctors[1].pk, doctors[4].pk}
    assert access.practitioners_met(NADIA.email, now=NOW) == [], "what is ahead is not met yet"
    assert access.practitioners_met("other@example.org", now=after(days=2)) == []


def nadia_with(child: str) -> Who:
    return replace(NADIA, child_first_name=child)


def open_by(of: str, token: str) -> Appointment:
    if of == "hold":
        return access.appointment_for_hold(token)
    return access.appointment_for_link(token, now=NOW)


# Short links, of which an SMS has room.


def short_code(appointment: Appointment) -> str:
    return access.short_link(appointment).rpartition("/s/")[2]


def test_a_short_link_opens_its_appointment_and_fits_an_sms() -> None:
    appointment = make_appointment()
    code = short_code(appointment)
    opened = access.appointment_for_short_link(code, now=appointment.starts_at)
    assert opened.pk == appointment.pk
    assert access.short_link(appointment) == f"{settings.PUBLIC_URL}/s/{code}"
    appointment.pk = 10**9
    assert len(short_code(appointment)) <= 12


def test_no_other_code_opens_anything() -> None:
    appointment = make_appointment()
    code = short_code(appointment)
    swapped = code[:-1] + ("2" if code[-1] != "2" else "3")
    of_another = access.BASE58[access.BASE58.index(code[0]) + 1] + code[1:]
    tried = [
        "",
        "0",
        "é",
        "1" + code,
        code + "2",
        swapped,
        of_another,
        code[:-1],
        "z" * 18,
        "z" * 99,
    ]
    for wrong in tried:
        with pytest.raises(BadLink):
            access.appointment_for_short_link(wrong, now=appointment.starts_at)


def test_a_right_code_of_nothing_opens_nothing() -> None:
    appointment = make_appointment()
    code = short_code(appointment)
    Appointment.objects.all().delete()
    with pytest.raises(BadLink):
        access.appointment_for_short_link(code, now=appointment.starts_at)


def test_a_short_link_lives_as_long_as_its_longer_twin() -> None:
    appointment = make_appointment()
    code, ends_at = short_code(appointment), appointment.ends_at
    access.appointment_for_short_link(code, now=ends_at + timedelta(hours=12))
    with pytest.raises(LinkExpired):
        access.appointment_for_short_link(code, now=ends_at + timedelta(hours=12, seconds=1))
    held = make_appointment(state="held", expires_at=ends_at)
    with pytest.raises(BadLink):
        access.appointment_for_short_link(short_code(held), now=held.starts_at)


def test_a_short_link_outlives_a_change_of_key() -> None:
    appointment = make_appointment()
    code, now = short_code(appointment), appointment.starts_at
    with override_settings(SECRET_KEY="x" * 50, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert access.appointment_for_short_link(code, now=now).pk == appointment.pk
    with override_settings(SECRET_KEY="x" * 50), pytest.raises(BadLink):
        access.appointment_for_short_link(code, now=now)
