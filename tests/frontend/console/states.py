"""The table: one line for each address of the console, with every state its page is looked at in.

To add an address, add its line; one that never shows a page goes into NO_PAGE. What the address is
made of stands in the table of the matrix (tests/architecture/access/table.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.test import Client

from tests.architecture.access.table import Arguments, came, looked_at, nothing, on_its_day
from tests.architecture.access.world import Place
from tests.frontend.console import scenes
from tests.frontend.console.scenes import typed

# What a press sends, which may be what the page shows.
Sent = Callable[[Place, Client, str], dict[str, Any]]


def ask(**values: str) -> Arguments:
    return lambda _place: values


def send(given: Arguments = nothing, **values: Any) -> Sent:
    return lambda place, _client, _path: given(place) | values


def as_shown(**values: Any) -> Sent:
    """The form of the page, with other values in some places."""
    return lambda _place, client, path: typed(client, path) | values


@dataclass(frozen=True)
class State:
    """What was asked for or sent, by whom, and how it is answered."""

    name: str = ""
    asked: Arguments = nothing
    sent: Sent | None = None
    by: str = "manager"
    status: int = 200
    before: Callable[[Place, Client], None] | None = None
    # In place of what the matrix has in this address.
    values: Arguments | None = None


PLAIN = (State(),)
# Whoever sees several places chooses one first.
CHOICE = (State(by="owner", asked=ask(choisir="")),)
EMPTY = State("empty", sent=send(), status=422)


def refused(before: Callable[[Place, Client], None], sent: Sent, status: int = 409) -> State:
    return State("refused", sent=sent, status=status, before=before)


PAGES: dict[str, tuple[State, ...]] = {
    # The way in.
    "account_login": (
        State(by="anonymous"),
        State("empty", by="anonymous", sent=send()),
        State("wrong", by="anonymous", sent=send(username="x@example.org", password="wrong")),
        State("late", before=scenes.typed_too_late),
    ),
    "second-factor-code": (
        State(by="anonymous", before=scenes.password_given),
        State("wrong", by="anonymous", before=scenes.password_given, sent=send(code="000000")),
    ),
    "second-factor": (
        State(by="no second factor"),
        State("wrong", by="no second factor", sent=send(code="000000")),
    ),
    "recovery-codes": (State(before=scenes.codes_renewed),),
    "security": (State(), State("protected", before=scenes.protected)),
    "resume": (State(before=scenes.typed_too_late),),
    "choose-password": (
        State(by="anonymous"),
        State("short", by="anonymous", sent=send(password="court", again="autre")),
        State(
            "over", by="anonymous", status=404, values=lambda _place: {"uid": "MQ", "token": "x-y"}
        ),
    ),
    # The day.
    "today": CHOICE,
    "board": (
        State("nothing"),
        State(asked=on_its_day),
        State("full", asked=on_its_day, before=scenes.full_day),
        State("not a manager", asked=on_its_day, before=scenes.full_day, by="reception"),
    ),
    "arrival": (
        State(),
        State("found", asked=lambda it: {"q": it.words[0]}),
        State("not found", asked=ask(q="xyzzy")),
        State("nobody chosen", sent=send(came, guardian=""), status=422),
        State("joined meanwhile", sent=send(came, guardian="0"), status=409),
    ),
    "arrival-new": (State(asked=ask(q="Haddad Nour")), EMPTY),
    "board-print": (
        State(asked=on_its_day, before=scenes.full_day),
        State("phones", asked=lambda it: on_its_day(it) | {"telephones": "1"}),
    ),
    "calendar-choice": CHOICE,
    "calendar": (
        State("day", lambda it: looked_at(it) | {"vue": "jour"}, before=scenes.full_day),
        State("week", lambda it: looked_at(it) | {"vue": "semaine", "colonnes": "lieux"}),
        State(
            "list",
            lambda it: looked_at(it) | {"vue": "semaine", "forme": "liste"},
            before=scenes.full_day,
        ),
    ),
    "calendar-slot": (
        State(
            before=scenes.two_kinds,
            values=lambda it: {"centre_slug": it.centre.slug, "choice": scenes.free_choice(it)},
        ),
    ),
    # Messages.
    "desk-choice": CHOICE,
    "desk": (
        State(before=scenes.to_phone),
        State("unsure", before=scenes.unsure),
        State("nothing", before=scenes.nobody_to_phone),
    ),
    "message": (
        State(),
        State("unsure", before=scenes.unsure, values=scenes.unsure_message),
    ),
    "redirect": (State("empty", sent=send(), status=422),),
    "act": (refused(scenes.handled, send()),),
    "health": (State(by="owner"), State("broken", by="owner", before=scenes.provider_broken)),
    # Call-backs and the waiting list.
    "callbacks-choice": CHOICE,
    "callbacks": (
        State(before=scenes.calls_and_waiting),
        State("nothing", before=scenes.nobody_to_phone),
        State("not a manager", by="reception", before=scenes.calls_and_waiting),
    ),
    "callback-add": (State(), EMPTY),
    "called-back": (refused(scenes.called, send(outcome="booked")),),
    "offer-answer": (refused(scenes.waiting_over, send(reponse="oui"), 410),),
    "family-waiting": (
        State(asked=lambda it: {"rdv": it.appointment.reference}),
        State("for any", asked=scenes.wish),
        State("empty", lambda it: {"rdv": it.appointment.reference}, sent=send(), status=422),
        State(
            "joined meanwhile",
            lambda it: scenes.wish(it) | {"guardian": 0},
            sent=send(days="2"),
            status=409,
        ),
    ),
    # A family and its appointments.
    "families": (
        State(),
        State("found", asked=lambda it: {"q": it.words[0]}),
        State("not found", asked=ask(q="xyzzy")),
        State("for a time", lambda it: scenes.wish(it) | {"creneau": scenes.free_choice(it)}),
        State("called back", asked=lambda it: {"rappel": it.asked.uid}),
    ),
    "family": (
        State(),
        State("past", before=scenes.all_over),
        State("next visit", by="practitioner", before=scenes.usual_ages),
    ),
    "family-history": (State(), State("read before", before=scenes.looked_up)),
    "family-wishes": (State(), EMPTY),
    "family-reads": PLAIN,
    "family-merge": PLAIN,
    "family-new": (
        State(asked=ask(q="Haddad Nour")),
        State("called back", asked=lambda it: {"rappel": it.asked.uid}),
        EMPTY,
        State("likely", sent=send(scenes.newcomer, voir="1")),
        State("one more", sent=send(scenes.newcomer, surreserver="1", voir="1")),
        State("without a reason", sent=send(scenes.newcomer, surreserver="oui"), status=409),
        State("known after all", sent=send(scenes.newcomer, creneau="1-1"), status=409),
    ),
    "newcomer-waiting": (
        State(sent=send(scenes.newcomer)),
        State("incomplete", sent=send(), status=422),
    ),
    "book-for": (
        State(),
        State("times", asked=scenes.wish),
        State("one more", asked=lambda it: scenes.wish(it) | {"surreserver": "1"}),
        State("without a reason", sent=send(scenes.wish, surreserver="oui"), status=422),
        State("taken", sent=send(scenes.wish, creneau="29876540-1"), status=409),
        State("incomplete", sent=send(guardian="0", voir="1"), status=422),
    ),
    "family-child": (EMPTY,),
    "family-parent": (State(), EMPTY),
    "family-parent-edit": (State(), EMPTY),
    "family-child-edit": (State(), EMPTY),
    "family-parent-join": (State(), EMPTY),
    "family-child-join": PLAIN,
    "timeline": (State(), State("cancelled", before=scenes.cancelled)),
    "card": (
        State(),
        State("arabic", asked=ask(langue="ar")),
        State("cancelled", before=scenes.cancelled),
    ),
    "move-visit": (
        State(),
        State("to be sure", asked=lambda it: {"vers": scenes.free_choice(it)}),
        State("refused", sent=lambda it, *_: {"vers": scenes.taken_choice(it)}, status=409),
        State("cancelled", before=scenes.cancelled),
    ),
    "cancel-visit": (State(), EMPTY),
    "amend-visit": (State(), EMPTY),
    "remark": (State(), State("too long", sent=send(text="x" * 1000), status=422)),
    # Who works there, and who looked at whom.
    "accounts": (State(by="owner"),),
    "accounts-of": (State(), State("empty", sent=send(email=""), status=422)),
    "reads": (
        State(before=scenes.looked_up),
        State("nobody", asked=ask(qui="personne")),
        State("no day", asked=ask(jour="hier"), status=422),
    ),
    # The plan.
    "planning": CHOICE,
    "plan": (State(), State("nothing", before=scenes.nothing_planned)),
    "rules": (State(), State("nothing", before=scenes.nothing_planned)),
    "rule-new": (State(), State("empty", sent=send(opens=""), status=422)),
    "rule": (
        State(),
        State("empty", sent=as_shown(opens="", closes=""), status=422),
        State("preview", sent=as_shown(closes="11:00")),
        State("changed since", sent=as_shown(closes="11:00", version="x", do="save"), status=409),
    ),
    "half-days": (State(asked=lambda it: {"semaine": looked_at(it)["le"]}), State("nothing")),
    "half-day": (
        State(),
        State("empty", sent=as_shown(opens=""), status=422),
        State("preview", sent=as_shown(closes="09:30", what="edit")),
        State("cancelling", sent=send(what="cancel")),
        State("seen otherwise", sent=send(what="cancel", do="save", seen="x"), status=409),
    ),
    "half-day-swap": (State(), State("empty", sent=send(on=""), status=422)),
    "sheet": (
        State(),
        EMPTY,
        State("faults", sent=send(text="professionnel;lieu\nx;y"), status=422),
        State("rules tried", sent=scenes.another_end),
        State("absences", values=scenes.absences),
        State("absences tried", sent=scenes.one_absence, values=scenes.absences),
    ),
    "sheet-report": (State(), State("too late", before=scenes.old)),
    "sheet-undo": (refused(scenes.old, send()),),
    "declare": (
        State(),
        EMPTY,
        State("families", asked=scenes.absent),
        State("of one's own", by="practitioner"),
    ),
    "declared": (State(), State("undone", before=scenes.undone)),
    "undo-declared": (refused(scenes.old, send()),),
    # A practitioner's own.
    "my-sessions": (
        State("nothing", by="practitioner"),
        State(asked=on_its_day, by="practitioner", before=scenes.usual_ages),
    ),
    "my-session": (State(by="practitioner", before=scenes.usual_ages),),
    "my-calendar": (
        State(by="practitioner"),
        State("made", by="practitioner", sent=send(naming="initials")),
    ),
}
# A file, data, or a press that leads to another page: asked for plainly it shows none.
NO_PAGE = {
    *("recovery-codes-file", "passkey", "passkey-options", "passkeys", "passkey-new"),
    *("passkey-act", "go-on", "staff-leave", "directory", "directory-back", "board-note"),
    *("board-paper", "board-version", "calendar-data", "calendar-drop", "reply-read", "provider"),
    *("callback-act", "waiting-stop", "send-again", "family-language", "account-act"),
    *("rule-undo", "sheet-export", "sheet-example", "take-back", "my-sessions-note"),
    *("my-calendar-stop", "decide-next", "uncancel-visit"),
}


def states() -> Iterator[tuple[str, State]]:
    return ((name, state) for name, several in PAGES.items() for state in several)
