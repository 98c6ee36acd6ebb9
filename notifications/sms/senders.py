"""From whom an SMS may come in France: a name of the Département's own, or a number for replies.

Names: af2m (11 letters and digits); operators block or replace others, and generic ones, since
2025-03-10. Numbers: 06 and 07 are closed to platforms since 2023 (ARCEP decision 2022-1583).
"""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

SHORT_CODE = re.compile(r"3[68]\d{3}")
# Numbers kept for platforms, as they are typed or in E.164.
PLATFORM_NUMBER = re.compile(r"(?:0|\+33)93[789]\d{6}")
MOBILE_NUMBER = re.compile(r"(?:0|\+?33|0033)[67]\d*")
NAME = re.compile(r"[A-Za-z0-9]+", re.ASCII)

# Names that say nothing of who writes, alone, joined or numbered.
GENERIC = (
    r"ALERTE?|AVIS|CODE|CONFIRMATION|CONTACT|INFO|INFORMATION|MESSAGE|MSG|NOTIF|NOTIFICATION"
    r"|NOTICE|OTP|RAPPEL|RDV|RENDEZVOUS|REMINDER|SECURITE|SERVICE|SMS|TEST|URGENT|WEB"
)
ONLY_GENERIC = re.compile(rf"(?:(?:{GENERIC})S?|\d)+", re.IGNORECASE)

REFUSALS = {
    "empty": _("Écrivez un nom d’expéditeur."),
    "characters": _(
        "Le nom d’expéditeur ne contient que des lettres sans accent et des chiffres, "
        "sans espace ni ponctuation."
    ),
    "too_short": _("Le nom d’expéditeur a au moins 3 caractères."),
    "too_long": _("Le nom d’expéditeur a au plus 11 caractères."),
    "mobile": _(
        "Les numéros en 06 et 07 sont interdits aux envois automatiques. "
        "Écrivez un nom, ou un numéro court qui commence par 36 ou 38."
    ),
    "digits": _(
        "Le nom d’expéditeur contient au moins une lettre. "
        "Seuls les numéros courts qui commencent par 36 ou 38 et les numéros "
        "en 0937, 0938 et 0939 peuvent envoyer des SMS."
    ),
    "generic": _(
        "Les opérateurs refusent ce nom, qui ne dit pas qui écrit. "
        "Ajoutez le nom du Département, par exemple CD35INFO."
    ),
    "health": _("Ce nom révèle un suivi de santé. Écrivez un nom neutre, par exemple CD35INFO."),
}


def check_sender(name: str) -> str:
    """The sender, trimmed, when French operators carry it.

    Raises ValidationError with a sentence for the person and a code for the program. Whether the
    provider has validated this very name is known to the provider alone.
    """
    sender = name.strip()
    refusal = _refusal(sender)
    if refusal:
        raise ValidationError(REFUSALS[refusal], code=refusal)
    return sender


def takes_replies(sender: str) -> bool:
    """A phone answers a number; it cannot answer a name."""
    return bool(SHORT_CODE.fullmatch(sender) or PLATFORM_NUMBER.fullmatch(sender))


def _refusal(sender: str) -> str:
    if not sender:
        return "empty"
    if takes_replies(sender):
        return ""
    compact = re.sub(r"[\s.\-]", "", sender)
    if MOBILE_NUMBER.fullmatch(compact):
        return "mobile"
    if compact.lstrip("+").isdigit():
        return "digits"
    return _refusal_of_name(sender)


def _refusal_of_name(name: str) -> str:
    if not NAME.fullmatch(name):
        return "characters"
    if not 3 <= len(name) <= 11:
        return "too_short" if len(name) < 3 else "too_long"
    if ONLY_GENERIC.fullmatch(name):
        return "generic"
    return "health" if "PMI" in name.upper() else ""
