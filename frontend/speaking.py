"""Another language in the middle of a form: the same page again, with what was typed."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.i18n import LANGUAGE_QUERY_PARAMETER, set_language


def is_asked(request: HttpRequest) -> bool:
    """Whether a form was sent by the button of a language, not by its own."""
    return request.method == "POST" and LANGUAGE_QUERY_PARAMETER in request.POST


def answer(request: HttpRequest, page: Callable[[], HttpResponse]) -> HttpResponse:
    """The page in the language asked for, which the browser remembers."""
    told = set_language(request)
    language = request.POST[LANGUAGE_QUERY_PARAMETER]
    if language in dict(settings.LANGUAGES):
        translation.activate(language)
    response = page()
    response.cookies.update(told.cookies)
    return response
