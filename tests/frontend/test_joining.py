"""No free time at all: a family puts itself on the waiting list, its contact proved by a code."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from booking.access import contact_token
from booking.models import Guardian, NewTime, Verification, WaitingListEntry
from booking.tasks import tend_waiting_list
from centres.models import Shift, ShiftType
from notifications.models import OutboxMessage
from tests.factories import make_appointment, make_child, make_guardian, make_shift
from tests.frontend.funnel import LEA, Scene, code_sent, make_scene
from tests.frontend.pages import read, text

pytestmark = pytest.mark.django_db
TOO_OLD = {"child_born_on_year": "2012"}


@pytest.fixture
def scene() -> Scene:
    """Nothing is free."""
    scene = make_scene()
    Shift.objects.update(status="cancelled")
    return scene


def join_url(scene: Scene) -> str:
    return reverse("waiting-join", args=[scene.kind.slug, scene.centre.slug])


def asked(client: Client, scene: Scene, **changes: str) -> str:
    answer = client.post(join_url(scene), LEA | changes)
    assert answer.status_code == 302, text(answer)
    return answer["Location"]


def test_where_nothing_is_free_a_family_joins_by_two_pages_and_a_code(
    client: Client, scene: Scene
) -> None:
    assert join_url(scene) in client.get(scene.when_url).content.decode()
    assert "Vous prévenir si une place se libère" in read(client, join_url(scene))
    page = asked(client, scene)
    assert not WaitingListEntry.objects.exists(), "nothing before the address is proved"
    assert not Guardian.objects.exists()
    done = client.post(page, {"code": code_sent()}, follow=True)
    assert "C’est noté" in text(done)
    assert "Votre demande en liste d’attente" in text(done)
    entry = WaitingListEntry.objects.get()
    assert (entry.state, entry.type, entry.centre) == ("open", scene.kind, scene.centre)
    assert (entry.sites, entry.days) == ([scene.site.pk], [1, 2, 3, 4, 5, 6, 7])
    assert (entry.asked_by, entry.notice_min) == ("family", 1440)
    assert entry.child is not None
    assert entry.child.first_name == "Malo"
    assert entry.guardian.email_verified_at is not None
    told = OutboxMessage.objects.get(kind="waiting")
    assert told.recipient == "lea@example.org"
    assert Verification.objects.get().payload == {}


def test_then_a_new_half_day_is_offered_to_it(client: Client, scene: Scene) -> None:
    client.post(asked(client, scene), {"code": code_sent()})
    starts_at = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=20)
    make_shift(site=scene.site, types=[scene.kind], starts_at=starts_at)
    assert NewTime.objects.count() == 1
    assert tend_waiting_list() == 1
    assert WaitingListEntry.objects.get().offers.get().state == "open"


def test_where_times_are_free_they_are_what_is_shown(client: Client) -> None:
    scene = make_scene()
    assert join_url(scene) not in client.get(scene.when_url).content.decode()


def test_a_wrong_code_writes_nothing_and_can_be_tried_again(client: Client, scene: Scene) -> None:
    page = asked(client, scene)
    wrong = f"{(int(code_sent()) + 1) % 1_000_000:06}"
    answer = client.post(page, {"code": wrong})
    assert answer.status_code == 422
    assert not WaitingListEntry.objects.exists()
    assert client.post(page, {"code": code_sent()}).status_code == 302
    assert WaitingListEntry.objects.count() == 1


def test_pressed_twice_one_code_leaves_and_a_new_one_when_asked(
    client: Client, scene: Scene
) -> None:
    page = asked(client, scene)
    assert asked(client, scene) == page
    assert OutboxMessage.objects.filter(kind="code").count() == 1
    again = client.post(f"{page}renvoyer/", follow=True)
    assert "Un nouveau code est parti" in text(again)
    assert client.post(page, {"code": code_sent()}).status_code == 302


def test_a_contact_proved_lately_needs_no_code(client: Client, scene: Scene) -> None:
    client.cookies["contact"] = contact_token("lea@example.org", now=timezone.now())
    assert "/attente/" in asked(client, scene)
    assert not OutboxMessage.objects.filter(kind="code").exists()
    assert WaitingListEntry.objects.count() == 1


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(client: Client, scene: Scene) -> None:
    scene.kind.age_max_months = 71
    scene.kind.save()
    answer = client.post(join_url(scene), LEA | TOO_OLD)
    assert answer.status_code == 422
    assert "pas prévu pour cet âge" in text(answer)
    assert 'value="Malo"' in answer.content.decode()
    assert not Verification.objects.exists()
    assert client.post(join_url(scene), LEA | {"email": ""}).status_code == 422


def test_asking_again_keeps_the_place_and_the_wishes(client: Client, scene: Scene) -> None:
    client.post(asked(client, scene), {"code": code_sent()})
    entry = WaitingListEntry.objects.get()
    WaitingListEntry.objects.update(days=[3])
    asked(client, scene)
    again = WaitingListEntry.objects.get()
    assert (again.pk, again.asked_at, again.days) == (entry.pk, entry.asked_at, [3])


def test_who_has_an_appointment_of_it_already_waits_for_an_earlier_one(
    client: Client, scene: Scene
) -> None:
    guardian = make_guardian(first_name="Léa", last_name="Le Goff", email="lea@example.org")
    child = make_child(guardian, first_name="Malo", born_on="2026-03-03")
    booked = make_appointment(scene.shift, guardian=guardian, child=child)
    client.post(asked(client, scene), {"code": code_sent()})
    entry = WaitingListEntry.objects.get()
    assert entry.appointment == booked


@pytest.mark.parametrize("stage", ["paused", "preparing", "agents_only"])
def test_a_centre_that_is_not_open_online_puts_nobody_on_its_list(
    client: Client, scene: Scene, stage: str
) -> None:
    scene.centre.stage = stage
    scene.centre.save()
    assert client.get(join_url(scene)).status_code == 409
    assert client.post(join_url(scene), LEA).status_code == 409
    assert not Verification.objects.exists()


def test_a_code_for_another_purpose_opens_nothing_here(client: Client, scene: Scene) -> None:
    page = asked(client, scene)
    Verification.objects.update(purpose="access")
    assert client.post(page, {"code": code_sent()}).status_code == 404
    assert not WaitingListEntry.objects.exists()


def test_a_pregnancy_too_far_on_is_refused() -> None:
    scene = make_scene(audience="pregnancy", week_min=10, week_max=20)
    payload = LEA | {
        f"due_on_{part}": str(getattr(timezone.localdate() + timedelta(days=10), part))
        for part in ("day", "month", "year")
    }
    answer = Client().post(join_url(scene), payload)
    assert answer.status_code == 422
    assert "à ce moment de la grossesse" in text(answer)


def test_where_a_type_is_never_received_nobody_waits_for_it(client: Client, scene: Scene) -> None:
    """Nothing would ever be given back there, so nobody would ever be told."""
    page = asked(client, scene)
    ShiftType.objects.all().delete()
    assert join_url(scene) not in client.get(scene.when_url).content.decode()
    for answer in (client.get(join_url(scene)), client.post(join_url(scene), LEA)):
        assert answer.status_code == 409
        assert "Ce centre ne propose pas ce motif" in text(answer)
        assert reverse("where", args=[scene.kind.slug]) in answer.content.decode()
    late = client.post(page, {"code": code_sent()})
    assert late.status_code == 409, "also when that ended while the code was under way"
    assert "Ce centre ne propose pas ce motif" in text(late)
    assert not WaitingListEntry.objects.exists()
    assert not Guardian.objects.exists()
