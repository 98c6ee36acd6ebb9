"""One whole morning at the desk: by mouse, by keyboard alone and without scripts."""

from __future__ import annotations

from collections import Counter
from datetime import time, timedelta
from typing import NamedTuple

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from booking import actions
from booking.actors import Actor
from booking.models import Appointment, AppointmentEvent, Guardian
from notifications.models import OutboxMessage
from tests.journeys.agent import Keyboard, Mouse
from tests.journeys.hand import Effort
from tests.journeys.morning import (
    CLAIRE,
    DISCREET,
    DOCTOR,
    NURSE,
    Morning,
    Open,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ARRIVE = [
    "Perrin",
    "Morvan",
    "Bah",
    "Chevalier",
    "Slimani",
    "Georgelin",
    "Cadiou",
    "Barbier",
    "Yılmaz",
    "Melnyk",
    "Lemoine",
    "Tanguy",
]
STAY_AWAY = ("Picard", "Ferreira")
MISTAKEN = "Slimani"


class Way(NamedTuple):
    """How an agent works, and what the whole morning may cost."""

    agent: type[Mouse]
    most: Effort
    has_scripts: bool = True


WAYS = {
    "by mouse": Way(Mouse, Effort(52, 75)),
    "by keyboard alone": Way(Keyboard, Effort(0, 560)),
    "without scripts": Way(Mouse, Effort(52, 75), has_scripts=False),
}


def row_of(visit: Appointment) -> str:
    return f"#v{visit.pk}"


def succeeds(page: Page) -> None:
    expect(page.locator(".notice--success")).to_be_visible()


def note(agent: Mouse, visit: Appointment, label: str, key: str, said: str) -> None:
    """One press, its words on the row, and the focus where it was."""
    row = row_of(visit)
    agent.note(row, label, key)
    if said:
        expect(agent.page.locator(f"{row} em")).to_contain_text(said)
    else:
        expect(agent.page.locator(f"{row} button >> text=Non venu")).to_be_visible()
    if isinstance(agent, Keyboard):
        assert agent.is_at(row), f"the focus left {visit.guardian}"


def mark_the_board(agent: Mouse, morning: Morning) -> None:
    """Twelve come, two do not, and once the wrong button is pressed: in the order of the board."""
    expected = sorted(
        map(morning.visit, (*ARRIVE, *STAY_AWAY)),
        key=lambda visit: (visit.practitioner == morning.doctor, visit.starts_at),
    )
    for visit in expected:
        name = visit.guardian.last_name if visit.guardian else ""
        if name == MISTAKEN:
            note(agent, visit, "Non venu", "n", "Non venu")
            note(agent, visit, "Défaire", "u", "")
        if name in STAY_AWAY:
            note(agent, visit, "Non venu", "n", "Non venu")
        else:
            note(agent, visit, "Arrivé", "a", "Arrivé")


def see_times(agent: Mouse, kind: str) -> None:
    agent.choose("#id_kind", kind)
    agent.press("text=Voir les créneaux")
    expect(agent.page.locator(".slot--big").first).to_be_visible()


def book_for_known(agent: Mouse, typed: str, kind: str) -> None:
    agent.seek(typed)
    agent.open_first()
    agent.press("text=Prendre rendez-vous")
    see_times(agent, kind)


def book_for_newcomer(agent: Mouse) -> None:
    agent.seek("Haddad Nour")
    agent.open_first()
    agent.write("#id_phone", "0639981234")
    agent.write("#id_child_first_name", "Lila")
    born_on = timezone.localdate() - timedelta(days=300)
    agent.write("#id_child_born_on", f"{born_on:%d/%m/%Y}")
    see_times(agent, DOCTOR)
    agent.press(".slot--big >> nth=0")
    succeeds(agent.page)


def a_colleague_takes_the_first(page: Page, morning: Morning) -> None:
    """What the caller hesitates about."""
    minute, site, *_ = (page.get_attribute(".slot--big >> nth=0", "value") or "").split("-")
    guardian = Guardian.objects.get(last_name="Le Bihan")
    actions.book_for(
        guardian=guardian,
        child=guardian.children.get(),
        kind=morning.kinds[NURSE],
        centre=morning.centre,
        start=int(minute),
        site_id=int(site),
        practitioner_id=None,
        due_on=None,
        now=timezone.now(),
        actor=Actor("agent", "jean@example.org"),
    )


def book_them_all(agent: Mouse, morning: Morning) -> None:
    """One at the desk, three on the phone."""
    page = agent.page
    book_for_known(agent, "kerouanton", DOCTOR)
    agent.press(".slot--big >> nth=0")
    succeeds(page)
    book_for_known(agent, "le gof nolven", DOCTOR)
    agent.press(".slot--big >> nth=1")
    succeeds(page)
    book_for_newcomer(agent)
    book_for_known(agent, "slimani", NURSE)
    a_colleague_takes_the_first(page, morning)
    agent.press(".slot--big >> nth=0")
    expect(page.locator("main [role=alert]:visible")).to_contain_text("Ce créneau n’est pas pris")
    agent.press(".slot--big >> nth=0")
    succeeds(page)


def see_the_board(agent: Mouse, morning: Morning) -> None:
    """It shows what was pressed, and who came without an appointment."""
    agent.press("nav >> text=Aujourd’hui")
    walk_in = morning.visit("Kerouanton")
    expect(agent.page.locator(row_of(walk_in))).to_contain_text("Gwenn Kerouanton")
    said = Counter(text.split(",")[0] for text in agent.page.locator("li em").all_inner_texts())
    assert (said["Arrivé"], said["Non venu"]) == (12, 2), said


def print_the_day(agent: Mouse) -> None:
    page = agent.page
    agent.press("main a >> text=Imprimer")
    page.wait_for_url("**/imprimer/**")
    page.emulate_media(media="print")
    paper = page.inner_text("main")
    for shown in (
        "Océane Perrin",
        "Besoin d’un interprète",
        "Non venu",
        "Kerouanton",
        "À détruire",
    ):
        assert shown in paper or shown.casefold() in paper.casefold(), shown
    for hidden in ("06 39 98 12 34", DISCREET, "Défaire", "Recevoir la feuille", "example.org"):
        assert hidden not in paper, hidden
    assert page.pdf().startswith(b"%PDF")
    page.emulate_media(media="screen")


def what_is_kept(morning: Morning) -> None:
    """States, who did it, and every message once."""
    states = Counter(
        Appointment.objects.exclude(last_action="book").values_list("state", flat=True)
    )
    assert (states["arrived"], states["noshow"]) == (12, 2)
    assert {morning.visit(name).state for name in ARRIVE} == {"arrived"}
    assert {morning.visit(name).state for name in STAY_AWAY} == {"noshow"}
    walk_in = morning.visit("Kerouanton")
    assert timezone.now() < walk_in.starts_at < morning.at(time(13))
    events = AppointmentEvent.objects.filter(actor__contains=CLAIRE)
    done = Counter(events.values_list("state", flat=True))
    # Of those booked: four new ones, and the one whose wrong press was taken back.
    assert done == {"arrived": 12, "noshow": 3, "booked": 5}
    booked = Appointment.objects.filter(actor__contains=CLAIRE, state="booked")
    assert {visit.guardian.last_name for visit in booked if visit.guardian} == {
        *("Kerouanton", "Le Goff", "Haddad", "Slimani")
    }
    planned = OutboxMessage.objects.filter(subject_ref__in=[str(visit.uid) for visit in booked])
    told = Counter(planned.filter(kind="confirmation").values_list("subject_ref", "channel"))
    assert {subject for subject, _ in told} == {str(visit.uid) for visit in booked}
    each = Counter(planned.values_list("subject_ref", "kind", "channel", "send_at"))
    assert max(each.values()) == 1


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_whole_morning_at_the_desk(browse: Open, morning: Morning, way: Way) -> None:
    page = browse(CLAIRE, java_script_enabled=way.has_scripts)
    agent = way.agent(page)
    mark_the_board(agent, morning)
    book_them_all(agent, morning)
    see_the_board(agent, morning)
    print_the_day(agent)
    what_is_kept(morning)
    assert all(spent <= most for spent, most in zip(agent.effort, way.most, strict=True))
    if isinstance(agent, Keyboard):
        assert not agent.lost, "\n".join(agent.lost)
