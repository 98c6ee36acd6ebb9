"""Families without an e-mail address are known by the mobile number they proved."""

from dataclasses import replace

import pytest
from django.db import IntegrityError

from booking import actions
from booking.access import (
    appointments_of_contact,
    contact_from_token,
    contact_token,
    guardians_of_contact,
    is_known_contact,
    practitioners_met,
)
from booking.actors import Who
from booking.errors import LimitReached, WrongState
from booking.models import Appointment, Child, Guardian, Household
from centres.models import Centre
from tests.booking.scene import AGENT, NADIA, NOW, after, open_morning, parent
from tests.factories import make_guardian

pytestmark = pytest.mark.django_db
MOBILE, OTHER = "+33639981234", "+33639985678"
PHONE_ONLY = replace(NADIA, email="", phone=MOBILE)
BOTH_BY_SMS = replace(NADIA, phone=MOBILE, contact_channel="sms")
BOTH_BY_EMAIL = replace(NADIA, phone=MOBILE, contact_channel="email")


def booked_guardian(appointment: Appointment) -> Guardian:
    guardian = appointment.guardian
    assert guardian is not None
    guardian.refresh_from_db()
    return guardian


@pytest.mark.parametrize(
    ("who", "contact"),
    [
        (NADIA, NADIA.email),
        (PHONE_ONLY, MOBILE),
        (BOTH_BY_SMS, MOBILE),
        (BOTH_BY_EMAIL, NADIA.email),
        (replace(NADIA, email="", phone=""), ""),
    ],
)
def test_a_person_is_known_by_what_they_proved(who: Who, contact: str) -> None:
    assert who.contact == contact


def test_a_number_proved_by_sms_is_dated_and_the_address_beside_it_is_not() -> None:
    guardian = booked_guardian(open_morning().book(who=BOTH_BY_SMS))
    assert (guardian.phone_verified_at, guardian.email_verified_at) == (NOW, None)
    assert (guardian.number, guardian.email) == (MOBILE, NADIA.email)
    assert is_known_contact(MOBILE)
    assert not is_known_contact(NADIA.email)


def test_a_number_typed_beside_a_proved_address_opens_nothing() -> None:
    guardian = booked_guardian(open_morning().book(who=BOTH_BY_EMAIL))
    assert (guardian.email_verified_at, guardian.phone_verified_at) == (NOW, None)
    assert not is_known_contact(MOBILE)


def test_a_number_that_an_agent_typed_opens_nothing() -> None:
    scene = open_morning()
    actions.confirm(uid=scene.hold(actor=AGENT).uid, who=PHONE_ONLY, now=NOW, actor=AGENT)
    assert Guardian.objects.get().phone_verified_at is None
    assert not is_known_contact(MOBILE)
    scene.book("10:00", who=PHONE_ONLY)
    assert Household.objects.count() == 2, "nor is it taken for the family's own"


def test_a_family_is_known_again_by_its_number() -> None:
    scene = open_morning()
    scene.book("09:00", who=PHONE_ONLY)
    scene.book("09:30", who=replace(PHONE_ONLY, first_name="NADIA", child_first_name="ilyès"))
    scene.book("10:00", who=replace(PHONE_ONLY, first_name="Karim", child_first_name="Aya"))
    assert Household.objects.count() == 1
    assert sorted(Guardian.objects.values_list("first_name", flat=True)) == ["Karim", "Nadia"]
    assert Child.objects.count() == 2
    ahead, _ = appointments_of_contact(MOBILE, now=NOW)
    assert len(ahead) == 3


def test_one_number_has_so_many_open_appointments_at_most() -> None:
    scene = open_morning()
    Centre.objects.update(max_open_per_contact=1)
    scene.book("09:00", who=PHONE_ONLY)
    held = scene.hold("10:00")
    with pytest.raises(LimitReached):
        actions.confirm(uid=held.uid, who=replace(PHONE_ONLY, first_name="Karim"), now=NOW)
    assert actions.confirm(uid=held.uid, who=parent(2), now=NOW).state == "booked"


def test_confirming_twice_by_phone_is_one_appointment() -> None:
    scene = open_morning()
    booked = scene.book(who=PHONE_ONLY)
    assert actions.confirm(uid=booked.uid, who=PHONE_ONLY, now=after(1)).pk == booked.pk
    for stranger in (replace(PHONE_ONLY, phone=OTHER), parent(3)):
        with pytest.raises(WrongState):
            actions.confirm(uid=booked.uid, who=stranger, now=NOW)


def test_who_only_typed_the_number_of_a_booking_is_not_who_booked() -> None:
    """The number beside a proved address may be mistyped: its owner is a stranger."""
    booked = open_morning().book(who=BOTH_BY_EMAIL)
    owner = replace(PHONE_ONLY, first_name="Inconnu")
    with pytest.raises(WrongState):
        actions.confirm(uid=booked.uid, who=owner, now=NOW)


def test_the_owner_of_a_number_somebody_typed_joins_no_family() -> None:
    scene = open_morning()
    scene.book("09:00", who=BOTH_BY_EMAIL)
    scene.book("10:00", who=replace(PHONE_ONLY, first_name="Inconnu"))
    assert Household.objects.count() == 2


def test_who_proves_an_address_and_types_a_known_number_joins_no_family() -> None:
    """Anybody knows somebody's number: a proof of the one says nothing of the other."""
    scene = open_morning()
    scene.book("09:00", who=PHONE_ONLY)
    scene.book("10:00", who=replace(BOTH_BY_EMAIL, email="ex@example.org"))
    assert Household.objects.count() == 2


@pytest.mark.parametrize(
    ("first", "second"), [(BOTH_BY_EMAIL, BOTH_BY_SMS), (BOTH_BY_SMS, BOTH_BY_EMAIL)]
)
def test_giving_both_again_and_proving_the_other_is_the_same_family(
    first: Who, second: Who
) -> None:
    scene = open_morning()
    scene.book("09:00", who=first)
    guardian = booked_guardian(scene.book("10:00", who=second, now=after(1)))
    assert Household.objects.count() == Guardian.objects.count() == 1
    assert guardian.email_verified_at is not None
    assert guardian.phone_verified_at is not None


def test_a_new_number_replaces_a_proved_one_and_proves_nothing() -> None:
    scene = open_morning()
    scene.book("09:00", who=BOTH_BY_EMAIL)
    scene.book("09:30", who=BOTH_BY_SMS, now=after(1))
    scene.book("10:00", who=replace(BOTH_BY_EMAIL, phone=OTHER), now=after(2))
    guardian = Guardian.objects.get()
    assert (guardian.number, guardian.phone_verified_at) == (OTHER, None)
    assert not is_known_contact(MOBILE), "its next owner must not find the family"


def test_a_phone_family_gives_an_address_later_and_loses_none_of_it() -> None:
    scene = open_morning()
    scene.book("09:00", who=PHONE_ONLY)
    scene.book("09:30", who=BOTH_BY_SMS)
    scene.book("10:00", who=PHONE_ONLY)
    guardian = Guardian.objects.get()
    assert (guardian.email, guardian.email_verified_at) == (NADIA.email, None)


def test_a_language_nobody_chose_keeps_the_one_a_family_did() -> None:
    scene = open_morning()
    scene.book("09:00", who=replace(PHONE_ONLY, language="ar"))
    scene.book("09:30", who=replace(PHONE_ONLY, language="fr", is_language_default=True))
    assert Household.objects.get().language == "ar"
    scene.book("10:00", who=replace(PHONE_ONLY, language="tr"))
    assert Household.objects.get().language == "tr"


def test_whom_a_number_met_is_its_household_s_affair() -> None:
    scene = open_morning()
    booked = scene.book(who=PHONE_ONLY)
    assert practitioners_met(MOBILE, now=after(days=3)) == [booked.practitioner_id]
    assert practitioners_met(OTHER, now=after(days=3)) == []


def test_a_cookie_remembers_a_number_as_it_does_an_address() -> None:
    assert contact_from_token(contact_token(MOBILE, now=NOW), now=after(29)) == MOBILE
    assert contact_from_token(contact_token(MOBILE, now=NOW), now=after(30)) is None


def test_the_database_knows_one_person_once_by_phone() -> None:
    proved = {"email": "", "email_verified_at": None, "phone": MOBILE, "phone_verified_at": NOW}
    make_guardian(**proved)
    with pytest.raises(IntegrityError, match="guardian_phone_verified_once"):
        make_guardian(**proved | {"first_name": "KARIM"})


def test_those_who_share_a_number_are_listed_newest_first() -> None:
    proved = {"email": "", "email_verified_at": None, "phone": MOBILE, "phone_verified_at": NOW}
    first = make_guardian(**proved)
    second = make_guardian(**proved | {"first_name": "Anna"})
    make_guardian(phone=MOBILE)
    assert guardians_of_contact(MOBILE) == [second, first]
