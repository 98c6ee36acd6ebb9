"""Declaring on the page: whom it hits first, then all at once; by whom; and the way back."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking import actions
from booking.models import Appointment, Case, Declaration
from centres.models import Absence, Centre, Closure, Membership, Shift
from notifications.models import OutboxMessage
from tests.factories import (
    PARIS,
    make_appointment,
    make_centre,
    make_child,
    make_department,
    make_guardian,
    make_practitioner,
    make_shift,
    make_site,
    make_type,
    next_tuesday,
)
from tests.frontend.pages import plain, read
from tests.frontend.staff.people import at_desk, in_department, log_in, make_user

pytestmark = pytest.mark.django_db
HEAVIEST = 80_000
WEEK = timedelta(days=7)


@pytest.fixture
def shift() -> Shift:
    """A doctor's Tuesday morning; the Tuesday after is free."""
    first = make_shift(site=make_site(make_centre(name="CDAS de Redon")))
    kind = first.offers.get().type
    make_shift(
        starts_at=next_tuesday() + WEEK,
        hours=6,
        site=first.site,
        practitioner=first.practitioner,
        types=[kind],
    )
    return first


@pytest.fixture
def centre(shift: Shift) -> Centre:
    return shift.centre


@pytest.fixture
def boss(centre: Centre) -> Client:
    return at_desk(centre, email="boss@example.org", role="manager")


def visits(shift: Shift, count: int) -> list[Appointment]:
    made = []
    for n in range(count):
        guardian = make_guardian(last_name=f"Le Goff {n}")
        make_child(guardian)
        starts_at = shift.starts_at + timedelta(minutes=30 * n)
        made.append(make_appointment(shift, guardian=guardian, starts_at=starts_at))
    return made


def url(centre: Centre, more: str = "declarer/") -> str:
    return f"/equipe/planning/{centre.slug}/{more}"


def asked(shift: Shift, **fields: str) -> dict[str, str]:
    on = shift.starts_at.astimezone(PARIS).date().isoformat()
    return {"what": f"p{shift.practitioner_id}", "since_on": on, "kind": "sick", **fields}


def see(client: Client, shift: Shift, **fields: str) -> str:
    answer: Any = client.post(url(shift.centre), asked(shift, do="voir", **fields))
    assert answer.status_code == 200, answer.content.decode()
    return str(answer.content.decode())


def plan_in(page: str) -> str:
    found = re.search(r'name="plan" value="([^"]+)"', page)
    assert found
    return found[1]


def press(client: Client, shift: Shift, page: str, **fields: str) -> HttpResponse:
    data = asked(shift, do="declarer", plan=plan_in(page), **fields)
    answer: Any = client.post(url(shift.centre), data)
    return answer  # type: ignore[no-any-return]


def test_families_are_listed_and_nothing_is_saved(boss: Client, shift: Shift) -> None:
    visits(shift, 3)
    page = plain(see(boss, shift))
    assert "3 familles touchées" in page
    assert page.count("Déplacer au mardi") == 6
    assert page.count("Proposer le mardi") == 6
    assert "Prévenue par e-mail" in page
    assert not Absence.objects.exists()
    assert not Declaration.objects.exists()


def test_another_place_is_named_and_their_own_is_not(boss: Client, shift: Shift) -> None:
    """Nobody is sent to another town by an alternative that reads like the one beside it."""
    visits(shift, 1)
    elsewhere = make_site(shift.centre)
    Shift.objects.exclude(pk=shift.pk).update(site=elsewhere)
    found = re.findall(r"<option[^>]*>(Déplacer au[^<]*)<", see(boss, shift))
    assert found
    assert all(unescape(each).endswith(f", {elsewhere.name}") for each in found)
    Shift.objects.update(site=shift.site)
    assert f", {shift.site.name}<" not in see(boss, shift)


def test_one_press_moves_everybody_and_the_next_page_says_so(boss: Client, shift: Shift) -> None:
    made = visits(shift, 3)
    answer = press(boss, shift, see(boss, shift))
    assert answer.status_code == 302
    page = read(boss, answer["Location"])
    assert "C’est déclaré" in page
    assert "Défaire" in page
    moved = Appointment.objects.filter(pk__in=[each.pk for each in made], shift=shift)
    assert not moved.exists()
    assert OutboxMessage.objects.filter(kind="moved").count() == 3
    absence = Absence.objects.get()
    assert (absence.kind, absence.practitioner_id) == ("sick", shift.practitioner_id)


def test_each_family_can_have_its_own_and_all_the_same(boss: Client, shift: Shift) -> None:
    first, second, third = visits(shift, 3)
    page = see(boss, shift)
    own = {f"f{first.pk}": "p2", f"f{second.pk}": "c", f"f{third.pk}": "a"}
    press(boss, shift, page, **own)
    done = {each.appointment_id: each.choice for each in Case.objects.all()}
    assert done == {first.pk: "propose", second.pk: "cancel", third.pk: "call"}


def test_for_all_at_once(boss: Client, shift: Shift) -> None:
    visits(shift, 3)
    page = see(boss, shift)
    data = asked(shift, do="tous", tous="c", plan=plan_in(page))
    answer: Any = boss.post(url(shift.centre), data)
    page = answer.content.decode()
    assert page.count('value="c" selected') == 3
    press(boss, shift, page)
    assert set(Case.objects.values_list("choice", flat=True)) == {"cancel"}


def test_what_was_chosen_is_kept_from_page_to_page(
    boss: Client, shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontend.views.staff.planning.SHOWN", 2)
    made = visits(shift, 5)
    page = see(boss, shift)
    assert page.count('class="hit"') == 2
    data = asked(shift, do="page:3", plan=plan_in(page), **{f"f{made[0].pk}": "c"})
    answer: Any = boss.post(url(shift.centre), data)
    last = answer.content.decode()
    assert last.count('class="hit"') == 1
    press(boss, shift, last, **{f"f{made[4].pk}": "a"})
    done = dict(Case.objects.values_list("appointment_id", "choice"))
    assert (done[made[0].pk], done[made[1].pk], done[made[4].pk]) == ("cancel", "move", "call")


def test_what_changed_meanwhile_is_said_and_nothing_saved(boss: Client, shift: Shift) -> None:
    first, *_others = visits(shift, 2)
    page = see(boss, shift)
    actions.cancel(uid=first.uid, now=timezone.now())
    answer = press(boss, shift, page)
    assert answer.status_code == 409
    fresh = plain(answer.content.decode())
    assert "Rien n’a été enregistré" in fresh
    assert "1 famille touchée" in fresh
    assert not Absence.objects.exists()
    assert press(boss, shift, answer.content.decode()).status_code == 302


def test_other_dates_than_those_looked_at_are_looked_at_first(boss: Client, shift: Shift) -> None:
    visits(shift, 2)
    page = see(boss, shift)
    answer = press(boss, shift, page, since_at="09:30")
    assert answer.status_code == 200
    assert "1 famille touchée" in plain(answer.content.decode())
    assert not Absence.objects.exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"what": ""}, "Choisissez qui est absent"),
        ({"since_on": "2020-01-01"}, "C’est déjà passé"),
        ({"until_on": "2020-01-01"}, "La fin vient avant le début"),
        ({"until_on": "2099-01-01"}, "vérifiez l’année"),
        ({"what": "p0"}, "Sélectionnez un choix valide"),
    ],
)
def test_what_cannot_be_is_said_beside_what_was_typed(
    boss: Client, shift: Shift, fields: dict[str, str], said: str
) -> None:
    answer: Any = boss.post(url(shift.centre), asked(shift, do="voir", note="Le mot", **fields))
    assert answer.status_code == 422
    page = plain(answer.content.decode())
    assert said in page
    assert "Le mot" in page


def test_the_way_back(boss: Client, shift: Shift) -> None:
    made = visits(shift, 2)
    where = press(boss, shift, see(boss, shift))["Location"]
    answer: Any = boss.post(f"{where}defaire/", follow=True)
    assert "Tout est comme avant" in plain(answer.content.decode())
    assert Appointment.objects.filter(pk__in=[each.pk for each in made], shift=shift).count() == 2
    assert not Absence.objects.exists()


def test_after_a_minute_there_is_none(boss: Client, shift: Shift) -> None:
    visits(shift, 1)
    where = press(boss, shift, see(boss, shift))["Location"]
    Declaration.objects.update(declared_at=timezone.now() - timedelta(seconds=61))
    assert "Défaire" not in read(boss, where)
    answer: Any = boss.post(f"{where}defaire/")
    assert answer.status_code == 409
    assert "Il est trop tard pour défaire" in plain(answer.content.decode())
    assert Absence.objects.exists()


def test_a_closure_of_the_centre_and_of_the_departement(boss: Client, shift: Shift) -> None:
    visits(shift, 1)
    press(boss, shift, see(boss, shift, what="c", note="Travaux"), what="c", note="Travaux")
    closure = Closure.objects.get()
    assert (closure.centre, closure.label) == (shift.centre, "Travaux")
    refused: Any = boss.post(url(shift.centre), asked(shift, what="d", do="voir"))
    assert refused.status_code == 422
    chief = in_department()
    assert "Tout le Département" in see(chief, shift, what="d")


def practitioner_client(shift: Shift) -> Client:
    user = make_user("nadia@example.org", "practitioner", shift.centre)
    shift.practitioner.user = user
    shift.practitioner.save()
    client = Client()
    log_in(client, user)
    return client


def test_a_practitioner_declares_her_own_absence_and_nobody_else_s(shift: Shift) -> None:
    visits(shift, 1)
    elsewhere = make_shift(
        practitioner=shift.practitioner, starts_at=shift.starts_at + timedelta(hours=6)
    )
    make_appointment(elsewhere, guardian=make_guardian(last_name="Ailleurs"))
    other = make_shift(site=shift.site, practitioner=make_practitioner())
    nadia = practitioner_client(shift)
    page = see(nadia, shift)
    assert "Ailleurs" in page, "her own families, at all her sites"
    answer: Any = nadia.post(url(shift.centre), asked(other, do="voir"))
    assert answer.status_code == 422
    assert press(nadia, shift, page).status_code == 302


def test_who_is_away_for_themselves_only_is_not_asked_who(boss: Client, shift: Shift) -> None:
    own = practitioner_client(shift).get(url(shift.centre)).content.decode()
    assert "Déclarer mon absence" in own
    assert f'<input type="hidden" name="what" value="p{shift.practitioner_id}"' in own
    assert "ferme" not in own
    assert '<select name="what"' in boss.get(url(shift.centre)).content.decode()


def test_families_of_other_centres_are_counted_not_named(boss: Client, shift: Shift) -> None:
    visits(shift, 1)
    elsewhere = make_shift(
        practitioner=shift.practitioner, starts_at=shift.starts_at + timedelta(hours=6)
    )
    away = make_appointment(elsewhere, guardian=make_guardian(last_name="Ailleurs"))
    page = see(boss, shift)
    assert "Ailleurs" not in page
    assert "1 famille d’un autre centre" in plain(page)
    press(boss, shift, page, **{f"f{away.pk}": "c"})
    assert Case.objects.get(appointment=away).choice == "call"


def test_reception_sees_the_planning_and_declares_nothing(shift: Shift) -> None:
    claire = at_desk(shift.centre)
    assert "declarer/" not in read(claire, url(shift.centre, ""))
    assert claire.get(url(shift.centre)).status_code == 404


def test_taking_back_gives_the_time_and_has_those_asked_phoned(boss: Client, shift: Shift) -> None:
    visits(shift, 1)
    page = see(boss, shift)
    pk = Appointment.objects.get().pk
    press(boss, shift, page, **{f"f{pk}": "p1"})
    OutboxMessage.objects.filter(kind="proposed").update(state="delivered")
    absence = Absence.objects.get()
    answer: Any = boss.post(url(shift.centre, "retirer/"), {"what": f"a{absence.pk}"}, follow=True)
    said = plain(answer.content.decode())
    assert "C’est retiré" in said
    assert "À appeler" in said
    assert not Absence.objects.exists()
    assert not Appointment.objects.filter(state="held").exists()
    assert "dites à la famille que son rendez-vous tient" in plain(
        read(boss, f"/equipe/messages/centre/{shift.centre.slug}/")
    )


def test_nobody_takes_back_what_is_another_s(shift: Shift) -> None:
    other = make_shift(site=shift.site, practitioner=make_practitioner())
    absence = Absence.objects.create(
        practitioner=other.practitioner, starts_at=other.starts_at, ends_at=other.ends_at
    )
    nadia = practitioner_client(shift)
    answer = nadia.post(url(shift.centre, "retirer/"), {"what": f"a{absence.pk}"})
    assert answer.status_code == 404
    assert Absence.objects.exists()


def test_a_discreet_reason_is_named_to_nobody_else(boss: Client, shift: Shift) -> None:
    kind = make_type(label="Contraception", is_discreet=True)
    make_appointment(shift, type=kind)
    user = make_user("second@example.org", "manager", shift.centre)
    Membership.objects.filter(user=user).update(role="practitioner")
    assert "Contraception" in see(boss, shift)


def test_as_many_queries_for_nine_families_as_for_one_and_a_light_page(
    boss: Client, shift: Shift, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_department()
    visits(shift, 1)
    see(boss, shift)
    with django_assert_num_queries(14):
        see(boss, shift)
    Appointment.objects.all().delete()
    visits(shift, 6)
    with django_assert_num_queries(14):
        page = see(boss, shift)
    assert len(page.encode()) < HEAVIEST


def test_whoever_has_a_long_address_declares_and_takes_back(shift: Shift) -> None:
    """An appointment's history keeps 80 characters of who changed it."""
    email = f"{'responsable-' * 5}@protection-maternelle-et-infantile.example.org"
    assert len(email) > 80
    client = at_desk(shift.centre, email=email, role="manager")
    made = visits(shift, 2)
    answer = press(client, shift, see(client, shift))
    assert answer.status_code == 302
    declared = Declaration.objects.get()
    client.post(url(shift.centre, f"declare/{declared.uid}/defaire/"))
    declared.refresh_from_db()
    assert declared.undone_at is not None
    for each in made:
        _booked, *since = each.events.order_by("pk").values_list("actor", flat=True)
        assert since == [email[:80]] * 2, "moved, then put back"
