"""A household became another's between a page that found it and its press: refused by name."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from booking import actions
from booking.models import Household
from tests.booking.scene import AGENT, NOW
from tests.booking.test_desk import visit
from tests.factories import make_centre, make_guardian, make_household
from tests.frontend.pages import booked, link
from tests.frontend.staff.people import at_desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept() -> Household:
    return make_household()


def merge_before(monkeypatch: pytest.MonkeyPatch, name: str, kept: Household) -> None:
    """The first call of this action comes when the merge is done."""
    act = getattr(actions, name)

    def merge_and_act(*, household_id: int, **given: Any) -> Any:
        if household_id != kept.pk:
            actions.merge_households(kept_id=kept.pk, merged_id=household_id, now=NOW, actor=AGENT)
        return act(household_id=household_id, **given)

    monkeypatch.setattr(actions, name, merge_and_act)


def test_a_family_that_chooses_how_it_is_told_is_refused_once_and_then_heard(
    client: Client, kept: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = link(booked(), "contact")
    chosen = {"message_language": "ar", "contact_by": "email"}
    merge_before(monkeypatch, "choose_contact", kept)
    assert client.post(page, chosen).status_code == 409
    assert client.post(page, chosen).status_code == 302
    kept.refresh_from_db()
    assert kept.language == "ar"


def test_an_agent_who_notes_a_language_is_refused(
    kept: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre = make_centre()
    merged = make_guardian()
    visit(centre, guardian=merged)
    claire = at_desk(centre)
    merge_before(monkeypatch, "note_language", kept)
    page, chosen = "/equipe/familles/{}/langue/", {"language": "ar"}
    assert claire.post(page.format(merged.household_id), chosen).status_code == 409
    assert claire.post(page.format(kept.pk), chosen).status_code == 302
    kept.refresh_from_db()
    assert kept.language == "ar"
