"""What is answered before any view is reached: a form too big, or not to be read at all."""

from __future__ import annotations

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults

TOO_BIG = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django answers 400 to both; a person told "too big" knows what to do."""
    if isinstance(exception, TOO_BIG):
        return render(request, "413.html", status=413)
    return defaults.bad_request(request, exception)
