"""Holidays typed in the administration take effect at once, and say whom they leave out."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from booking.models import Appointment
from centres.actions import expand_rules
from centres.models import OpeningRule, PublicHoliday, SchoolHoliday, Shift, User
from tests.factories import make_appointment, make_rule, next_tuesday
from tests.frontend.staff.people import log_in

pytestmark = pytest.mark.django_db
PUBLIC, SCHOOL = "/admin/centres/publicholiday/", "/admin/centres/schoolholiday/"


@pytest.fixture
def admin(client: Client) -> Client:
    log_in(client, User.objects.create_superuser("claire@example.org", "x"))
    return client


@pytest.fixture
def tuesday() -> date:
    return next_tuesday().date()


def every_tuesday(**fields: Any) -> OpeningRule:
    rule = make_rule(**fields)
    expand_rules(today=timezone.localdate())
    return rule


def days(rule: OpeningRule) -> set[date]:
    return set(Shift.objects.filter(rule=rule, status="open").values_list("occurs_on", flat=True))


def type_in(admin: Client, tuesday: date, rule: OpeningRule, **fields: Any) -> PublicHoliday:
    values = {"department": rule.site.centre.department_id, "on": tuesday, "name": "Pont"}
    assert admin.post(f"{PUBLIC}add/", values | fields).status_code == 302
    return PublicHoliday.objects.get()


def test_a_public_holiday_is_off_at_once_moved_and_deleted_too(
    admin: Client, tuesday: date
) -> None:
    rule, always = every_tuesday(), every_tuesday(on_public_holidays=True)
    added = type_in(admin, tuesday, rule)
    assert tuesday not in days(rule)
    assert tuesday in days(always)
    later = tuesday + timedelta(weeks=1)
    values = {"department": added.department_id, "on": later, "name": "Pont"}
    assert admin.post(f"{PUBLIC}{added.pk}/change/", values).status_code == 302
    assert (tuesday in days(rule), later in days(rule)) == (True, False)
    assert admin.post(f"{PUBLIC}{added.pk}/delete/", {"post": "yes"}).status_code == 302
    assert {tuesday, later} <= days(rule)


def test_several_deleted_together_are_worked_again(admin: Client, tuesday: date) -> None:
    rule = every_tuesday()
    added = type_in(admin, tuesday, rule)
    chosen = {"action": "delete_selected", "_selected_action": [added.pk], "post": "yes"}
    assert admin.post(PUBLIC, chosen).status_code == 302
    assert tuesday in days(rule)


def test_school_holidays_are_off_at_once_for_rules_that_skip_them(
    admin: Client, tuesday: date
) -> None:
    skipping, other = every_tuesday(skip_school_holidays=True), every_tuesday()
    values = {"zone": "B", "starts_on": tuesday, "ends_on": tuesday, "name": "Vacances"}
    assert admin.post(f"{SCHOOL}add/", values).status_code == 302
    assert tuesday not in days(skipping)
    assert tuesday in days(other)
    found = SchoolHoliday.objects.get()
    assert admin.post(f"{SCHOOL}{found.pk}/delete/", {"post": "yes"}).status_code == 302
    assert tuesday in days(skipping)


def test_families_already_booked_that_day_stay_and_are_shown(admin: Client, tuesday: date) -> None:
    rule = every_tuesday()
    shift = Shift.objects.get(rule=rule, occurs_on=tuesday)
    booked = make_appointment(shift, type=rule.types.get())
    values = {"department": rule.site.centre.department_id, "on": tuesday, "name": "Pont"}
    page = admin.post(f"{PUBLIC}add/", values, follow=True).content.decode()
    assert "restent hors plage" in page
    assert Appointment.objects.get(pk=booked.pk).state == "booked"
    assert tuesday not in days(rule)
