"""Half-days in the administration: found among many, changed with clear answers, by right only."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from booking.models import Appointment
from centres.models import OpeningRule, Practitioner, Shift, ShiftChange, User
from tests.factories import (
    PARIS,
    make_appointment,
    make_practitioner,
    make_rule,
    make_shift,
    make_site,
    make_type,
    next_tuesday,
)
from tests.frontend.staff.people import log_in

pytestmark = pytest.mark.django_db
LIST = "/admin/centres/shift/"


@pytest.fixture
def claire() -> User:
    return User.objects.create_superuser("claire@example.org", "x")


@pytest.fixture
def admin(client: Client, claire: User) -> Client:
    log_in(client, claire)
    return client


@pytest.fixture
def shift() -> Shift:
    """Next Tuesday from 9:00 to 12:00 in Paris."""
    return make_shift(starts_at=next_tuesday())


def page(shift: Shift) -> str:
    return f"{LIST}{shift.pk}/change/"


def typed(shift: Shift, **fields: Any) -> dict[str, Any]:
    """The form as the page shows it, with these fields typed over."""
    starts, ends = (at.astimezone(PARIS) for at in (shift.starts_at, shift.ends_at))
    shown = {
        "on": f"{starts:%Y-%m-%d}",
        "opens": f"{starts:%H:%M}",
        "closes": f"{ends:%H:%M}",
        "practitioner": shift.practitioner_id,
        "site": shift.site_id,
        "seats": shift.seats,
        "agent_reserve": shift.agent_reserve,
        "types": list(shift.offers.values_list("type_id", flat=True)),
        "note": "",
        "do": "edit",
    }
    return shown | fields


def text(response: HttpResponse) -> str:
    return response.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def test_it_is_found_by_centre_then_site_or_practitioner_and_only_to_come(
    admin: Client, shift: Shift
) -> None:
    other = make_shift(starts_at=next_tuesday(time(13)))
    same_centre = make_shift(starts_at=next_tuesday(time(14)), site=make_site(shift.centre))
    past = make_shift(starts_at=timezone.now() - timedelta(days=9), site=shift.site)

    def listed(**wishes: Any) -> set[Shift]:
        return set(admin.get(LIST, wishes).context["cl"].queryset)

    centre = {"centre__id__exact": shift.centre_id}
    assert listed() == {shift, other, same_centre}
    assert listed(when="past") == {past}
    assert listed(**centre) == {shift, same_centre}
    assert listed(**centre, site=shift.site_id) == {shift}
    assert listed(**centre, practitioner=same_centre.practitioner_id) == {same_centre}
    assert listed(practitioner=other.practitioner_id) == {other}
    assert listed(q=str(other.practitioner.last_name)) == {other}
    assert listed(starts_at__day=next_tuesday().day) == {shift, other, same_centre}


def test_its_filters_never_list_everybody(admin: Client, shift: Shift) -> None:
    for _ in range(3):
        make_practitioner(last_name="Le Bihan")
    assert "Le Bihan" not in text(admin.get(LIST))
    chosen = text(admin.get(LIST, {"centre__id__exact": shift.centre_id}))
    assert f"?centre__id__exact={shift.centre_id}&amp;practitioner=" in chosen
    assert "Le Bihan" not in chosen
    assert "Le Bihan" not in text(admin.get(page(shift))), "found by typing, not in a long list"


@pytest.mark.parametrize("wrong", [{"site": "x"}, {"practitioner": "9" * 30}, {"when": "?"}])
def test_a_strange_address_is_no_error(admin: Client, shift: Shift, wrong: dict) -> None:
    wishes = {"centre__id__exact": shift.centre_id} | wrong
    assert admin.get(LIST, wishes).status_code in (200, 302)
    assert admin.get(f"{LIST}x/change/").status_code == 404
    assert admin.get(f"{LIST}{shift.pk + 999}/change/").status_code == 404


def test_what_is_typed_is_the_local_time_of_the_centre(
    admin: Client, claire: User, shift: Shift
) -> None:
    shift.centre.time_zone = "America/Cayenne"
    shift.centre.save()
    assert 'value="05:00"' in text(admin.get(page(shift))), "9:00 in Paris"
    fields = typed(shift, opens="08:00", closes="11:30", note="Formation")
    answer = admin.post(page(shift), fields, follow=True)
    assert "Une demi-journée est à jour." in text(answer)
    assert "claire@example.org (Formation)" in text(answer)
    shift.refresh_from_db()
    local = datetime.combine(next_tuesday().date(), time(8), PARIS).replace(tzinfo=None)
    assert shift.starts_at.replace(tzinfo=None) == local + timedelta(hours=3)
    assert shift.is_edited
    assert ShiftChange.objects.get().author == claire


def test_who_is_left_outside_is_told_and_listed(admin: Client, shift: Shift) -> None:
    booked = make_appointment(shift)
    answer = admin.post(page(shift), typed(shift, opens="10:00"), follow=True)
    assert "un rendez-vous est à replacer." in text(answer)
    listed = f"/admin/booking/appointment/?outside=yes&shift__id__exact={shift.pk}"
    assert listed.replace("&", "&amp;") in text(answer)
    assert f"/admin/booking/appointment/{booked.pk}/change/" in text(answer)
    make_appointment(make_shift(starts_at=next_tuesday(time(14))))
    assert list(admin.get(listed).context["cl"].queryset) == [booked]
    assert set(admin.get("/admin/booking/appointment/").context["cl"].queryset) == set(
        Appointment.objects.all()
    )


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"closes": "08:00"}, "La fin doit venir après le début."),
        ({"opens": "00:00", "closes": "15:00"}, "au plus 14 heures."),
        ({"on": "2020-01-07"}, "à moins de deux ans d’ici."),
        ({"on": "0001-01-01"}, "à moins de deux ans d’ici."),
        ({"on": "9999-12-31"}, "à moins de deux ans d’ici."),
        ({"opens": "25:00"}, "Saisissez une heure valide."),
        ({"seats": "0"}, "supérieure ou égale à 1"),
        ({"site": "elsewhere"}, "Sélectionnez un choix valide."),
        ({"practitioner": "gone"}, "n’exerce plus ici."),
        ({"practitioner": "busy"}, "travaille déjà ailleurs"),
        ({"types": []}, "Ce champ est obligatoire."),
    ],
)
def test_a_refusal_is_clear_and_loses_nothing(
    admin: Client, shift: Shift, fields: dict[str, Any], error: str
) -> None:
    people = {
        "gone": make_practitioner(is_active=False),
        "busy": make_shift(starts_at=next_tuesday()).practitioner,
    }
    if "site" in fields:
        fields = {"site": make_site().pk}
    if "practitioner" in fields:
        fields = {"practitioner": people[fields["practitioner"]].pk}
    answer = admin.post(page(shift), typed(shift, note="Un motif", **fields))
    assert answer.status_code == 200
    assert error in text(answer)
    assert 'value="Un motif"' in text(answer)
    assert not ShiftChange.objects.exists()


def test_it_is_cancelled_and_restored_from_its_page(admin: Client, shift: Shift) -> None:
    admin.post(page(shift), {"do": "cancel", "note": "Grève"})
    shift.refresh_from_db()
    assert (shift.status, shift.is_edited) == ("cancelled", True)
    assert "Cette demi-journée est annulée." in text(admin.get(page(shift)))
    refused = text(admin.post(page(shift), typed(shift, opens="10:00")))
    assert "Rétablissez-la d’abord." in refused
    admin.post(page(shift), {"do": "restore"})
    shift.refresh_from_db()
    assert shift.status == "open"
    assert [change.note for change in shift.changes.all()] == ["", "Grève"]


def test_several_are_cancelled_at_once_and_what_is_refused_stops_no_other(
    admin: Client, shift: Shift
) -> None:
    past = make_shift(starts_at=timezone.now() - timedelta(days=9))
    make_appointment(shift)
    chosen = {"action": "cancel_chosen", "_selected_action": [past.pk, shift.pk]}
    answer = text(admin.post(f"{LIST}?when=all", chosen, follow=True))
    assert "Une demi-journée est à jour." in answer
    assert "Une demi-journée passée ne change plus." in answer
    assert "un rendez-vous est à replacer." in answer
    assert set(Shift.objects.values_list("pk", "status")) == {
        (past.pk, "open"),
        (shift.pk, "cancelled"),
    }
    admin.post(LIST, chosen | {"action": "restore_chosen"})
    shift.refresh_from_db()
    assert shift.status == "open"


def test_nobody_makes_or_deletes_one_here(admin: Client, shift: Shift) -> None:
    assert admin.get(f"{LIST}add/").status_code == 403
    assert admin.post(f"{LIST}{shift.pk}/delete/").status_code == 403


@pytest.mark.parametrize("right", ["", "view_shift", "change_shift"])
def test_only_who_may_change_half_days_changes_them(
    client: Client, shift: Shift, right: str
) -> None:
    staff = User.objects.create_user("agent@example.org", "x", is_staff=True)
    if right:
        staff.user_permissions.add(Permission.objects.get(codename=right))
    log_in(client, staff)
    seen, done = client.get(page(shift)), client.post(page(shift), typed(shift, opens="10:00"))
    assert seen.status_code == (200 if right else 403)
    assert ("Enregistrer" in text(seen)) == (right == "change_shift")
    assert done.status_code == (302 if right == "change_shift" else 403)
    client.post(LIST, {"action": "cancel_chosen", "_selected_action": [shift.pk]})
    shift.refresh_from_db()
    assert (shift.is_edited, shift.status) == (
        (True, "cancelled") if right == "change_shift" else (False, "open")
    )


def rule_fields(rule: OpeningRule, **fields: Any) -> dict[str, Any]:
    shown = {
        "practitioner": rule.practitioner_id,
        "site": rule.site_id,
        "types": [kind.pk for kind in rule.types.all()],
        "rrule": rule.rrule,
        "opens": f"{rule.opens:%H:%M}",
        "closes": f"{rule.closes:%H:%M}",
        "valid_from": f"{rule.valid_from:%Y-%m-%d}",
        "seats": rule.seats,
        "agent_reserve": rule.agent_reserve,
        "is_active": "on",
    }
    return shown | fields


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"rrule": "FREQ=SECONDLY"}, "FREQ doit être DAILY, WEEKLY ou MONTHLY."),
        ({"rrule": "FREQ=MONTHLY;BYMONTHDAY=30;BYMONTH=2"}, "ne donne aucun jour"),
        ({"opens": "06:00", "closes": "21:00"}, "dure au plus 14 heures."),
        ({"opens": "12:00", "closes": "09:00"}, "La fin doit venir après le début."),
        ({"seats": "2"}, "Un rendez-vous individuel n’a qu’une place."),
        ({"types": ["group"], "seats": "1"}, "a au moins deux places."),
        ({"types": ["group"], "seats": "7"}, "au plus 6 places."),
    ],
)
def test_a_rule_that_cannot_be_is_refused_as_it_is_typed(
    admin: Client, fields: dict[str, Any], error: str
) -> None:
    rule = make_rule()
    if "types" in fields:
        fields = fields | {"types": [make_type(mode="group", capacity=6).pk]}
    path = f"/admin/centres/openingrule/{rule.pk}/change/"
    answer = admin.post(path, rule_fields(rule, **fields))
    assert error in text(answer)
    assert OpeningRule.objects.get().rrule == rule.rrule


def test_a_rule_has_the_places_of_its_type_unless_told(admin: Client) -> None:
    rule, workshop = make_rule(), make_type(mode="group", capacity=6)
    fields = rule_fields(rule, types=[workshop.pk], seats="")
    assert admin.post("/admin/centres/openingrule/add/", fields).status_code == 302
    added = OpeningRule.objects.latest("pk")
    assert (added.seats, list(added.types.all())) == (6, [workshop])


def test_half_days_that_a_rule_cannot_make_are_told(admin: Client) -> None:
    rule = make_rule(valid_from=date(2020, 1, 1))
    clashing = make_rule(practitioner=rule.practitioner, valid_from=date(2020, 1, 1))
    path = "/admin/centres/openingrule/{}/change/"
    told = text(admin.post(path.format(rule.pk), rule_fields(rule), follow=True))
    assert "n’ont pu être créées ou déplacées." in told, "of the other rule, expanded with it"
    told = text(admin.post(path.format(clashing.pk), rule_fields(clashing), follow=True))
    assert "n’ont pu être créées ou déplacées. La première rencontre Dr Nadia" in told


def test_somebody_who_leaves_keeps_no_half_day_edited_by_hand(admin: Client) -> None:
    rule = make_rule()
    edited = make_shift(
        starts_at=next_tuesday(time(14)), practitioner=rule.practitioner, is_edited=True
    )
    make_appointment(edited)
    who: Practitioner = rule.practitioner
    fields = {name: getattr(who, name) for name in ("title", "first_name", "last_name")}
    fields |= {"profession": who.profession, "department": who.department_id}
    path = f"/admin/centres/practitioner/{who.pk}/change/"
    answer = admin.post(path, fields, follow=True)
    assert "un rendez-vous est à replacer." in text(answer)
    assert not Shift.objects.filter(practitioner=who, status="open").exists()
