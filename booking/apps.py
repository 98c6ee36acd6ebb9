"""App configuration of the house of appointments."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingConfig(AppConfig):
    name = "booking"
    verbose_name = _("Rendez-vous")

    def ready(self) -> None:
        from booking import messages, planning, telling  # noqa: PLC0415  models exist only now
        from notifications import composing  # noqa: PLC0415

        for kind in messages.ABOUT_APPOINTMENT:
            composing.register(kind, telling.about_appointment)
        composing.register(planning.REMINDER, telling.about_day)
