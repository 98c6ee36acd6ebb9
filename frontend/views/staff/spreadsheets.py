"""Opening rules and absences by spreadsheet: example, export, a trial line by line, all in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from booking import actions
from booking.actions.trying import summary, tried
from booking.actions.withdrawing import UNDO_FOR
from booking.actors import Actor
from booking.declared import working_at
from booking.errors import ImportBooked, ImportChanged, ImportTooOld, NotAsSeen
from booking.models import Declaration
from centres import absence_sheets, rule_sheets, sheets
from centres.cells import Known
from centres.errors import Refusal
from centres.models import OpeningRule, SheetImport
from centres.sheets import Fault, Row
from frontend.access import access
from frontend.rule_words import Names, Preview, left_out
from frontend.uploads import takes_a_file
from frontend.views.staff.rules import SHOWN, Asked, asked_by, said

RULES, ABSENCES = "plages", "absences"
COLUMNS = {RULES: rule_sheets.RULE_COLUMNS, ABSENCES: absence_sheets.ABSENCE_COLUMNS}
OPTIONAL = {RULES: rule_sheets.RULE_OPTIONAL, ABSENCES: absence_sheets.ABSENCE_OPTIONAL}


def _asked(request: HttpRequest, centre_slug: str, what: str) -> Asked:
    """Raises Http404: no such sheet, or no centre of theirs to manage."""
    asked = asked_by(request, centre_slug)
    if what not in COLUMNS:
        raise Http404
    return asked


def _people(asked: Asked) -> list[int]:
    """Those who receive there, now or later, whose absences its managers may declare: no business
    of theirs is what becomes of who has left."""
    is_over = Q(valid_until__lt=asked.today)
    rules = OpeningRule.objects.filter(site__centre=asked.centre, is_active=True).exclude(is_over)
    working = working_at(asked.centre, now=asked.now)
    return sorted(
        {*rules.values_list("practitioner", flat=True), *working.values_list("pk", flat=True)}
    )


@access("staff")
@require_safe
def export(request: HttpRequest, centre_slug: str, what: str) -> HttpResponse:
    """What there is, as the import reads it."""
    asked = _asked(request, centre_slug, what)
    known = Known(asked.centre)
    if what == RULES:
        lines = rule_sheets.write_rules(known)
    else:
        lines = absence_sheets.write_absences(known, people=_people(asked), now=asked.now)
    return _file(what, lines, f"{what}-{centre_slug}.csv")


@access("staff")
@require_safe
def example(request: HttpRequest, centre_slug: str, what: str) -> HttpResponse:
    """A few lines to write over, with this centre's own names."""
    asked = _asked(request, centre_slug, what)
    known = Known(asked.centre)
    if what == RULES:
        lines = rule_sheets.example_rules(known, today=asked.today)
    else:
        people = _people(asked)
        lines = absence_sheets.example_absences(known, people=people, today=asked.today)
    return _file(what, lines, f"{what}-exemple.csv")


def _file(what: str, lines: Sequence[Sequence[str]], name: str) -> HttpResponse:
    body = sheets.write(COLUMNS[what], lines)
    response = HttpResponse(body, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@takes_a_file
@access("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, centre_slug: str, what: str) -> HttpResponseBase:
    """The file is tried and told line by line; then all of it is written, or nothing."""
    asked = _asked(request, centre_slug, what)
    context: dict[str, Any] = {
        "desk": asked.desk,
        "centre": asked.centre,
        "what": what,
        "columns": [(name, name not in OPTIONAL[what]) for name in COLUMNS[what]],
        "most": sheets.MOST_LINES,
    }
    if request.method != "POST":
        return _page(request, context)
    context["uid"] = uid = _drawn(request)
    if SheetImport.objects.filter(uid=uid, centre=asked.centre).exists():
        return redirect("sheet-report", centre_slug, uid)
    try:
        context["text"] = text = _text(request)
        rows, faults = sheets.read(text, COLUMNS[what], OPTIONAL[what])
        lines, more = _read(what, rows, asked)
        faults = sorted([*faults, *more], key=lambda fault: fault.line)
        if faults:
            return _page(
                request, context | {"faults": [_told(each) for each in faults]}, status=422
            )
        return _change(request, asked, context, [line for line in lines if line.is_change])
    except Refusal as refusal:
        return _page(request, context | {"refused": said(refusal)}, status=422)


def _drawn(request: HttpRequest) -> UUID:
    """What this sheet is known by once it is imported, from its trial on."""
    try:
        return UUID(request.POST.get("uid", ""))
    except ValueError:
        return uuid4()


def _text(request: HttpRequest) -> str:
    """Of the file chosen, else what was pasted or tried before. Raises BadSheet."""
    file = request.FILES.get("fichier")
    if isinstance(file, UploadedFile):
        return sheets.decode(file.read())
    return request.POST.get("text", "")


def _read(what: str, rows: Sequence[Row], asked: Asked) -> tuple[list[Any], list[Fault]]:
    known = Known(asked.centre)
    if what == RULES:
        return rule_sheets.read_rules(rows, known)
    return absence_sheets.read_absences(rows, known, people=_people(asked), now=asked.now)


def _told(fault: Fault) -> tuple[int, str, str]:
    return fault.line, fault.column, _(fault.message) % fault.details


def _change(
    request: HttpRequest, asked: Asked, context: dict[str, Any], lines: Sequence[Any]
) -> HttpResponseBase:
    """Try what the lines ask for, or write it as it was seen."""
    if context["what"] == RULES:
        act: Callable[..., Any] = actions.import_rules
        values = _rules(asked, lines)
    else:
        act = actions.declare_absences
        values = {
            "absences": [line.absence for line in lines],
            "centre": asked.centre,
            "actor": Actor("agent", asked.desk.label),
            "now": asked.now,
        }
    values["uid"] = context["uid"]
    seen = request.POST.get("seen", "").split()
    context["changes"] = len(lines)
    try:
        if request.POST.get("do") != "save":
            return _preview(request, asked, context, tried(act, **values))
        act(**values, seen=seen)
    except NotAsSeen as refusal:
        outcome = refusal.details["outcome"]
        return _preview(request, asked, context, outcome, is_old=True)
    return redirect("sheet-report", asked.centre.slug, context["uid"])


def _rules(asked: Asked, lines: Sequence[Any]) -> dict[str, Any]:
    return {
        "edits": [line.edit for line in lines],
        "centre": asked.centre,
        "author": asked.user,
        "now": asked.now,
        "today": asked.today,
    }


def _preview(
    request: HttpRequest,
    asked: Asked,
    context: dict[str, Any],
    outcome: Any,
    *,
    is_old: bool = False,
) -> HttpResponse:
    context |= {"seen": summary(outcome.tokens), "is_old": is_old, "is_tried": True}
    if context["what"] == RULES:
        names = Names(asked.centre)
        context["preview"] = Preview(outcome, names, asked.desk, until=asked.now + SHOWN)
    else:
        context["hit"] = [left_out(each, asked.desk) for each in outcome.hit]
    return _page(request, context, status=409 if is_old else 200)


def _page(request: HttpRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return render(request, "pages/staff/sheet.html", context, status=status)


@access("staff")
@require_safe
def report(request: HttpRequest, centre_slug: str, uid: UUID) -> HttpResponse:
    """What was imported, and for some minutes the way back."""
    asked = asked_by(request, centre_slug)
    return _report(request, asked, get_object_or_404(SheetImport, uid=uid, centre=asked.centre))


def _report(
    request: HttpRequest, asked: Asked, sheet: SheetImport, *, refusal: str = ""
) -> HttpResponse:
    seconds = (sheet.at + UNDO_FOR - asked.now).total_seconds()
    context = {
        "desk": asked.desk,
        "centre": asked.centre,
        "sheet": sheet,
        "hit": Declaration.objects.filter(centre=asked.centre, declared_at=sheet.at).aggregate(
            number=Count("cases")
        )["number"],
        "minutes": 0 if sheet.undone_at else max(0, ceil(seconds / 60)),
        "refusal": refusal,
    }
    status = 409 if refusal else 200
    return render(request, "pages/staff/sheet_report.html", context, status=status)


@access("staff")
@require_POST
def undo(request: HttpRequest, centre_slug: str, uid: UUID) -> HttpResponseBase:
    """All of it back, or nothing and why."""
    asked = asked_by(request, centre_slug)
    sheet = get_object_or_404(SheetImport, uid=uid, centre=asked.centre)
    try:
        done = actions.undo_import(uid=uid, author=asked.user, now=asked.now, today=asked.today)
    except (ImportTooOld, ImportChanged, ImportBooked) as refusal:
        return _report(request, asked, sheet, refusal=_(refusal.message))
    if done.to_call:
        text = _("Des familles avaient été prévenues entre-temps : elles sont dans « À appeler ».")
        messages.warning(request, text)
    return redirect("sheet-report", centre_slug, uid)
