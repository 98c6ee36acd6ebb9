"""Administration of what is usual at which age. A later load keeps what was edited here."""

from __future__ import annotations

from django.contrib import admin

from centres.models import ChildExam, VaccineAge


@admin.register(ChildExam)
class ChildExamAdmin(admin.ModelAdmin[ChildExam]):
    list_display = (
        "number",
        "label",
        "first_day",
        "usual_day",
        "until_day",
        "certainty",
        "valid_from",
        "valid_until",
    )
    list_display_links = ("number", "label")
    list_filter = ("certainty",)


@admin.register(VaccineAge)
class VaccineAgeAdmin(admin.ModelAdmin[VaccineAge]):
    list_display = ("label", "age_months", "status", "certainty", "valid_from", "valid_until")
    list_filter = ("status", "certainty")
