"""Phone numbers that can receive an SMS, in E.164, and the same ones hidden for logs.

France and its overseas départements share one ten-digit plan (ARCEP), but not one country code: a
0692 number typed anywhere in France is +262 692. Lengths and first digits are checked, not the
list of blocks in service: it lags behind the regulator and leaves out the numbers kept for fiction.
"""

from __future__ import annotations

import re
from enum import StrEnum

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

# Of the ten-digit plan, the codes and the regions that phonenumbers knows under them.
PLAN = {"FR": 33, "GP": 590, "MQ": 596, "GF": 594, "RE": 262, "YT": 262}
# Mobile prefixes overseas, for blocks too new to be listed.
OVERSEAS = {"690": 590, "691": 590, "692": 262, "693": 262, "694": 594, "696": 596, "697": 596}
# Saint-Pierre-et-Miquelon, New Caledonia, French Polynesia, Wallis and Futuna: plans of their own.
FRENCH_CODES = frozenset({*PLAN.values(), 508, 687, 689, 681})
MOBILE_TYPES = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}

# As people type and paste them, no-break spaces and dashes included.
WRITTEN = re.compile(r"[\d\s+()./\-‐‑–]*")
DIGITS = re.compile(r"\+?\d(?:[\s.\-]?\d){5,}")

REFUSALS = {
    "empty": _("Écrivez un numéro de téléphone mobile."),
    "not_a_number": _("Ce numéro contient autre chose que des chiffres."),
    "too_short": _("Ce numéro est trop court. Un numéro français a 10 chiffres."),
    "too_long": _("Ce numéro est trop long. Un numéro français a 10 chiffres."),
    "landline": _(
        "Ce numéro est celui d’un téléphone fixe, qui ne reçoit pas de SMS. "
        "Écrivez un numéro de mobile, qui commence par 06 ou 07."
    ),
    "special": _("Ce numéro est un numéro spécial, qui ne reçoit pas de SMS."),
    "unknown": _("Ce numéro étranger n’existe pas. Vérifiez l’indicatif du pays."),
}


def parse(typed: str, *, region: str = "FR") -> str:
    """A mobile number in E.164. `region` says where a number without a country code was typed.

    Raises ValidationError with a sentence for the person and a code for the program.
    """
    number = _read(typed.strip(), region)
    if number.country_code in PLAN.values():
        return _french_mobile(str(number.national_number), region)
    if not phonenumbers.is_valid_number(number):
        raise _refusal("unknown")
    if phonenumbers.number_type(number) not in MOBILE_TYPES:
        raise _refusal("landline")
    return _e164(number)


def is_mobile(number: str) -> bool:
    try:
        parse(number)
    except ValidationError:
        return False
    return True


def is_french(number: str) -> bool:
    """Whether a number in E.164 is of France, overseas territories included."""
    try:
        return phonenumbers.parse(number).country_code in FRENCH_CODES
    except NumberParseException:
        return False


class Zone(StrEnum):
    """Where a number is: what an SMS costs, and how likely it is asked for to earn money by it."""

    MAINLAND = "mainland"
    OVERSEAS = "overseas"
    ABROAD = "abroad"


def zone_of(number: str) -> Zone:
    """The zone of a number in E.164."""
    if not is_french(number):
        return Zone.ABROAD
    return Zone.MAINLAND if number.startswith("+33") else Zone.OVERSEAS


def mask(number: str) -> str:
    """What a log may hold of a number: its country and its last two digits."""
    hidden = len(number) - 5
    return f"{number[:3]}{'*' * hidden}{number[-2:]}" if hidden > 2 else "***"


def without_numbers(text: str, *, longest: int = 200) -> str:
    """A provider's own words, fit for a log: no phone number in them, and not too many."""
    return DIGITS.sub("***", " ".join(text.split()))[:longest]


def _read(typed: str, region: str) -> PhoneNumber:
    if not typed:
        raise _refusal("empty")
    # phonenumbers would read letters as on a telephone's keys, and an extension after a word.
    if not WRITTEN.fullmatch(typed):
        raise _refusal("not_a_number")
    try:
        return phonenumbers.parse(re.sub(r"[^\d+]", "", typed), region)
    except NumberParseException as error:
        raise _refusal(_why_unread(error)) from None


def _why_unread(error: NumberParseException) -> str:
    if error.error_type == NumberParseException.TOO_LONG:
        return "too_long"
    if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
        return "unknown"
    return "too_short"


def _french_mobile(national: str, region: str) -> str:
    if len(national) != 9:
        raise _refusal("too_short" if len(national) < 9 else "too_long")
    if national[0] not in "67":
        raise _refusal("special" if national[0] == "8" else "landline")
    for candidate in (region, *PLAN):
        number = PhoneNumber(country_code=PLAN.get(candidate, 33), national_number=int(national))
        if phonenumbers.is_valid_number_for_region(number, candidate):
            return _e164(number)
    return f"+{OVERSEAS.get(national[:3], 33)}{national}"


def _e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _refusal(code: str) -> ValidationError:
    return ValidationError(REFUSALS[code], code=code)
