"""App configuration of the house of appointments."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingConfig(AppConfig):
    name = "booking"
    verbose_name = _("Rendez-vous")

    def ready(self) -> None:
        # Models exist only now.
        from booking import (  # noqa: PLC0415
            colleagues,
            messages,
            offer_messages,
            offer_telling,
            paper,
            planning,
            replies,
            ringing,
            telling,
        )
        from booking.wording_scopes import wording_scopes  # noqa: PLC0415
        from notifications import composing, hours, wordings  # noqa: PLC0415
        from notifications import replies as inbound  # noqa: PLC0415

        for kind in messages.ABOUT_APPOINTMENT:
            composing.register(kind, telling.about_appointment)
        composing.register(messages.PROPOSED, telling.about_proposal)
        composing.register(offer_messages.OFFER, offer_telling.about_offer)
        composing.register(offer_messages.WAITING, offer_telling.about_entry)
        composing.register(planning.REMINDER, telling.about_day)
        composing.register(paper.PAPER, paper.about_paper)
        composing.register(messages.TOGETHER, telling.about_together)
        composing.register(colleagues.ACCOUNT, colleagues.about_account)
        inbound.register(replies.act)
        hours.register(ringing.opening)
        wordings.register_scopes(wording_scopes)
