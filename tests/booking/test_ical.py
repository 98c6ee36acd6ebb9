"""Calendar files: two independent parsers, stable identity, right instants, nothing told."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import recurring_ical_events
import vobject
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from booking import actions
from booking.ical import _zone, calendar_file, content_type
from booking.models import Appointment
from notifications.models import OutboxMessage
from tests.booking.scene import after, clock, open_morning
from tests.factories import (
    make_appointment,
    make_centre,
    make_shift,
    make_site,
    make_type,
    next_tuesday,
)
from tests.messages import become, content

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def event_of(content: bytes) -> Calendar:
    (event,) = Calendar.from_ical(content).walk("VEVENT")
    return event


def test_two_independent_parsers_read_the_same_appointment() -> None:
    appointment = make_appointment(starts_at=next_tuesday(time(9, 30)))
    content = calendar_file([appointment], now=NOW)
    ours = event_of(content)
    theirs = vobject.readOne(content.decode()).vevent
    for begins, ends, uid in (
        (ours["DTSTART"].dt, ours["DTEND"].dt, str(ours["UID"])),
        (theirs.dtstart.value, theirs.dtend.value, theirs.uid.value),
    ):
        assert begins == appointment.starts_at
        assert ends == appointment.ends_at
        assert uid == f"{appointment.uid}@localhost"
    assert ours["DTSTART"].params["TZID"] == "Europe/Paris"
    assert ours["STATUS"] == theirs.status.value == "CONFIRMED"
    (found,) = recurring_ical_events.of(Calendar.from_ical(content)).at(
        appointment.starts_at.date()
    )
    assert found["UID"] == ours["UID"]


def test_the_file_survives_a_round_trip_unchanged() -> None:
    content = calendar_file([make_appointment(), make_appointment()], now=NOW)
    assert Calendar.from_ical(content).to_ical(sorted=False) == content
    again = vobject.readOne(vobject.readOne(content.decode()).serialize())
    assert len(again.vevent_list) == 2


def test_the_method_and_the_content_type_agree() -> None:
    appointment = make_appointment()
    for method in ("PUBLISH", "CANCEL"):
        content = calendar_file([appointment], method=method, now=NOW)
        assert Calendar.from_ical(content)["METHOD"] == method
        assert content_type(method).endswith(f"method={method}")


def test_moving_raises_the_sequence_and_keeps_the_uid() -> None:
    appointment = make_appointment()
    before = event_of(calendar_file([appointment], now=NOW))
    appointment.sequence += 1
    appointment.starts_at += timedelta(hours=1)
    appointment.ends_at += timedelta(hours=1)
    after = event_of(calendar_file([appointment], now=NOW + timedelta(minutes=5)))
    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] == before["SEQUENCE"] + 1
    assert after["DTSTAMP"].dt > before["DTSTAMP"].dt


def newest_file() -> str:
    """The calendar file of the message just written."""
    return content(OutboxMessage.objects.latest("id")).attachments[0]["body"]


def test_the_life_of_an_appointment_reads_as_one_event_that_changes_and_ends() -> None:
    scene = open_morning()
    booked = scene.book("09:00")
    files = [newest_file()]
    become("sent")
    scene.move(booked.uid, "10:00")
    files.append(newest_file())
    become("sent")
    actions.cancel(uid=booked.uid, now=after(5))
    files.append(newest_file())
    told = []
    for file in files:
        ours, theirs = Calendar.from_ical(file), vobject.readOne(file)
        (event,) = ours.walk("VEVENT")
        assert theirs.method.value == ours["METHOD"]
        assert theirs.vevent.sequence.value == str(event["SEQUENCE"])
        assert theirs.vevent.dtstart.value == event["DTSTART"].dt
        assert event["UID"] == f"{booked.uid}@localhost"
        told.append((ours["METHOD"], event["SEQUENCE"], event["STATUS"], event["DTSTART"].dt))
    assert told == [
        ("PUBLISH", 0, "CONFIRMED", clock("09:00")),
        ("PUBLISH", 1, "CONFIRMED", clock("10:00")),
        ("CANCEL", 2, "CANCELLED", clock("10:00")),
    ]


@pytest.mark.parametrize(
    ("state", "method", "status"),
    [
        ("held", "PUBLISH", "TENTATIVE"),
        ("booked", "PUBLISH", "CONFIRMED"),
        ("arrived", "PUBLISH", "CONFIRMED"),
        ("cancelled", "PUBLISH", "CANCELLED"),
        ("cancelled", "CANCEL", "CANCELLED"),
    ],
)
def test_the_status_follows_the_appointment(state: str, method: str, status: str) -> None:
    appointment = make_appointment()
    appointment.state = Appointment.State(state)
    event = event_of(calendar_file([appointment], method=method, now=NOW))  # type: ignore[arg-type]
    assert event["STATUS"] == status
    assert ("/r/" in event["DESCRIPTION"]) == (status != "CANCELLED")


@pytest.mark.parametrize(
    ("local", "instant"),
    [
        # Spring: 2027-03-28, 02:00 becomes 03:00. Autumn: 2027-10-31, 03:00 becomes 02:00.
        ("20270327T090000", "2027-03-27T08:00Z"),
        ("20270328T013000", "2027-03-28T00:30Z"),
        ("20270328T033000", "2027-03-28T01:30Z"),
        ("20270328T090000", "2027-03-28T07:00Z"),
        ("20271030T090000", "2027-10-30T07:00Z"),
        ("20271031T013000", "2027-10-30T23:30Z"),
        ("20271031T033000", "2027-10-31T02:30Z"),
        ("20271031T090000", "2027-10-31T08:00Z"),
    ],
)
def test_clock_change_days_of_2027_have_the_right_instants(local: str, instant: str) -> None:
    starts_at = datetime.fromisoformat(instant)
    content = calendar_file([make_appointment(starts_at=starts_at)], now=NOW)
    assert f"DTSTART;TZID=Europe/Paris:{local}\r\n" in content.decode()
    # Read by the file's own VTIMEZONE alone, as a phone that knows no TZID does.
    stranger = content.replace(b"Europe/Paris", b"Chez-Nous")
    for event in (event_of(stranger)["DTSTART"].dt, vobject.readOne(stranger.decode()).vevent):
        begins = event if isinstance(event, datetime) else event.dtstart.value
        assert begins.astimezone(UTC) == starts_at


@pytest.mark.parametrize(
    "name", ["Europe/Paris", "America/Miquelon", "Indian/Reunion", "America/Martinique"]
)
@given(minute=st.integers(min_value=0, max_value=2 * 365 * 24 * 60))
def test_the_zone_written_equals_the_zone_meant(name: str, minute: int) -> None:
    """The offset by the file's own rules (what RFC 5545 §3.6.5 says) is the real one."""
    instant = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    assert offset_by_rules(name, instant) == instant.astimezone(ZoneInfo(name)).utcoffset()


def offset_by_rules(name: str, instant: datetime) -> timedelta:
    """The last onset before the instant decides; onsets are local times of the offset before."""
    last: tuple[datetime, timedelta] | None = None
    for observance in _zone(name, 2026, 2029).subcomponents:
        start, before = observance["DTSTART"].dt, observance["TZOFFSETFROM"].td
        local = (instant + before).replace(tzinfo=None)
        rule = observance.get("RRULE")
        onset = (
            rrulestr(rule.to_ical().decode(), dtstart=start).before(local, inc=True)
            if rule
            else (start if start <= local else None)
        )
        if onset is not None and (last is None or onset - before > last[0]):
            last = (onset - before, observance["TZOFFSETTO"].td)
    assert last is not None
    return last[1]


def test_an_overseas_centre_has_its_own_zone() -> None:
    centre = make_centre(time_zone="Indian/Reunion")
    shift = make_shift(site=make_site(centre), starts_at=next_tuesday(time(9)).astimezone(UTC))
    appointment = make_appointment(shift)
    content = calendar_file([appointment, make_appointment()], now=NOW)
    zones = [str(z["TZID"]) for z in Calendar.from_ical(content).walk("VTIMEZONE")]
    assert zones == ["Europe/Paris", "Indian/Reunion"]
    first = Calendar.from_ical(content).walk("VEVENT")[0]
    assert first["DTSTART"].dt == appointment.starts_at


def test_the_title_is_neutral_and_nothing_tells_the_reason_or_a_name() -> None:
    kind = make_type(
        label="Dépistage VIH", is_discreet=True, what_to_bring="Ordonnance de dépistage"
    )
    appointment = make_appointment(make_shift(types=[kind]))
    text = str(calendar_file([appointment], now=NOW), "utf-8").replace("\r\n ", "")
    assert "SUMMARY:Rendez-vous – Redon\r\n" in text
    told = [kind.label, "dépistage", "PMI", "CDAS", "Le Goff", "Karim", "Guivarc", "ATTENDEE"]
    assert [word for word in [*told, "ORGANIZER"] if word.lower() in text.lower()] == []
    assert "CLASS:PRIVATE" in text


def test_lines_fold_at_75_octets_and_special_characters_come_back() -> None:
    name = "Maison de l’Enfance ; salle « Éclaircie », 2\\3 — été à côté de la mairie déléguée"
    site = make_site(name=name, address="12, rue de l’Église; fond de cour", certainty="sure")
    content = calendar_file([make_appointment(make_shift(site=site))], now=NOW)
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    assert content.replace(b"\r\n", b"").count(b"\n") == 0
    assert content.endswith(b"END:VCALENDAR\r\n")
    expected = f"{name}, 12, rue de l’Église; fond de cour, Redon"
    assert str(event_of(content)["LOCATION"]) == expected
    assert vobject.readOne(content.decode()).vevent.location.value == expected


def test_a_visit_by_phone_has_no_address() -> None:
    kind = make_type(mode="phone")
    event = event_of(calendar_file([make_appointment(make_shift(types=[kind]))], now=NOW))
    assert "place du Parlement" not in event["LOCATION"]
    assert "téléphone" in event["LOCATION"]


def test_an_empty_list_is_an_empty_calendar() -> None:
    assert Calendar.from_ical(calendar_file([], now=NOW)).walk("VEVENT") == []
