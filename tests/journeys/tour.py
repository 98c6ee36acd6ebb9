"""Every page and state a family can meet, one after the other; `look` is called at each."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from booking import actions
from booking.access import manage_token
from booking.models import Appointment, CallbackRequest, Verification
from centres.models import Centre
from frontend import limits
from frontend.needs import ENTRIES
from tests.booking.scene import AGENT
from tests.factories import make_appointment, make_guardian, make_shift
from tests.frontend.funnel import code_sent
from tests.journeys.department import day_and_hour, kind
from tests.journeys.inspection import Inspection
from tests.journeys.visitor import LEA, SUBMIT

NURSE, DOCTOR = "/rdv/rdv-puericultrice/", "/rdv/consultation-enfant-medecin/"
SLOT = ".days .slot"
WHERE = {
    "no place yet": "",
    "one centre": "?q=redon",
    "several communes": "?q=saint",
    "centres by district": "?q=rennes",
    "unknown": "?q=nantes",
    "unknown number": "?commune=99999",
}
CENTRES = {"open": "redon", "preparing": "fougeres", "paused": "vitre"}
PLAIN = ("centres", "sans-rendez-vous", "mes-rendez-vous", "urgence", "mentions-legales")
LEGAL = ("accessibilite", "donnees-personnelles")


def open_to_all(tour: Inspection) -> None:
    """What anyone can open."""
    tour.open("home", "/")
    tour.open("inbox, empty", "/demo/inbox")
    for path in (*PLAIN, *LEGAL):
        tour.open(path, f"/{path}/")
    for name in ("one centre", "several communes", "centres by district", "unknown"):
        tour.open(f"walk-ins, {name}", f"/sans-rendez-vous/{WHERE[name]}")
    for entry in ENTRIES:
        tour.open(f"need {entry.slug}", f"/motifs/{entry.slug}/")
    for name, query in WHERE.items():
        tour.open(f"where, {name}", NURSE + query)
    tour.open("where, no time anywhere", "/rdv/visio-puericultrice/?q=redon")
    for slug in ("permanence-pesee", "ivg-premier-contact", "psychologue-pmi"):
        tour.open(f"not online, {slug}", f"/rdv/{slug}/")
    for name, slug in CENTRES.items():
        tour.open(f"centre, {name}", f"/centre/{slug}/")
        tour.open(f"when, {name}", f"{NURSE}{slug}/")
    tour.open("when, a doctor", f"{DOCTOR}redon/")
    tour.open("when, nothing fits", f"{DOCTOR}redon/?moment=apres-midi&jours=1")
    tour.open("when, a week without", f"{NURSE}redon/?semaine={_week_in(40)}")
    tour.open("when, no time", "/rdv/visio-puericultrice/redon/")
    tour.open("when, a session", "/rdv/atelier-massage-bebe/redon/")


def _week_in(days: int) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%G-W%V}"


def on_the_way(tour: Inspection) -> None:
    """A time held, details with and without mistakes, the code."""
    lea = tour.visitor
    lea.open(f"{NURSE}redon/")
    tour.press("who", SLOT)
    who = lea.path
    tour.press("who, nothing typed", SUBMIT, status=422)
    wrong = {"child_born_on_2": "3026", "email": "lea@", "phone": "12"}
    lea.fill_in(**LEA | wrong)
    tour.press("who, wrong", SUBMIT, status=422)
    lea.fill_in(**LEA | {"child_born_on_2": "2015"})
    tour.press("who, too old", SUBMIT, status=422)
    tour.press("who, more time", ".hold-clock button.button")
    tour.open("when, with a held time", f"{NURSE}redon/")
    lea.open(who)
    lea.fill_in(**LEA)
    tour.press("code", SUBMIT)
    code = lea.path
    lea.fill_in(code="12")
    tour.press("code, too short", SUBMIT, status=422)
    lea.fill_in(code="000000")
    tour.press("code, wrong", SUBMIT, status=422)
    tour.press("code, sent again", "form[action$='/renvoyer/'] button")
    Verification.objects.update(attempts=5)
    lea.fill_in(code="000000")
    tour.press("code, no try left", SUBMIT, status=429)
    _too_late(tour, code)


def _too_late(tour: Inspection, code: str) -> None:
    """The hold ends; the time is free, or taken by somebody else."""
    lea = tour.visitor
    Appointment.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    tour.open("expired", code, status=410)
    held = Appointment.objects.get()
    Appointment.objects.update(state="lapsed")
    rival = make_appointment(held.shift, type=held.type, starts_at=held.starts_at)
    tour.press("taken", SUBMIT, status=409)
    rival.delete()
    lea.context.clear_cookies(name="hold")
    for slug in ("consultation-prenatale", "sante-sexuelle-consultation", "atelier-massage-bebe"):
        lea.open(f"/rdv/{slug}/redon/")
        tour.press(f"who, {slug}", SLOT)


def of_an_appointment(tour: Inspection) -> None:
    """Confirmed, moved, cancelled: the whole life of one."""
    lea = tour.visitor
    lea.open(f"{NURSE}redon/")
    lea.press(SLOT)
    who = lea.path
    lea.fill_in(**LEA)
    lea.press(SUBMIT)
    lea.fill_in(code=code_sent())
    tour.press("confirmed", SUBMIT)
    link = lea.path.split("?")[0]
    tour.open("inbox", "/demo/inbox")
    tour.open("appointment", link)
    tour.open("print", f"{link}imprimer/")
    _of_messages(tour, link)
    tour.open("move", f"{link}deplacer/")
    tour.open("move, another centre", f"{link}deplacer/?centre=semnon")
    tour.open("move, a week without", f"{link}deplacer/?semaine={_week_in(40)}")
    lea.open(f"{link}deplacer/")
    tour.press("move, confirm", f"{SLOT} >> nth=3")
    tour.press("move, more time", ".hold-clock button")
    tour.press("moved", SUBMIT)
    tour.open("cancel", f"{link}annuler/")
    tour.press("cancelled", SUBMIT)
    tour.open("cancelled, print", f"{link}imprimer/")
    tour.open("cancelled, move", f"{link}deplacer/", status=409)
    lea.open(f"{NURSE}redon/")
    tour.press("who, known already", SLOT)
    lea.context.clear_cookies()
    tour.open("confirmed by another", who, status=409)


def _of_messages(tour: Inspection, link: str) -> None:
    tour.open("my messages", f"{link}messages/")
    tour.visitor.page.select_option("#id_contact_from", "10:00")
    tour.press("my messages, one hour only", SUBMIT, status=422)


def at_other_times(tour: Inspection, redon: Centre) -> None:
    """Soon, now, over; a discreet one; at two sites."""
    soon = datetime.now(UTC) + timedelta(minutes=20)
    near = _appointment(redon, "rdv-puericultrice", soon)
    tour.open("too late to change", f"/r/{manage_token(near)}/")
    tour.open("too late to cancel", f"/r/{manage_token(near)}/annuler/", status=409)
    Appointment.objects.filter(pk=near.pk).update(state="arrived")
    tour.open("arrived", f"/r/{manage_token(near)}/")
    over = _appointment(redon, "consultation-prenatale", soon - timedelta(hours=3))
    tour.open("over", f"/r/{manage_token(over)}/")
    long_over = _appointment(redon, "rdv-puericultrice", soon - timedelta(days=9))
    tour.open("long over", f"/r/{manage_token(long_over)}/", status=410)
    discreet = _appointment(redon, "sante-sexuelle-consultation", day_and_hour(20, time(9)))
    tour.open("discreet", f"/r/{manage_token(discreet)}/")


def _appointment(centre: Centre, slug: str, starts_at: datetime, **fields: Any) -> Appointment:
    """Written directly, with a half-day of its own."""
    site = centre.sites.order_by("id")[0]
    shift = make_shift(starts_at=starts_at, types=[kind(slug)], site=site)
    return make_appointment(shift, starts_at=starts_at, **fields)


def of_my_appointments(tour: Inspection, redon: Centre) -> None:
    """An address, a code, the list."""
    lea = tour.visitor
    guardian = make_guardian(email=LEA["email"])
    for days in (12, 19, -12):
        starts_at = day_and_hour(days, time(9))
        _appointment(redon, "rdv-puericultrice", starts_at, guardian=guardian)
    lea.open("/mes-rendez-vous/")
    tour.press("mine, nothing typed", SUBMIT, status=422)
    lea.fill_in(contact=LEA["email"])
    tour.press("mine, code", SUBMIT)
    lea.fill_in(code="000000")
    tour.press("mine, wrong code", SUBMIT, status=422)
    tour.press("mine, sent again", "form[action$='/renvoyer/'] button")
    lea.fill_in(code=code_sent())
    tour.press("mine, list", SUBMIT)
    tour.open("mine, my messages", "/mes-rendez-vous/messages/")
    Appointment.objects.filter(guardian=guardian).delete()
    tour.open("mine, empty list", "/mes-rendez-vous/liste/")


def of_a_call_back(tour: Inspection) -> None:
    lea = tour.visitor
    tour.open("call-back", "/rappel/rdv-puericultrice/redon/")
    tour.press("call-back, nothing typed", SUBMIT, status=422)
    lea.fill_in(first_name="Léa", last_name="Le Goff", phone="06 39 98 12 34")
    tour.press("call-back, noted", SUBMIT)
    asked = CallbackRequest.objects.get()
    actions.close_callback(
        uid=asked.uid, outcome="booked", note="", now=datetime.now(UTC), actor=AGENT
    )
    tour.open("call-back, done", lea.path)
    tour.open("call-back, not open", "/rappel/rdv-puericultrice/fougeres/", status=409)


def of_the_waiting_list(tour: Inspection) -> None:
    """Nothing is free: details, a code, the request."""
    lea = tour.visitor
    lea.context.clear_cookies()
    tour.open("waiting, never here", "/attente/visio-puericultrice/redon/", status=409)
    tour.open("waiting, join", "/attente/rdv-puericultrice/redon/")
    tour.press("waiting, nothing typed", SUBMIT, status=422)
    lea.fill_in(**LEA)
    tour.press("waiting, code", SUBMIT)
    lea.fill_in(code="000000")
    tour.press("waiting, wrong code", SUBMIT, status=422)
    lea.fill_in(code=code_sent())
    tour.press("waiting, noted", SUBMIT)


def of_what_goes_wrong(tour: Inspection) -> None:
    """Unknown, forged, too big, too often."""
    lea = tour.visitor
    tour.open("unknown page", "/nulle-part/", status=404)
    tour.open("forged link", "/r/x~y/", status=404)
    tour.open("unknown week", f"{NURSE}redon/?semaine=2026-W99", status=400)
    lea.open(f"{NURSE}redon/")
    lea.page.evaluate("document.querySelector('.days .slot').value = 'x'")
    tour.press("unknown time", SLOT, status=400)
    lea.context.clear_cookies()
    lea.open("/mes-rendez-vous/")
    lea.page.evaluate("document.querySelector('#id_contact').value = 'x'.repeat(200_000)")
    tour.press("too big", SUBMIT, status=413)
    lea.open("/mes-rendez-vous/")
    lea.context.clear_cookies()
    tour.press("no cookie", SUBMIT, status=403)
    with lea.another_tab() as first:
        lea.page.add_init_script("HTMLFormElement.prototype.requestSubmit = () => {}")
        lea.open(f"{NURSE}redon/")
        lea.crowd(f"{NURSE}redon/retenir/", 2 * limits.HOLDS.calm)
        tour.press("proof of work", SLOT, status=429)
        assert first
    lea.open(f"{NURSE}redon/")
    lea.crowd(f"{NURSE}redon/retenir/", limits.HOLDS.most + 20)
    tour.press("too often", SLOT, status=429)
