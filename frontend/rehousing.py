"""What is chosen for each family hit by an absence: shown page by page, carried signed between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.core import signing
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from booking.actions.declaring import Wanted
from booking.concerned import Concerned
from booking.messages import NEAR
from booking.models import Appointment, Case
from booking.rehousing import Place
from centres.calendar import from_minute
from centres.models import Practitioner, Site
from frontend.staff import Desk
from frontend.templatetags.emgav import at, moment_short

SALT = "frontend.rehousing"
# A page left open longer than a shift is looked at anew.
KEPT_FOR = timedelta(hours=8)
SHOWN = 20
Choice = Case.Choice
MOVE, PROPOSE, CANCEL, CALL = "m", "p", "c", "a"
DOES = {MOVE: Choice.MOVE, PROPOSE: Choice.PROPOSE, CANCEL: Choice.CANCEL, CALL: Choice.CALL}
FOR_ALL = {
    MOVE: gettext_noop("Déplacer et prévenir"),
    PROPOSE: gettext_noop("Proposer et retenir"),
    CANCEL: gettext_noop("Annuler et prévenir"),
    CALL: gettext_noop("Appeler"),
}
# So near, a message may be read too late, and no answer can be waited for.
TOO_NEAR = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Family:
    """One family of the list: what may be chosen for it, and what is."""

    concerned: Concerned
    chosen: str
    options: Sequence[tuple[str, str]]
    is_shown: bool
    # So near, the message takes every way; else the best one, and another when that one fails.
    is_near: bool

    @property
    def appointment(self) -> Appointment:
        return self.concerned.appointment

    @property
    def name(self) -> str:
        return f"f{self.appointment.pk}"

    @property
    def told_by(self) -> str:
        known = self.concerned.ways if self.is_near else self.concerned.ways[:1]
        ways = {way.channel for way in known}
        if not ways:
            return ""
        if len(ways) == 2:
            return _("par e-mail et SMS")
        return _("par e-mail") if "email" in ways else _("par SMS")


def codes_of(each: Concerned, *, now: datetime) -> list[str]:
    """What can be chosen for a family, best first: m1, m2, p1, p2, c, a."""
    numbers = range(1, len(each.places) + 1)
    moves = [f"{MOVE}{number}" for number in numbers]
    if each.appointment.starts_at - now < TOO_NEAR:
        return [CALL, *moves, CANCEL]
    if not each.ways:
        return [CALL, *moves, CANCEL]
    proposals = [f"{PROPOSE}{number}" for number in numbers]
    return [*moves, *proposals, CANCEL, CALL]


def listed(
    found: Iterable[Concerned],
    chosen: Mapping[int, str],
    *,
    desk: Desk,
    people: Mapping[int, Practitioner],
    sites: Mapping[int, Site],
    now: datetime,
) -> list[Family]:
    """All families, with what was chosen as far as it is still possible. Those of other centres are
    their own desks' to call, and are named to nobody else."""
    families = []
    for each in found:
        is_shown = _is_theirs(each.appointment, desk)
        codes = codes_of(each, now=now) if is_shown else [CALL]
        wanted = chosen.get(each.appointment.pk, "")
        options = [(code, _label(code, each, people, sites)) for code in codes] if is_shown else []
        choice = wanted if wanted in codes else codes[0]
        is_near = each.appointment.starts_at < now + NEAR
        families.append(Family(each, choice, options, is_shown, is_near))
    return families


def for_all(families: Iterable[Family], does: str) -> dict[int, str]:
    """The same for everybody who can have it, with the first time where one is needed; the others
    stay as they were."""
    return {
        family.appointment.pk: next(
            (code for code, _label in family.options if code[0] == does), family.chosen
        )
        for family in families
    }


def _is_theirs(appointment: Appointment, desk: Desk) -> bool:
    is_own = appointment.practitioner.user_id == desk.user_id
    return is_own or any(centre.pk == appointment.centre_id for centre in desk.centres)


def _label(
    code: str,
    each: Concerned,
    people: Mapping[int, Practitioner],
    sites: Mapping[int, Site],
) -> str:
    """What a choice says: with whom, and where if it is elsewhere."""
    if code == CANCEL:
        return _("Annuler, et l’inviter à choisir une autre date")
    if code == CALL:
        return _("Ne rien changer : à appeler")
    place = each.places[int(code[1]) - 1]
    values = {"when": moment_short(at(from_minute(place.start), each.appointment.centre))}
    with_whom = people.get(place.practitioner)
    where = sites.get(place.site) if place.site != each.appointment.site_id else None
    values["who"] = ", ".join(str(named) for named in (with_whom, where and where.name) if named)
    if code[0] == MOVE:
        return _("Déplacer au %(when)s, %(who)s") % values
    return _("Proposer le %(when)s, %(who)s") % values


def totals(families: Iterable[Family]) -> list[tuple[str, int]]:
    """How many of each, in words."""
    count = Counter(family.chosen[0] for family in families)
    return [(_(FOR_ALL[does]), count[does]) for does in FOR_ALL if count[does]]


def pack(families: Iterable[Family], *, fingerprint: str, uid: UUID | None = None) -> str:
    """All that was shown and chosen, so that exactly this is declared, and once."""
    rows = [
        [
            family.appointment.pk,
            family.appointment.sequence,
            family.chosen,
            " ".join(code for code, _label in family.options),
            *((place.shift, place.start) for place in family.concerned.places),
        ]
        for family in families
    ]
    value = {"uid": (uid or uuid4()).hex, "of": fingerprint, "rows": rows}
    return signing.dumps(value, salt=SALT, compress=True)


@dataclass(frozen=True, slots=True)
class Packed:
    """What a page carried, with what was chosen on it."""

    uid: UUID
    fingerprint: str
    rows: Sequence[Any]

    @classmethod
    def read(cls, text: str, posted: Mapping[str, Any]) -> Packed | None:
        """None when it was not ours, or is too old."""
        try:
            value = signing.loads(text, salt=SALT, max_age=KEPT_FOR)
        except signing.BadSignature:
            return None
        rows = [
            [pk, sequence, _typed(posted.get(f"f{pk}"), chosen, codes), *places]
            for pk, sequence, chosen, codes, *places in value["rows"]
        ]
        return cls(UUID(value["uid"]), value["of"], rows)

    @property
    def chosen(self) -> dict[int, str]:
        return {row[0]: row[2] for row in self.rows}

    @property
    def wanted(self) -> list[Wanted]:
        found = []
        for pk, sequence, code, *places in self.rows:
            shift, start = places[int(code[1]) - 1] if len(code) > 1 else (None, None)
            found.append(Wanted(pk, sequence, DOES[code[0]], shift, start))
        return found


def _typed(typed: object, carried: str, codes: str) -> str:
    """A choice that was offered for this family; else the one it had."""
    code = str(typed or "")
    return code if code in codes.split() else carried


def people_of(places: Iterable[Place]) -> dict[int, Practitioner]:
    """Those who would receive: one query."""
    return Practitioner.objects.in_bulk({place.practitioner for place in places})


def sites_of(places: Iterable[Place]) -> dict[int, Site]:
    """Where they would: one query."""
    return Site.objects.in_bulk({place.site for place in places})
