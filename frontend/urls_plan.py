"""Addresses of what a centre's managers change: opening rules, single half-days, spreadsheets."""

from __future__ import annotations

from django.urls import path

from frontend.views.staff import half_days, rules, spreadsheets

PLAN = "equipe/planning/<slug:centre_slug>"

urlpatterns = [
    path(f"{PLAN}/plages/", rules.listing, name="rules"),
    path(f"{PLAN}/plages/nouvelle/", rules.edit, name="rule-new"),
    path(f"{PLAN}/plages/<int:pk>/", rules.edit, name="rule"),
    path(f"{PLAN}/plages/annuler/<int:pk>/", rules.undo, name="rule-undo"),
    path(f"{PLAN}/demi-journees/", half_days.week, name="half-days"),
    path(f"{PLAN}/demi-journees/<int:pk>/", half_days.edit, name="half-day"),
    path(f"{PLAN}/demi-journees/echanger/", half_days.swap, name="half-day-swap"),
    path(f"{PLAN}/tableaux/importe/<uuid:uid>/", spreadsheets.report, name="sheet-report"),
    path(f"{PLAN}/tableaux/importe/<uuid:uid>/annuler/", spreadsheets.undo, name="sheet-undo"),
    path(f"{PLAN}/tableaux/<slug:what>/", spreadsheets.page, name="sheet"),
    path(f"{PLAN}/tableaux/<slug:what>/export.csv", spreadsheets.export, name="sheet-export"),
    path(f"{PLAN}/tableaux/<slug:what>/exemple.csv", spreadsheets.example, name="sheet-example"),
]
