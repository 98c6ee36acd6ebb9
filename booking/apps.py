"""App configuration of the house of appointments."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingConfig(AppConfig):
    name = "booking"
    verbose_name = _("Rendez-vous")

    def ready(self) -> None:
        from booking import messages, replies, ringing  # noqa: PLC0415  models exist only now
        from notifications import composing, fallback  # noqa: PLC0415
        from notifications import replies as inbound  # noqa: PLC0415

        for kind in messages.ABOUT_APPOINTMENT:
            composing.register(kind, messages.about_appointment)
        inbound.register(replies.act)
        fallback.register(ringing.moment)
