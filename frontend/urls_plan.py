"""Addresses of what a centre's managers change: opening rules and single half-days."""

from __future__ import annotations

from django.urls import path

from frontend.views.staff import rules

PLAN = "equipe/planning/<slug:centre_slug>"

urlpatterns = [
    path(f"{PLAN}/plages/", rules.listing, name="rules"),
    path(f"{PLAN}/plages/nouvelle/", rules.edit, name="rule-new"),
    path(f"{PLAN}/plages/<int:pk>/", rules.edit, name="rule"),
    path(f"{PLAN}/plages/annuler/<int:pk>/", rules.undo, name="rule-undo"),
]
