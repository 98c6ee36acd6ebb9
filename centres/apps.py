"""App configuration of the house of places, people and opening hours."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CentresConfig(AppConfig):
    name = "centres"
    verbose_name = _("Centres et plages d’ouverture")
