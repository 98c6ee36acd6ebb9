"""The short mornings of those who look after a whole Département: by mouse, and by keyboard alone.

Who audits finds nothing there to change, and no way to a family.
"""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from booking import actions
from booking.models import FamilyRead
from centres.models import AccountEvent, StageChange, User
from centres.rollout import Stage
from tests.factories import make_centre
from tests.journeys.agent import BY_HAND, Mouse, ends_well, says
from tests.journeys.morning import CLAIRE, Morning, Open

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ADMIN, AUDIT = "admin@example.org", "audit@example.org"


# An administrator


@BY_HAND
def test_an_administrator_s_morning(browse: Open, morning: Morning, hand: type[Mouse]) -> None:
    """As an installation is set up: who administers has the administration too."""
    vitre = make_centre(slug="vitre", name="CDAS de Vitré", time_zone=str(morning.zone))
    User.objects.filter(email=ADMIN).update(is_staff=True, is_superuser=True)
    was_read(morning)
    agent = hand(browse(ADMIN))
    page = agent.page
    agent.press(f"main a[href$='/{morning.centre.slug}/']")
    says(page, "Océane Perrin")
    agent.press("text=Changer de centre")
    agent.press(f"main a[href$='/{vitre.slug}/']")
    expect(page.locator(".lead")).to_contain_text(vitre.name)
    pause_and_reopen(agent, morning)
    close_an_account(agent)
    look_into_the_journal(agent, morning)
    ends_well(agent, clicks=28, typed=40, keys=380)


def was_read(morning: Morning) -> None:
    """The agent has opened a family of the morning."""
    visit = morning.visit("Perrin")
    assert visit.household_id is not None
    actions.note_read(
        reader=CLAIRE,
        household_id=visit.household_id,
        centres=[morning.centre.pk],
        page=FamilyRead.Page.FAMILY,
        now=timezone.now(),
    )


def pause_and_reopen(agent: Mouse, morning: Morning) -> None:
    """Each with its reason, signed."""
    agent.press("footer >> text=Administration")
    agent.press("#content-main a[href='/admin/centres/centre/']")
    agent.press(f"#result_list a[href*='/{morning.centre.pk}/change/']")
    for label, stage in (("En pause", Stage.PAUSED), ("Ouvert en ligne", Stage.OPEN)):
        agent.press("text=Ouvrir, mettre en pause")
        agent.choose("#id_stage", label)
        agent.write("#id_note", "dégât des eaux")
        agent.press("[type=submit] >> text=Enregistrer")
        expect(agent.page.locator(".success")).to_contain_text("est changée")
        morning.centre.refresh_from_db()
        assert morning.centre.stage == stage
    assert set(StageChange.objects.values_list("author_name", flat=True)) == {ADMIN}


def close_an_account(agent: Mouse) -> None:
    """Somebody has left for good: the role goes, then the account."""
    page = agent.page
    agent.press("#user-tools >> text=Voir le site")
    agent.press("text=Comptes des équipes")
    agent.press("main a[href$='/redon/']")
    card = f".call:has-text('{CLAIRE}')"
    agent.press(f"{card} summary >> text=Ne travaille plus ici")
    agent.press(f"{card} >> text=Retirer ce rôle")
    says(page, "L’habilitation est retirée")
    claire = User.objects.get(email=CLAIRE)
    assert not claire.memberships.exists()
    assert AccountEvent.objects.get(user=claire).by == ADMIN


def look_into_the_journal(agent: Mouse, morning: Morning) -> None:
    """Who has read of whom, and nothing that would open more than one asks for."""
    page = agent.page
    agent.press("text=Journal des consultations")
    agent.write("#id_qui", "claire")
    agent.press("main >> text=Chercher")
    page.wait_for_url("**qui=claire**")
    says(page, "fiche de la famille")
    agent.press("main .timeline a >> text=Océane Perrin")
    says(page, CLAIRE)
    agent.press("text=La fiche")
    says(page, "P’tit Océane")
    last = FamilyRead.objects.latest("pk")
    assert (last.reader, last.household_id) == (ADMIN, morning.visit("Perrin").household_id)


# An auditor


@BY_HAND
def test_an_auditor_s_morning(browse: Open, morning: Morning, hand: type[Mouse]) -> None:
    was_read(morning)
    agent = hand(browse(AUDIT))
    page = agent.page
    says(page, "Prestataires")
    agent.press("nav >> text=Journal des consultations")
    agent.write("#id_qui", "claire")
    agent.press("main >> text=Chercher")
    page.wait_for_url("**qui=claire**")
    agent.press("main .timeline a >> text=Océane Perrin")
    says(page, CLAIRE)
    agent.press("text=Tout le journal")
    ends_well(agent, clicks=8, typed=10, keys=50)
    visit = morning.visit("Perrin")
    assert walk_all_links(page) >= {
        "/equipe/messages/sante/",
        "/equipe/consultations/",
        f"/equipe/familles/{visit.household_id}/consultations/",
    }
    for path in (
        "/equipe/familles/",
        f"/equipe/familles/{visit.household_id}/",
        f"/equipe/familles/{visit.household_id}/rendez-vous/",
        f"/equipe/rendez-vous/{visit.spoken_reference}/",
        "/equipe/aujourdhui/redon/",
        "/equipe/calendrier/redon/",
        "/equipe/comptes/",
    ):
        assert page.request.get(path).status == 404, path
    noted = sorted(FamilyRead.objects.values_list("page", flat=True))
    assert noted == ["family", "reads"], "an auditor reads of no family, but who read of it"


# What is one's own, and no more: the language, the way out, the log-in.
OWN = ("/langue/", "/equipe/quitter/", "/equipe/connexion/")
CHANGES = """() => [...document.querySelectorAll("button, input, select, textarea")]
  .filter(each => each.type !== "hidden" && each.form?.method !== "get")
  .map(each => [each.outerHTML, each.form ? new URL(each.form.action).pathname : ""])"""
LINKS = """() => [...document.querySelectorAll("a[href]")]
  .filter(each => each.origin === location.origin)
  .map(each => each.pathname + each.search)"""


def walk_all_links(page: Page) -> set[str]:
    """From this page on, as far as links lead within the staff's pages: each opens, and none has a
    button that changes what is not one's own."""
    waiting, seen = {"/equipe/consultations/"}, set()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        assert "/connexion/" not in page.url or "/connexion/" in path
        changes = [(html, to) for html, to in page.evaluate(CHANGES) if not to.startswith(OWN)]
        assert changes == [], path
        links = {link for link in page.evaluate(LINKS) if link.startswith("/equipe/")}
        waiting |= links - seen
    return seen
