"""The table: one line for each address, who opens it, and what its address is made of.

To add an address, add its line: the walk (test_url_access.py) goes there as every role, about a
thing of the own centre, of another one and of another Département, by GET and by POST.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from booking.access import hold_token, manage_token
from booking.waiting_links import entry_token, offer_token
from tests.factories import PARIS

if TYPE_CHECKING:
    from tests.architecture.access.world import Place

OWN, OWN_AND_OTHERS = ("own",), ("own", "other", "abroad")
DEPARTMENT = ("own", "other")
# In this order: those who have no account come first.
ROLES = (
    *("anonymous", "family", "nobody", "lapsed", "no second factor"),
    *("reception", "practitioner", "other practitioner"),
    *("manager", "administrator", "auditor", "owner"),
)
# Who opens what, and in which places; whoever is not named, nothing.
Who = dict[str, tuple[str, ...]]
NOBODY: Who = {}
EVERYBODY: Who = dict.fromkeys(ROLES, OWN_AND_OTHERS)
LOGGED_IN: Who = dict.fromkeys(ROLES[2:], OWN_AND_OTHERS)
# A page that is about no place: each sees there what is theirs.
EVERY_DESK: Who = dict.fromkeys(ROLES[5:], OWN_AND_OTHERS)
WITH_A_CENTRE: Who = {role: where for role, where in EVERY_DESK.items() if role != "auditor"}
EVERY_MANAGER: Who = dict.fromkeys(("manager", "administrator", "owner"), OWN_AND_OTHERS)
EVERY_AUDIT: Who = EVERY_MANAGER | {"auditor": OWN_AND_OTHERS}
# Who receives families sees their own days: of these two, one receives the families here.
ITS_PRACTITIONER, ITS_COLLEAGUE = "practitioner", "other practitioner"
EVERY_PRACTITIONER: Who = dict.fromkeys((ITS_PRACTITIONER, ITS_COLLEAGUE), OWN_AND_OTHERS)
ITS_OWN: Who = {ITS_PRACTITIONER: OWN}
ABOUT_NO_PLACE = (EVERY_DESK, EVERY_MANAGER, EVERY_AUDIT, WITH_A_CENTRE, EVERY_PRACTITIONER)
# The owner of the installation is its superuser.
OF_ALL_DEPARTMENTS: Who = {"owner": OWN_AND_OTHERS}
DESK: Who = OF_ALL_DEPARTMENTS | {
    **dict.fromkeys(("reception", *EVERY_PRACTITIONER, "manager"), OWN),
    "administrator": DEPARTMENT,
}
MANAGER: Who = OF_ALL_DEPARTMENTS | {"manager": OWN, "administrator": DEPARTMENT}
AUDIT: Who = MANAGER | {"auditor": DEPARTMENT}

# Of nothing that exists.
A_UID = "0f8fad5b-d9cb-469f-a165-70867728950e"

Arguments = Callable[["Place"], dict[str, Any]]


def nothing(_place: Place) -> dict[str, Any]:
    return {}


def fixed(**values: Any) -> Arguments:
    return lambda _place: values


def centre(place: Place) -> dict[str, Any]:
    return {"centre_slug": place.centre.slug}


def family(place: Place) -> dict[str, Any]:
    return {"pk": place.appointment.household_id}


def visit(place: Place) -> dict[str, Any]:
    return {"reference": place.appointment.spoken_reference}


def held(place: Place) -> dict[str, Any]:
    return {"token": hold_token(place.appointment)}


def proving(place: Place) -> dict[str, Any]:
    return held(place) | {"uid": place.verification.uid}


def linked(place: Place) -> dict[str, Any]:
    return {"token": manage_token(place.appointment)}


def offer(place: Place) -> dict[str, Any]:
    return {"type_slug": place.appointment.type.slug, "centre_slug": place.centre.slug}


def on_its_day(place: Place) -> dict[str, Any]:
    return {"jour": place.appointment.starts_at.astimezone(PARIS).date().isoformat()}


def looked_at(place: Place) -> dict[str, Any]:
    return {"le": place.appointment.starts_at.astimezone(PARIS).date().isoformat()}


def noted(place: Place) -> dict[str, Any]:
    """Arrived."""
    return on_its_day(place) | {"do": f"a.{place.appointment.pk}.b"}


def dropped(place: Place) -> dict[str, Any]:
    """An hour later, with the same person."""
    visit = place.appointment
    at = (visit.starts_at + timedelta(hours=1)).astimezone(PARIS)
    column = f"p{visit.practitioner_id}"
    return {"id": visit.pk, "seen": 0, "at": f"{at:%Y-%m-%dT%H:%M}", "column": column}


def session(place: Place) -> dict[str, Any]:
    return centre(place) | {"pk": place.session.pk}


def came(place: Place) -> dict[str, Any]:
    """A family that is known there, to an open session."""
    visit, kind = place.appointment, place.session.offers.get().type_id
    child = {"child": place.child.pk}
    return {"famille": visit.household_id, "guardian": visit.guardian_id, "kind": kind, **child}


def declared(place: Place) -> dict[str, Any]:
    return centre(place) | {"uid": place.declaration.uid}


def imported(place: Place) -> dict[str, Any]:
    return centre(place) | {"uid": place.imported.uid}


def sheet(place: Place) -> dict[str, Any]:
    return centre(place) | {"what": "plages"}


def message(place: Place) -> dict[str, Any]:
    return {"pk": place.message.pk}


@dataclass(frozen=True)
class Line:
    """An address: its rule (frontend.access), who opens it, the values in it, and what is asked
    with it, or sent by a press."""

    rule: str
    who: Who
    values: Arguments = nothing
    asked: Arguments = nothing
    # Whether it shows what families may come for, so that a discreet type is named there.
    offers: bool = False
    # Whether there is such a thing in each place: else it may be answered like none, to anyone.
    exists: bool = True


TABLE: dict[str, Line] = {
    # Families, and whoever looks: these name nobody.
    "home": Line("public", EVERYBODY),
    "ill-child": Line("public", EVERYBODY),
    "need": Line("public", EVERYBODY, fixed(need="child")),
    "where": Line("public", EVERYBODY, lambda it: {"type_slug": it.appointment.type.slug}),
    "when": Line("public", EVERYBODY, offer),
    "hold": Line("public", EVERYBODY, offer),
    "callback": Line("public", EVERYBODY, offer),
    "waiting-join": Line("public", EVERYBODY, offer),
    "mine": Line("public", EVERYBODY),
    "centres": Line("public", EVERYBODY),
    "centre": Line("public", EVERYBODY, lambda it: {"slug": it.centre.slug}),
    "walk-ins": Line("public", EVERYBODY),
    "accessibility": Line("public", EVERYBODY),
    "privacy": Line("public", EVERYBODY),
    "legal": Line("public", EVERYBODY),
    "set_language": Line("public", EVERYBODY),
    "demo-inbox": Line("public", EVERYBODY),
    "demo-letter": Line("public", EVERYBODY, message, exists=False),
    "demo-codes": Line("public", EVERYBODY),
    # Whoever has the secret in the address, of one thing; another's opens nothing.
    "who": Line("hold", EVERYBODY, held),
    "extend": Line("hold", EVERYBODY, held),
    "keep": Line("hold", EVERYBODY, held),
    "release": Line("hold", EVERYBODY, held),
    "code": Line("hold", EVERYBODY, proving),
    "resend": Line("hold", EVERYBODY, proving),
    "appointment": Line("link", EVERYBODY, linked),
    "contact": Line("link", EVERYBODY, linked),
    "ics": Line("link", EVERYBODY, linked),
    "print": Line("link", EVERYBODY, linked),
    "proposal": Line("link", EVERYBODY, linked),
    "cancel": Line("link", EVERYBODY, linked),
    "move": Line("link", EVERYBODY, linked),
    "move-confirm": Line("link", EVERYBODY, lambda it: linked(it) | {"hold": "x"}, exists=False),
    "short-link": Line("link", EVERYBODY, lambda it: {"code": it.short_code}),
    "callback-done": Line("link", EVERYBODY, lambda it: {"uid": it.asked.uid}),
    "mine-code": Line("link", EVERYBODY, lambda it: {"uid": it.access.uid}),
    "mine-resend": Line("link", EVERYBODY, lambda it: {"uid": it.access.uid}),
    "choose-password": Line("link", EVERYBODY, lambda it: it.newcomer),
    "board-version": Line("watch", EVERYBODY, lambda it: {"token": it.watch}),
    # Whoever proved a contact sees what is that contact's.
    "mine-list": Line("contact", EVERYBODY),
    "mine-contact": Line("contact", EVERYBODY),
    "leave": Line("contact", EVERYBODY),
    "earlier": Line("link", EVERYBODY, linked),
    "waiting-code": Line("link", EVERYBODY, lambda it: {"uid": it.access.uid}, exists=False),
    "waiting-resend": Line("link", EVERYBODY, lambda it: {"uid": it.access.uid}, exists=False),
    "waiting": Line("link", EVERYBODY, lambda it: {"token": entry_token(it.offer.entry)}),
    "offer": Line("link", EVERYBODY, lambda it: {"token": offer_token(it.offer)}),
    "short-offer": Line("link", EVERYBODY, fixed(code="x"), exists=False),
    "short-entry": Line("link", EVERYBODY, fixed(code="x"), exists=False),
    "ical": Line("feed", EVERYBODY, fixed(token="x"), exists=False),
    # Machines.
    "sms-webhook": Line("provider", NOBODY, fixed(route="ovh", secret="wrong")),
    "email-webhook": Line("provider", NOBODY, fixed(route="ovh", secret="wrong")),
    "metrics": Line("metrics", NOBODY),
    # The way in of staff.
    "account_login": Line("public", EVERYBODY),
    "second-factor-code": Line("public", EVERYBODY),
    "staff-leave": Line("public", EVERYBODY),
    "second-factor": Line("account", LOGGED_IN),
    "recovery-codes": Line("account", LOGGED_IN),
    "recovery-codes-file": Line("account", LOGGED_IN),
    "security": Line("account", LOGGED_IN),
    # Without a directory, there are no such pages.
    "directory": Line("public", EVERYBODY, exists=False),
    "directory-back": Line("public", EVERYBODY, exists=False),
    "passkey": Line("public", EVERYBODY),
    "passkey-options": Line("public", EVERYBODY),
    "passkeys": Line("account", LOGGED_IN),
    "passkey-new": Line("account", LOGGED_IN),
    "passkey-act": Line("account", LOGGED_IN, fixed(pk=1, action="nommer")),
    "go-on": Line("account", LOGGED_IN),
    "resume": Line("account", LOGGED_IN),
    # The console.
    "today": Line("staff", EVERY_DESK),
    "board": Line("staff", DESK, centre, on_its_day),
    "board-note": Line("staff", DESK, centre, noted),
    "arrival": Line("staff", DESK, session, came),
    "arrival-new": Line("staff", DESK, session),
    "board-print": Line("staff", DESK, centre, on_its_day),
    "board-paper": Line("staff", DESK, centre),
    "desk-choice": Line("staff", EVERY_DESK),
    "desk": Line("staff", DESK, centre),
    "message": Line("staff", DESK, message),
    "redirect": Line("staff", DESK, message),
    "act": Line("staff", DESK, lambda it: message(it) | {"action": "prevenu"}),
    "reply-read": Line("staff", DESK, lambda it: {"pk": it.reply.pk}),
    "called-back": Line("staff", DESK, lambda it: {"uid": it.asked.uid}, fixed(outcome="booked")),
    "timeline": Line("staff", DESK, visit),
    "card": Line("staff", DESK, visit),
    "send-again": Line("staff", DESK, visit),
    "reads": Line("staff", EVERY_AUDIT),
    "families": Line("staff", WITH_A_CENTRE, asked=lambda it: {"q": it.words[0][:-1]}),
    "family-new": Line("staff", WITH_A_CENTRE, offers=True),
    "newcomer-waiting": Line("staff", WITH_A_CENTRE, offers=True),
    "family": Line("staff", DESK, family),
    "family-history": Line("staff", DESK, family),
    "family-reads": Line("staff", AUDIT, family),
    "family-merge": Line("staff", DESK, lambda it: family(it) | {"other": it.twin.household_id}),
    "book-for": Line("staff", DESK, family, offers=True),
    "family-child": Line("staff", DESK, family),
    "family-language": Line("staff", DESK, family),
    "family-wishes": Line("staff", DESK, family),
    "family-parent": Line("staff", DESK, family),
    "family-parent-edit": Line(
        "staff", DESK, lambda it: family(it) | {"guardian_id": it.appointment.guardian_id}
    ),
    "family-parent-join": Line(
        "staff",
        DESK,
        lambda it: (
            family(it) | {"kept_id": it.appointment.guardian_id, "other_id": it.other_parent.pk}
        ),
    ),
    "family-child-join": Line(
        "staff",
        DESK,
        lambda it: family(it) | {"kept_id": it.child.pk, "other_id": it.other_child.pk},
    ),
    "family-child-edit": Line("staff", DESK, lambda it: family(it) | {"child_id": it.child.pk}),
    "accounts": Line("staff", EVERY_MANAGER),
    "accounts-of": Line("staff", MANAGER, lambda it: {"team": it.centre.slug}),
    "account-act": Line("staff", MANAGER, lambda it: it.colleague),
    "planning": Line("staff", EVERY_DESK),
    "plan": Line("staff", DESK, centre),
    "rules": Line("staff", MANAGER, centre),
    "rule-new": Line("staff", MANAGER, centre, offers=True),
    "rule": Line("staff", MANAGER, lambda it: centre(it) | {"pk": it.rule.pk}, offers=True),
    "rule-undo": Line("staff", MANAGER, lambda it: centre(it) | {"pk": it.rule_change.pk}),
    "callbacks-choice": Line("staff", EVERY_DESK),
    "callbacks": Line("staff", DESK, centre),
    "callback-add": Line("staff", DESK, centre, offers=True),
    "callback-act": Line("staff", DESK, lambda it: {"uid": it.asked.uid, "action": "prendre"}),
    "offer-answer": Line("staff", DESK, lambda it: {"uid": it.offer.uid}),
    "waiting-stop": Line("staff", DESK, lambda it: {"uid": it.offer.entry.uid}),
    "family-waiting": Line("staff", DESK, family),
    "calendar-choice": Line("staff", EVERY_DESK),
    "calendar": Line("staff", DESK, centre, looked_at, offers=True),
    "calendar-data": Line("staff", DESK, centre, looked_at),
    "calendar-drop": Line("staff", DESK, centre, dropped),
    "calendar-slot": Line("staff", DESK, lambda it: centre(it) | {"choice": "1-2-3"}),
    "move-visit": Line("staff", DESK, visit),
    "cancel-visit": Line("staff", DESK, visit),
    "amend-visit": Line("staff", DESK, visit),
    "uncancel-visit": Line("staff", DESK, visit),
    "remark": Line("staff", DESK, visit, fixed(text="Une poussette double")),
    # A practitioner's own.
    "my-sessions": Line("staff", EVERY_PRACTITIONER, asked=on_its_day),
    "my-sessions-note": Line("staff", ITS_OWN, asked=noted),
    "my-session": Line("staff", ITS_OWN, lambda it: {"pk": it.appointment.shift_id}),
    "my-calendar": Line("staff", EVERY_PRACTITIONER),
    "my-calendar-stop": Line("staff", EVERY_PRACTITIONER),
    "decide-next": Line(
        "staff",
        dict.fromkeys(EVERY_PRACTITIONER, OWN),
        lambda it: family(it) | {"child": it.child.pk},
    ),
    "half-days": Line("staff", MANAGER, centre),
    "half-day": Line(
        "staff", MANAGER, lambda it: centre(it) | {"pk": it.appointment.shift_id}, offers=True
    ),
    "half-day-swap": Line("staff", MANAGER, centre),
    "sheet": Line("staff", MANAGER, sheet),
    "sheet-report": Line("staff", MANAGER, imported),
    "sheet-undo": Line("staff", MANAGER, imported),
    "sheet-export": Line("staff", MANAGER, sheet),
    "sheet-example": Line("staff", MANAGER, sheet),
    # An absence of one's own too.
    "declare": Line("staff", MANAGER | dict.fromkeys(EVERY_PRACTITIONER, OWN), centre),
    "take-back": Line("staff", MANAGER | ITS_OWN, centre, lambda it: {"what": f"a{it.absence.pk}"}),
    "declared": Line("staff", MANAGER, declared),
    "undo-declared": Line("staff", MANAGER, declared),
    "health": Line("staff", OF_ALL_DEPARTMENTS),
    "provider": Line("staff", OF_ALL_DEPARTMENTS, fixed(name="ovh", action="arreter")),
}
