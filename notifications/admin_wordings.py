"""Message templates in the admin: chosen, tried on real-looking values, saved as new versions."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any
from urllib.parse import urlencode

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from notifications import wordings
from notifications.models import OutboxMessage, Wording
from notifications.wordings import Overtaken, Place, Scopes, WordsRefused
from notifications.words.checks import Problem, check
from notifications.words.defaults import Wording as Words
from notifications.words.defaults import default_wording
from notifications.words.kinds import (
    EMAIL,
    KINDS,
    LANGUAGE_NAMES,
    LANGUAGES,
    PARTS,
    PURPOSES,
    VARIABLES,
    form_of,
)
from notifications.words.preview import CASES, Preview, previews

OVERTAKEN = _(
    "Quelqu’un a enregistré une autre version pendant ce temps\u00a0: relisez-la ci-dessous "
    "avant de recommencer. Votre texte est resté dans le formulaire."
)


class ScopeForm(forms.Form):
    """Whose words: the Département's, a centre's, a type's, or both."""

    centre = forms.ChoiceField(label=_("Centre"), required=False)
    type = forms.ChoiceField(label=_("Motif"), required=False)

    def __init__(self, data: Any, *, scopes: Scopes) -> None:
        super().__init__(data)
        for name, all_of_them, known in (
            ("centre", _("Tout le Département"), scopes.centres),
            ("type", _("Tous les motifs"), scopes.types),
        ):
            field = forms.ChoiceField(label=self.fields[name].label, required=False)
            field.choices = [("", all_of_them), *known]
            self.fields[name] = field


class PlaceForm(ScopeForm):
    """And which message, in which channel and language."""

    kind = forms.ChoiceField(choices=[(kind, kind) for kind in KINDS])
    channel = forms.ChoiceField(choices=OutboxMessage.Channel.choices)
    language = forms.ChoiceField(choices=[(language, language) for language in LANGUAGES])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("channel") not in KINDS.get(cleaned.get("kind", ""), {}):
            raise forms.ValidationError("no such message")
        return cleaned


class WordsForm(forms.Form):
    """The words, and the version they were begun from."""

    subject = forms.CharField(label=_("Objet"), max_length=200, required=False)
    body = forms.CharField(
        label=_("Texte"),
        max_length=10_000,
        required=False,
        strip=False,
        widget=forms.Textarea({"rows": 22, "cols": 80, "spellcheck": "true"}),
    )
    based_on = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None, *, place: Place, initial: dict[str, Any]) -> None:
        super().__init__(data.dict() if data else None, initial=initial)
        if place.channel != EMAIL:
            del self.fields["subject"]
        for name in self.fields:
            self.fields[name].widget.attrs |= {"lang": place.language, "dir": "auto"}

    @property
    def words(self) -> Words:
        """What is typed, be it right or wrong, or what the page begins with."""
        given = self.data if self.is_bound else self.initial
        body = "\n".join(str(given.get("body", "")).splitlines())
        return Words(body=body, subject=str(given.get("subject", "")))

    def start_again_from(self, version: int) -> None:
        """Somebody was quicker: nothing typed is lost, and the next press knows of that version."""
        self.data = {**self.data, "based_on": str(version)}
        self.add_error(None, OVERTAKEN)

    def refuse(self, problems: list[Problem]) -> None:
        for problem in problems:
            field = problem.part if problem.part in self.fields else "body"
            self.add_error(field, problem.said(gettext))


@admin.register(Wording)
class WordingAdmin(admin.ModelAdmin[Wording]):
    """Versions are added, never changed: neither here nor by SQL (a trigger)."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Wording | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        name = "notifications_wording_{}".format
        view = self.admin_site.admin_view
        return [
            path("texte/", view(self.edit_view), name=name("edit")),
            path("apercu/", view(self.letter_view), name=name("letter")),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Every message in every language, and who has words of their own for it."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        form = ScopeForm(request.GET, scopes=wordings.scopes())
        if not form.is_valid():
            raise Http404
        scope = form.cleaned_data
        own = wordings.saved(centre=scope["centre"], type=scope["type"])
        context = {
            "title": _("Textes des messages"),
            "form": form,
            "languages": [gettext(LANGUAGE_NAMES[language]) for language in LANGUAGES],
            "rows": [
                _row(kind, channel, scope, own)
                for kind, forms in KINDS.items()
                for channel in forms
            ],
        }
        return self._page(request, "admin/wordings.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A version is read among the others of its place."""
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404
        return redirect(_address(wordings.place_of(found)))

    def edit_view(self, request: HttpRequest) -> HttpResponse:
        """One template: its words, how they read, and all its versions."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        place = _place(request)
        may_change = self.has_change_permission(request)
        form = WordsForm(request.POST or None, place=place, initial=_beginning(place))
        if request.method == "POST":
            do = request.POST.get("do", "")
            if do != "preview" and not may_change:
                raise PermissionDenied
            if self._is_done(request, do, place, form):
                return redirect(_address(place))
        return self._page(request, "admin/wording.html", _shown(place, form, may_change))

    def letter_view(self, request: HttpRequest) -> HttpResponseBase:
        """The e-mail being written, as it is received: posted here, shown alone in a tab."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return _letter(request)

    def _is_done(self, request: HttpRequest, do: str, place: Place, form: WordsForm) -> bool:
        """Do what the pressed button says; the form tells why it was refused."""
        if not form.is_valid():
            return False
        if do == "preview":
            form.refuse(_problems(place, form.words))
            return False
        try:
            said = _carry_out(do, place, form, author=request.user.get_username())
        except WordsRefused as refused:
            form.refuse(refused.problems)
            return False
        except Overtaken:
            form.start_again_from(wordings.in_use(place))
            return False
        messages.success(request, said)
        return True

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        common = {**self.admin_site.each_context(request), "opts": self.opts}
        return render(request, template, common | context)


@require_POST
@csp_update({"style-src": [UNSAFE_INLINE]})
def _letter(request: HttpRequest) -> HttpResponse:
    """Mail programmes know styles on elements only: so this page has them too."""
    place = _place(request)
    if place.channel != EMAIL:
        raise Http404
    form = WordsForm(request.POST, place=place, initial=_beginning(place))
    case = request.POST.get("case", "ordinary")
    if case not in CASES or not form.is_valid():
        raise Http404
    shown = previews(place.kind, place.channel, place.language, form.words)
    return HttpResponse(next(each.html for each in shown if each.case == case))


def _place(request: HttpRequest) -> Place:
    form = PlaceForm(request.GET, scopes=wordings.scopes())
    if not form.is_valid():
        raise Http404
    return Place(**form.cleaned_data)


def _address(place: Place) -> str:
    return f"{reverse('admin:notifications_wording_edit')}?{urlencode(asdict(place))}"


def _row(
    kind: str, channel: str, scope: dict[str, str], own: dict[Place, Wording]
) -> dict[str, Any]:
    places = [Place(kind, channel, language, **scope) for language in LANGUAGES]
    return {
        "purpose": gettext(PURPOSES[kind]),
        "channel": OutboxMessage.Channel(channel).label,
        "cells": [
            {
                "url": _address(place),
                "language": gettext(LANGUAGE_NAMES[place.language]),
                "own": own.get(place),
            }
            for place in places
        ],
    }


def _beginning(place: Place) -> dict[str, Any]:
    """The words that are said today, whosever they are."""
    found = _nearest(place)
    shipped = default_wording(place.kind, place.channel, place.language)
    return {
        "subject": found.subject if found else shipped.subject,
        "body": (found.body if found else shipped.body).strip(),
        "based_on": wordings.in_use(place),
    }


def _nearest(place: Place) -> Wording | None:
    """Read at once, not as this process remembers it."""
    wordings.forget()
    return wordings.current(place)


def _problems(place: Place, words: Words) -> list[Problem]:
    return check(place.kind, place.channel, place.language, subject=words.subject, body=words.body)


def _shown(place: Place, form: WordsForm, may_change: bool) -> dict[str, Any]:  # noqa: FBT001
    found = _nearest(place)
    centres, types = (dict(known) for known in wordings.scopes())
    return {
        "title": gettext(PURPOSES[place.kind]),
        "place": place,
        "language": gettext(LANGUAGE_NAMES[place.language]),
        "channel": OutboxMessage.Channel(place.channel).label,
        "centre": centres.get(place.centre, place.centre),
        "type": types.get(place.type, place.type),
        "form": form,
        "may_change": may_change,
        "in_use": found,
        "is_own": found is not None and wordings.place_of(found) == place,
        "previews": _told(previews(place.kind, place.channel, place.language, form.words)),
        "most_parts": PARTS[place.language],
        "variables": _variables(place),
        "history": wordings.history(place),
        "shipped": default_wording(place.kind, place.channel, place.language),
        "letter_url": f"{reverse('admin:notifications_wording_letter')}?{urlencode(asdict(place))}",
        "list_url": f"{reverse('admin:notifications_wording_changelist')}?"
        + urlencode({"centre": place.centre, "type": place.type}),
    }


def _told(shown: list[Preview]) -> list[Preview]:
    return [replace(each, says=gettext(each.says)) for each in shown]


def _variables(place: Place) -> list[tuple[str, str, bool]]:
    """Name, meaning, and whether it may also stand in the subject; in the order of their list."""
    form = form_of(place.kind, place.channel)
    return [
        (f"{{{name}}}", gettext(variable.says), name in form.subject)
        for name, variable in VARIABLES.items()
        if name in form.allowed
    ]


def _carry_out(do: str, place: Place, form: WordsForm, *, author: str) -> str:
    """What was done, in words. Raises WordsRefused, Overtaken."""
    based_on, now = form.cleaned_data["based_on"], timezone.now()
    if do == "shipped":
        wordings.return_to_shipped(place, based_on=based_on)
        return gettext("Le texte plus général, ou livré, est de nouveau en usage.")
    if do.isdecimal():
        old = get_object_or_404(Wording, **asdict(place), version=int(do))
        made = wordings.restore(old, author=author, now=now, based_on=based_on)
    else:
        words = form.words
        made = wordings.save(
            place,
            subject=words.subject,
            body=words.body,
            author=author,
            now=now,
            based_on=based_on,
        )
    text = gettext(
        "Version %(version)s enregistrée. Les messages qui partent maintenant la suivent."
    )
    return text % {"version": made.version}
