"""The first page's entries: each need, its address in plain French, its icon and what it covers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _

from centres.models import AppointmentType

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Need = AppointmentType.Need


class Entry(NamedTuple):
    """How a need is shown: `slug` in its address, `icon` among the templates' icons."""

    need: Need
    slug: str
    icon: str
    hint: _StrPromise

    @property
    def icon_file(self) -> str:
        return f"icons/{self.icon}.svg"


ENTRIES = (
    Entry(Need.CHILD, "enfant", "scale", _("Santé, vaccins, poids, sommeil, jusqu’à 6 ans")),
    Entry(Need.BABY, "bebe", "baby", _("Première consultation, allaitement, poids")),
    Entry(Need.PREGNANCY, "grossesse", "pregnancy", _("Entretien, consultation, préparation")),
    Entry(
        Need.AFTER_BIRTH,
        "apres-naissance",
        "mother",
        _("Consultation et entretien avec une sage-femme"),
    ),
    Entry(Need.WORKSHOP, "atelier", "group", _("Massage, premiers repas, allaitement")),
    Entry(
        Need.SEXUAL_HEALTH,
        "sante-sexuelle",
        "heart",
        _("Gratuit et confidentiel, aussi pour les mineurs"),
    ),
    Entry(Need.CHILDMINDER, "assistant-maternel", "home", _("Réunion d’information, agrément")),
    Entry(Need.OTHER, "autre", "talk", _("Tout le reste")),
)
BY_SLUG = {entry.slug: entry for entry in ENTRIES}
BY_NEED = {entry.need: entry for entry in ENTRIES}


class NeedConverter:
    """A need in an address: "apres-naissance" there, Need.AFTER_BIRTH here."""

    regex = "|".join(BY_SLUG)

    def to_python(self, value: str) -> Need:
        return BY_SLUG[value].need

    def to_url(self, value: str) -> str:
        return BY_NEED[Need(value)].slug
