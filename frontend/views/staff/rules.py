"""Opening rules: listed in sentences, changed by a form, previewed, saved as previewed, undone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from booking import actions
from booking.actions.ruling import Outcome
from booking.actions.trying import tried
from booking.errors import NotAsSeen
from centres.actions import Edit, RuleFields
from centres.actions.ruling import fields_of, read_fields, version_of
from centres.errors import Refusal, RuleChanged
from centres.models import Centre, OpeningRule, RuleChange, SheetImport, User
from frontend.access import access
from frontend.forms_rules import RuleForm
from frontend.imported import fresh_import
from frontend.rule_words import Names, Preview, history, rule_line, sentence
from frontend.staff import Desk, desk_of

# What a preview lists one by one; of what comes later it says how much there is.
SHOWN = timedelta(weeks=8)
UNDO_FOR = timedelta(minutes=1)
# The press travels, and the page was read before it.
GRACE = timedelta(seconds=30)
HISTORY_SHOWN = 20


class Asked(NamedTuple):
    """Who changes the plan of which centre, and when."""

    desk: Desk
    centre: Centre
    user: User
    now: datetime

    @property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.centre.time_zone)).date()


def asked_by(request: HttpRequest, centre_slug: str) -> Asked:
    """Raises Http404 to whoever does not manage this centre."""
    desk = desk_of(request)
    assert isinstance(request.user, User)  # noqa: S101  `desk_of` has seen to it
    return Asked(desk, desk.managed_centre(centre_slug), request.user, timezone.now())


def said(refusal: Refusal) -> str:
    """A refusal of the plan in the language of the page."""
    return _(refusal.message) % refusal.details


@access("staff")
@require_safe
def listing(request: HttpRequest, centre_slug: str) -> HttpResponse:
    """The rules of a centre, person by person."""
    asked = asked_by(request, centre_slug)
    rules = (
        OpeningRule.objects.meant()
        .filter(site__centre=asked.centre)
        .select_related("practitioner", "site")
        .prefetch_related("types")
        .order_by("practitioner__last_name", "practitioner__first_name", "practitioner", "pk")
    )
    names = Names(asked.centre)
    current = [each for each in rules if _is_in_force(each, asked.today)]
    over = [each for each in rules if not _is_in_force(each, asked.today)]
    people = [
        (who, [rule_line(rule, names, asked.today) for rule in own])
        for who, own in groupby(current, key=lambda rule: rule.practitioner)
    ]
    context = {
        "desk": asked.desk,
        "centre": asked.centre,
        "people": people,
        "over": [rule_line(rule, names, asked.today) for rule in over],
        "undoable": _undoable(asked),
        "imported": fresh_import(asked.desk, asked.centre, SheetImport.What.RULES, now=asked.now),
    }
    return render(request, "pages/staff/rules.html", context)


def _undoable(asked: Asked) -> RuleChange | None:
    """Their last change while it is fresh; of a whole sheet none: one line alone would go back."""
    fresh = RuleChange.objects.filter(
        author=asked.user, rule__site__centre=asked.centre, decided_at__gt=asked.now - UNDO_FOR
    )
    last = list(fresh[:2])
    if not last or last[0].action == RuleChange.Action.UNDO:
        return None
    is_of_a_sheet = len({each.decided_at for each in last}) < len(last)
    return None if is_of_a_sheet else last[0]


def _is_in_force(rule: OpeningRule, today: date) -> bool:
    return rule.is_active and (rule.valid_until is None or rule.valid_until >= today)


@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, centre_slug: str, pk: int | None = None) -> HttpResponseBase:
    """A new rule, or one to change: the form, what would become of the plan, then it is saved."""
    asked = asked_by(request, centre_slug)
    rule = None
    if pk is not None:
        found = OpeningRule.objects.prefetch_related("types").select_related("practitioner")
        rule = get_object_or_404(found, pk=pk, site__centre=asked.centre)
    start = _start(request, rule, asked)
    form = RuleForm(
        request.POST or None,
        centre=asked.centre,
        said=start,
        version=version_of(rule) if rule else "",
        today=asked.today,
    )
    if request.method != "POST" or request.POST.get("do") == "back" or not form.is_valid():
        return _form_page(request, asked, rule, _unjudged(form, request))
    return _change(request, asked, rule, form)


def _unjudged(form: RuleForm, request: HttpRequest) -> RuleForm:
    """Who comes back to correct is not told of errors there are not."""
    if request.POST.get("do") == "back":
        form.full_clean()
    return form


def _start(request: HttpRequest, rule: OpeningRule | None, asked: Asked) -> RuleFields | None:
    """What the form begins with: the rule as it is, as it was once, or ending today."""
    if rule is None:
        return None
    begun = fields_of(rule)
    version = request.GET.get("version", "")
    if version.isascii() and version.isdecimal():
        change = get_object_or_404(RuleChange, pk=int(version[:18]), rule=rule)
        if not change.before:
            raise Http404
        return read_fields(change.before)
    if "fin" in request.GET:
        begun["valid_until"] = max(asked.today, begun["valid_from"])
    return begun


def _form_page(
    request: HttpRequest,
    asked: Asked,
    rule: OpeningRule | None,
    form: RuleForm,
    *,
    refused: str = "",
) -> HttpResponse:
    names = Names(asked.centre)
    changes = RuleChange.objects.filter(rule=rule)[:HISTORY_SHOWN] if rule else []
    context = {
        "desk": asked.desk,
        "centre": asked.centre,
        "rule": rule,
        "line": rule_line(rule, names, asked.today) if rule else None,
        "form": form,
        "refused": refused,
        "history": history(changes, names),
    }
    status = 409 if refused else 422 if form.errors else 200
    return render(request, "pages/staff/rule.html", context, status=status)


def _change(
    request: HttpRequest, asked: Asked, rule: OpeningRule | None, form: RuleForm
) -> HttpResponseBase:
    """Try the change, or save it as it was seen."""
    version = form.cleaned_data["version"]
    change = Edit(form.wanted, rule.pk if rule else None, form.applies_from, version)
    values: dict[str, Any] = {
        "edits": [change],
        "centre_id": asked.centre.pk,
        "author": asked.user,
        "now": asked.now,
        "today": asked.today,
    }
    seen = request.POST.get("seen", "").split()
    try:
        if request.POST.get("do") != "save":
            return _preview(request, asked, form, tried(actions.save_rules, **values), rule=rule)
        actions.save_rules(**values, seen=seen)
    except NotAsSeen as refusal:
        outcome = refusal.details["outcome"]
        assert isinstance(outcome, Outcome)  # noqa: S101  for the type checker
        return _preview(request, asked, form, outcome, rule=rule, seen=seen)
    except RuleChanged as refusal:
        fresh = request.POST.copy()
        fresh["version"] = version_of(OpeningRule.objects.get(pk=rule.pk)) if rule else ""
        form.data = fresh
        return _form_page(request, asked, rule, form, refused=said(refusal))
    except Refusal as refusal:
        form.add_error(None, said(refusal))
        return _form_page(request, asked, rule, form)
    messages.success(request, _("C’est enregistré. Les demi-journées suivent."))
    return redirect("rules", asked.centre.slug)


def _preview(
    request: HttpRequest,
    asked: Asked,
    form: RuleForm,
    outcome: Outcome,
    *,
    rule: OpeningRule | None,
    seen: Sequence[str] | None = None,
) -> HttpResponse:
    names = Names(asked.centre)
    shown = Preview(outcome, names, asked.desk, until=asked.now + SHOWN, seen=seen)
    carried = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in ("csrfmiddlewaretoken", "do", "seen")
        for value in values
    ]
    context = {
        "desk": asked.desk,
        "centre": asked.centre,
        "rule": rule,
        "says": sentence(form.wanted, names),
        "who": names.people[form.wanted["practitioner_id"]],
        "preview": shown,
        "carried": carried,
        "is_old": seen is not None,
    }
    status = 409 if seen is not None else 200
    return render(request, "pages/staff/rule_preview.html", context, status=status)


@access("staff")
@require_POST
def undo(request: HttpRequest, centre_slug: str, pk: int) -> HttpResponseBase:
    """Take a change back while it is fresh; later, the version before it is offered."""
    asked = asked_by(request, centre_slug)
    change = get_object_or_404(RuleChange, pk=pk, rule__site__centre=asked.centre)
    if change.decided_at + UNDO_FOR + GRACE < asked.now:
        messages.error(request, _("La minute est passée. Voici la version d’avant, à relire."))
        return _to_version(asked, change)
    try:
        actions.undo_rule(change_id=change.pk, author=asked.user, now=asked.now, today=asked.today)
    except NotAsSeen:
        text = _("Une famille a réservé entre-temps : relisez ce qui changerait.")
        messages.error(request, text)
        return _to_version(asked, change)
    except Refusal as refusal:
        messages.error(request, said(refusal))
    else:
        text = _("C’est annulé : la plage est comme avant.")
        if change.action == RuleChange.Action.CREATE:
            text = _("C’est annulé : cette plage n’existe plus.")
        messages.success(request, text)
    return redirect("rules", asked.centre.slug)


def _to_version(asked: Asked, change: RuleChange) -> HttpResponseBase:
    """The rule's form, as it was before this change; of one that was new, with today as its end."""
    page = redirect("rule", asked.centre.slug, change.rule_id)
    page["Location"] += f"?version={change.pk}" if change.before else "?fin"
    return page
