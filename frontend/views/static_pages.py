"""Pages the law asks for: accessibility statement, personal data, legal notice."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from centres.models import Department
from frontend.access import access


def _page(request: HttpRequest, name: str) -> HttpResponse:
    department = Department.objects.order_by("pk").first()
    return render(request, f"pages/legal/{name}.html", {"department": department})


@access("public")
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return _page(request, "accessibility")


@access("public")
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    return _page(request, "privacy")


@access("public")
@require_safe
def legal(request: HttpRequest) -> HttpResponse:
    return _page(request, "legal")
