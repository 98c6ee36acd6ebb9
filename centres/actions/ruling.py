"""Opening rules written: created, changed at once or from a later day on, put back as they were.

Their half-days follow in the same transaction; what becomes of these is told (ADR 0028).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple, TypedDict

from django.contrib.postgres.aggregates import ArrayAgg
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Q
from django.utils.dateparse import parse_date, parse_time

from centres.actions.expanding import Expansion, expand_rules
from centres.actions.planning import circles, lock_circles
from centres.calendar import LONGEST_SHIFT
from centres.differences import Difference, HalfDay, differences
from centres.errors import (
    DatesOutOfOrder,
    EndsTooEarly,
    NothingOffered,
    OtherCentre,
    PractitionerGone,
    RuleChanged,
    TooLong,
)
from centres.models import (
    AppointmentType,
    OpeningRule,
    Practitioner,
    RuleChange,
    Shift,
    Site,
    User,
)
from centres.recurrence import DayFilter, occurrences, parse_rrule
from centres.seating import check_seats

# A pattern that gives a day at all gives one within this time.
LOOKED_FOR = timedelta(days=3660)
Action = RuleChange.Action


class RuleFields(TypedDict):
    """All that an opening rule says."""

    practitioner_id: int
    site_id: int
    rrule: str
    opens: time
    closes: time
    valid_from: date
    valid_until: date | None
    seats: int
    agent_reserve: int
    skip_school_holidays: bool
    on_public_holidays: bool
    is_active: bool
    type_ids: list[int]


class Edit(NamedTuple):
    """What a rule is to become; a new one without an id. `since`: from that day on only, the rule
    as it is goes on until then. `version`: of the rule that whoever asks has seen, if they say."""

    wanted: RuleFields
    rule_id: int | None = None
    since: date | None = None
    version: str = ""


class Saved(NamedTuple):
    """The decisions written, what expanding said, and what becomes of which half-days."""

    decisions: list[RuleChange]
    expansion: Expansion
    differences: list[Difference]
    before: dict[int, HalfDay]
    shift_ids: list[int]


def fields_of(rule: OpeningRule) -> RuleFields:
    """What a rule says, its types with it."""
    return {
        "practitioner_id": rule.practitioner_id,
        "site_id": rule.site_id,
        "rrule": rule.rrule,
        "opens": rule.opens,
        "closes": rule.closes,
        "valid_from": rule.valid_from,
        "valid_until": rule.valid_until,
        "seats": rule.seats,
        "agent_reserve": rule.agent_reserve,
        "skip_school_holidays": rule.skip_school_holidays,
        "on_public_holidays": rule.on_public_holidays,
        "is_active": rule.is_active,
        "type_ids": sorted(kind.pk for kind in rule.types.all()),
    }


def read_fields(kept: dict[str, Any]) -> RuleFields:
    """What a rule said, as a decision on it has kept it."""
    dated: dict[str, Any] = {
        "opens": parse_time(kept["opens"]),
        "closes": parse_time(kept["closes"]),
        "valid_from": parse_date(kept["valid_from"]),
        "valid_until": parse_date(kept["valid_until"]) if kept["valid_until"] else None,
    }
    return {**kept, **dated}  # type: ignore[typeddict-item]  # written by `fields_of`


def version_of(rule: OpeningRule) -> str:
    """Another text once the rule says anything else."""
    said = json.dumps(fields_of(rule), cls=DjangoJSONEncoder, sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


@transaction.atomic
def save_rules(
    *, edits: Sequence[Edit], centre_id: int, author: User, now: datetime, today: date
) -> Saved:
    """Write these rules of one centre, all or none, and make their half-days follow.

    Raises RuleChanged, BadRecurrence, DatesOutOfOrder, EndsTooEarly, TooLong, NothingOffered,
    SeatsDoNotFit, OtherCentre, PractitionerGone.
    """
    rules = _lock(edits, centre_id)
    for edit in edits:
        check_rule(edit.wanted, centre_id=centre_id)
    # What is new has no id yet: it stands for itself.
    given = [
        (edit.rule_id or -place, edit.wanted["practitioner_id"])
        for place, edit in enumerate(edits, start=1)
    ]
    lock_circles([pk for pk, _who in given], today, also=given)
    decisions = []
    for edit in edits:
        rule = rules.get(edit.rule_id) if edit.rule_id else None
        written = _write(rule, edit, today)
        if written is not None:
            written.author, written.author_name = author, str(author)[:120]
            written.decided_at = now
            written.save(force_insert=True)
            decisions.append(written)
    return _follow(decisions, now=now, today=today)


def _lock(edits: Sequence[Edit], centre_id: int) -> dict[int, OpeningRule]:
    """The rules as they are, locked by id before anybody's half-days. Raises RuleChanged."""
    ids = [edit.rule_id for edit in edits if edit.rule_id is not None]
    locked = OpeningRule.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    rules = {rule.pk: rule for rule in locked.filter(pk__in=ids).prefetch_related("types")}
    own = OpeningRule.objects.filter(pk__in=ids, site__centre=centre_id)
    if own.count() != len(set(ids)):
        raise OtherCentre
    for edit in edits:
        if edit.rule_id and edit.version not in ("", version_of(rules[edit.rule_id])):
            raise RuleChanged
    return rules


def check_rule(wanted: RuleFields, *, centre_id: int) -> None:
    """Raises what `save_rules` says of one rule alone."""
    kinds = list(AppointmentType.objects.filter(pk__in=wanted["type_ids"]))
    check_said(wanted, kinds)
    if not Site.objects.filter(pk=wanted["site_id"], centre=centre_id).exists():
        raise OtherCentre
    people = Practitioner.objects.filter(pk=wanted["practitioner_id"], is_active=True)
    if wanted["is_active"] and not people.exists():
        raise PractitionerGone


def check_said(wanted: RuleFields, kinds: Sequence[AppointmentType]) -> None:
    """The part of it that asks no database."""
    parse_rrule(wanted["rrule"], wanted["valid_from"])
    until = wanted["valid_until"]
    if until is not None and until < wanted["valid_from"]:
        raise DatesOutOfOrder
    first = datetime.combine(date.min, wanted["opens"])
    last = datetime.combine(date.min, wanted["closes"])
    if first >= last:
        raise EndsTooEarly
    if last - first > LONGEST_SHIFT:
        raise TooLong
    if not kinds:
        raise NothingOffered
    check_seats(kinds, wanted["seats"])


def _write(rule: OpeningRule | None, edit: Edit, today: date) -> RuleChange | None:
    """Write one rule; None when it says all of this already."""
    wanted = edit.wanted
    if rule is None:
        made = OpeningRule()
        _put(made, wanted)
        return RuleChange(rule=made, action=Action.CREATE, after=wanted)
    before = fields_of(rule)
    if before == wanted:
        return None
    if edit.since is not None and edit.since > max(today, rule.valid_from):
        return _go_on_from(rule, before, edit.since, wanted)
    _put(rule, wanted)
    return RuleChange(rule=rule, action=Action.EDIT, before=before, after=wanted)


def _put(rule: OpeningRule, wanted: RuleFields) -> None:
    columns: dict[str, Any] = dict(wanted)
    types = columns.pop("type_ids")
    for name, value in columns.items():
        setattr(rule, name, value)
    rule.save()
    rule.types.set(types)


def _go_on_from(
    rule: OpeningRule, before: RuleFields, since: date, wanted: RuleFields
) -> RuleChange:
    """End a rule the day before, and let another go on; the half-days from then on are its own, so
    that the appointments in them stay. It counts its weeks and months from the same one."""
    days = occurrences(
        wanted["rrule"],
        first_on=wanted["valid_from"],
        start=since,
        until=since + LOOKED_FOR,
        days=DayFilter(),
    )
    first = next(days, None)
    if first is None or (wanted["valid_until"] and wanted["valid_until"] < first):
        raise DatesOutOfOrder
    follower = OpeningRule()
    wanted = {**wanted, "valid_from": first}
    _put(follower, wanted)
    rule.valid_until = since - timedelta(days=1)
    rule.save(update_fields=["valid_until"])
    Shift.objects.filter(rule=rule, occurs_on__gte=since).update(rule=follower)
    return RuleChange(rule=rule, follower=follower, action=Action.EDIT, before=before, after=wanted)


@transaction.atomic
def undo_rules(*, change_ids: Sequence[int], author: User, now: datetime, today: date) -> Saved:
    """Make rules what they were before these decisions, the last one of each, all or none. Raises
    RuleChanged when another was taken since."""
    changes = list(RuleChange.objects.filter(pk__in=change_ids).order_by("rule", "pk"))
    locked = OpeningRule.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    ids = [each.rule_id for each in changes]
    rules = {rule.pk: rule for rule in locked.filter(pk__in=ids).prefetch_related("types")}
    if len(changes) != len(set(change_ids)):
        raise RuleChanged
    wanted = [_before(each, rules[each.rule_id]) for each in changes]
    followers = [each.follower_id for each in changes if each.follower_id]
    given = [(pk, each["practitioner_id"]) for pk, each in zip(ids, wanted, strict=True)]
    lock_circles([*ids, *followers], today, also=given, whole=followers)
    undone = [
        _put_back(change, rules[change.rule_id], was, author, now)
        for change, was in zip(changes, wanted, strict=True)
    ]
    return _follow(undone, now=now, today=today)


def _before(change: RuleChange, rule: OpeningRule) -> RuleFields:
    """What the rule said; a new one is out of force again. Raises RuleChanged."""
    known = [pk for pk in (change.rule_id, change.follower_id) if pk]
    last = RuleChange.objects.filter(rule__in=known).first()
    if last != change or change.action == Action.UNDO:
        raise RuleChanged
    return read_fields(change.before) if change.before else {**fields_of(rule), "is_active": False}


def _put_back(
    change: RuleChange, rule: OpeningRule, wanted: RuleFields, author: User, now: datetime
) -> RuleChange:
    if change.follower_id:
        Shift.objects.filter(rule=change.follower_id).update(rule=rule)
        OpeningRule.objects.filter(pk=change.follower_id).update(is_active=False)
    before = fields_of(rule)
    _put(rule, wanted)
    return RuleChange.objects.create(
        rule=rule,
        action=Action.UNDO,
        before=before,
        after=wanted,
        author=author,
        author_name=str(author)[:120],
        decided_at=now,
    )


def _follow(decisions: Sequence[RuleChange], *, now: datetime, today: date) -> Saved:
    """Expand the rules decided on, and compare the half-days before and after."""
    ids = sorted({pk for each in decisions for pk in (each.rule_id, each.follower_id) if pk})
    tied = circles(ids, today)
    rules = [pk for circle in tied for pk in circle.rules]
    people = [pk for circle in tied for pk in circle.people]
    before = _half_days(rules, people, now=now)
    expansion = expand_rules(today=today, rule_ids=ids)
    after = _half_days(rules, people, now=now)
    ids = sorted(before.keys() | after.keys())
    return Saved(list(decisions), expansion, differences(before, after), before, ids)


def _half_days(
    rules: Collection[int], people: Collection[int], *, now: datetime
) -> dict[int, HalfDay]:
    """The half-days of these rules and people from now on, with what they offer: one query."""
    found = (
        Shift.objects.filter(Q(rule__in=rules) | Q(practitioner__in=people), ends_at__gt=now)
        .annotate(kinds=ArrayAgg("offers__type_id", order_by="offers__type_id"))
        .values_list(
            *("pk", "rule_id", "practitioner_id", "site_id", "starts_at", "ends_at"),
            *("seats", "agent_reserve", "status", "kinds"),
        )
    )
    half_days = {}
    for pk, rule, who, site, starts_at, ends_at, seats, reserve, status, kinds in found:
        is_open = status == Shift.Status.OPEN
        half_days[pk] = HalfDay(
            rule, who, site, starts_at, ends_at, seats, reserve, is_open, tuple(filter(None, kinds))
        )
    return half_days
