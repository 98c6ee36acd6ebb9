"""The choice of the language of messages: there are more than pages are in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from booking.contacts import LANGUAGES
from notifications.words.kinds import FRENCH, RIGHT_TO_LEFT, html_language


class LanguageSelect(forms.Select):
    """Each name is read aloud by a voice of its own language."""

    def create_option(self, name: str, value: Any, *args: Any, **options: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **options)
        option["attrs"]["lang"] = html_language(str(value))
        if value in RIGHT_TO_LEFT:
            option["attrs"]["dir"] = "rtl"
        return option


class LanguageField(forms.ChoiceField):
    """The page's language unless another is chosen."""

    widget = LanguageSelect
    is_unmarked = True

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", _("Langue de vos messages"))
        super().__init__(
            choices=list(LANGUAGES.items()),
            initial=page_language,
            required=False,
            **options,
        )

    def clean(self, value: Any) -> str:
        return str(super().clean(value)) or page_language()


def page_language() -> str:
    """The language of messages nearest to the page's."""
    return (get_language() or FRENCH).partition("-")[0]
