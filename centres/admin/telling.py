"""What the administration says after a change: what was done, and what it left for somebody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from centres.actions import Change, Clash, Expansion
from centres.errors import Refusal
from centres.models import OpeningRule, Shift, User

LISTED = 10  # a rule may leave out appointments every week of the year


def signer(request: HttpRequest) -> User:
    """Who signs what is done in this request."""
    return User.objects.get(email=request.user.get_username())


def said(refusal: Refusal) -> str:
    """A refusal in the language of the page."""
    return gettext(refusal.message) % refusal.details


def tell_expansion(request: HttpRequest, done: Expansion) -> None:
    """Warn of what expanding rules left outside, or could not do."""
    _list(request, gettext("%(shift)s : des rendez-vous restent hors plage."), done.outside)
    _list(
        request,
        gettext("%(shift)s : des familles ont déjà des places que la plage n’a plus."),
        done.crowded,
    )
    _tell_clashes(request, done.clashes)
    for rule in OpeningRule.objects.filter(pk__in=done.unreadable):
        messages.error(
            request, _("%(rule)s : la récurrence ne se lit pas, rien n’a changé.") % {"rule": rule}
        )


def tell_changes(request: HttpRequest, changes: Iterable[Change]) -> None:
    """Warn of the appointments that half-days changed alone no longer receive."""
    for change in changes:
        if change.outside:
            listed = reverse("admin:booking_appointment_changelist")
            text = ngettext(
                "%(shift)s : un rendez-vous est à replacer.",
                "%(shift)s : %(count)s rendez-vous sont à replacer.",
                len(change.outside),
            ) % {"shift": change.shift, "count": len(change.outside)}
            messages.warning(
                request,
                format_html(
                    '{} <a href="{}?outside=yes&amp;shift__id__exact={}">{}</a>',
                    text,
                    listed,
                    change.shift.pk,
                    _("Les voir"),
                ),
            )


def _shifts(ids: Iterable[int]) -> QuerySet[Shift]:
    shifts = Shift.objects.select_related("practitioner", "site", "centre")
    return shifts.filter(pk__in=ids).order_by("starts_at")


def _list(request: HttpRequest, text: str, ids: Sequence[int]) -> None:
    for shift in _shifts(ids)[:LISTED]:
        messages.warning(request, text % {"shift": shift})
    if len(ids) > LISTED:
        messages.warning(request, _("… et %(count)s de plus.") % {"count": len(ids) - LISTED})


def _tell_clashes(request: HttpRequest, clashes: Sequence[Clash]) -> None:
    """One line per rule, with the first half-day in its way."""
    rules = OpeningRule.objects.select_related("practitioner", "site")
    for rule in rules.filter(pk__in={clash.rule for clash in clashes}).order_by("pk"):
        days = [clash for clash in clashes if clash.rule == rule.pk]
        text = ngettext(
            "%(rule)s : une demi-journée n’a pu être créée ou déplacée. Elle rencontre %(other)s.",
            "%(rule)s : %(count)s demi-journées n’ont pu être créées ou déplacées. "
            "La première rencontre %(other)s.",
            len(days),
        )
        other = _shifts([days[0].other]).get()
        messages.warning(request, text % {"rule": rule, "count": len(days), "other": other})
