"""Values to try a template on: real-looking ones for the preview, the longest ones for the checks.

Dates and times come from the same functions as the real ones, so their longest forms are true.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import product

from notifications.words.kinds import FRENCH, known_language
from notifications.words.moments import (
    short_day,
    short_time,
    short_times,
    spoken_day,
    spoken_moment,
    spoken_time,
)
from notifications.words.neutral import PLACE_LENGTH
from notifications.words.template import Value

SHORT_LINK_LENGTH = 44
TUESDAY = date(2026, 11, 24)
MORNING, AFTERNOON = time(10), time(14, 30)
HOURS = [time(hour, minute) for hour, minute in product(range(8, 20), (0, 30, 45))]
SITE = "https://rendez-vous.departement.example"
TOKEN = "9f1c2ab47de04c55a1b0e6a7d3c8f210~Zt4Qv8pLr2mXc7Yw1Ks9Bd5Hn3Gj6Tf0UaEoIiMqPzX"  # noqa: S105
PLACE = ["Maison des familles", "12 rue des Écoles, 35600 Redon"]
LONGEST_PLACE = [
    "Espace départemental des solidarités de Châteauneuf-d’Ille-et-Vilaine",
    "127 bis avenue du Général-de-Gaulle, bâtiment C, 35430 Châteauneuf-d’Ille-et-Vilaine",
    "Entrée par la cour, deuxième étage, ascenseur ; arrêt de bus Hôtel-de-Ville, ligne 14",
]

REASONS = {
    "fr": "Rendez-vous avec la puéricultrice (poids, sommeil, alimentation)",
    "fr-x-facile": "Voir la puéricultrice pour le poids, le sommeil et les repas",
    "en": "Appointment with the child health nurse (weight, sleep, feeding)",
    "ar": "موعد مع ممرضة الأطفال (الوزن، النوم، التغذية)",
    "tr": "Çocuk hemşiresiyle görüşme (kilo, uyku, beslenme)",
    "pt": "Consulta com a enfermeira de puericultura (peso, sono, alimentação)",
    "uk": "Прийом у дитячої медсестри (вага, сон, харчування)",
}
THINGS = {
    "fr": ["le carnet de santé", "la carte Vitale ou une attestation, si vous en avez une"],
    "fr-x-facile": ["le carnet de santé", "la carte Vitale, si vous en avez une"],
    "en": ["the child health record", "the Vitale card or a certificate, if you have one"],
    "ar": ["الدفتر الصحي", "بطاقة فيتال (Carte Vitale) أو شهادة، إن كانت لديكم"],
    "tr": ["sağlık karnesi", "varsa Vitale kartı (carte Vitale) veya bir belge"],
    "pt": ["o boletim de saúde", "o cartão Vitale ou um comprovativo, se tiver"],
    "uk": ["медична книжка дитини", "картка Vitale (carte Vitale) або довідка, якщо є"],
}


def example_values(language: str) -> dict[str, Value]:
    """An ordinary appointment, all variables filled."""
    language = known_language(language)
    return {
        **_moment_values(datetime.combine(TUESDAY, AFTERNOON), language),
        "times": short_times([MORNING, AFTERNOON], language),
        "visits": _visits([MORNING, AFTERNOON], PLACE[0], language),
        "place": PLACE,
        "new_place": PLACE,
        "place_short": "Maison des familles",
        "reason": REASONS[language],
        "bring": THINGS[language],
        "reference": "K7Q4-M2XD",
        "centre": "CDAS du Pays de Redon",
        "phone": "02 61 91 23 45",
        "department": "Ille-et-Vilaine",
        **_links(),
        **_until_values(datetime.combine(TUESDAY, MORNING), language),
        "current": spoken_moment(datetime.combine(TUESDAY, AFTERNOON), language),
        "rows": ["Dr Nadia Guivarc’h, 9 h – 12 h", "☐ 9 h 30 Inès B., K7Q4-M2XD, arabe"],
        "code": "042917",
        "minutes": 15,
    }


@cache
def longest_values(language: str) -> dict[str, Value]:
    """The most room each variable may take in this language."""
    language = known_language(language)
    days = [date(2027, 1, 1) + timedelta(days=count) for count in range(365)]
    day = max(days, key=lambda each: len(spoken_day(each, language)))
    clock = max(HOURS, key=lambda each: len(spoken_time(each, language)))
    digits = max(HOURS, key=lambda each: len(short_time(each, language)))
    several = [[digits, digits], [digits] * 9]
    return {
        **_moment_values(datetime.combine(day, clock), language),
        "day_short": max((short_day(each, language) for each in days), key=len),
        "time_short": short_time(digits, language),
        "times": max((short_times(times, language) for times in several), key=len),
        "visits": _visits([clock] * 4, LONGEST_PLACE[0], language),
        "place": LONGEST_PLACE,
        "new_place": LONGEST_PLACE,
        "new_day_short": max((short_day(each, language) for each in days), key=len),
        "new_time_short": short_time(digits, language),
        # No real one: those are cut at this length.
        "place_short": "Chateauneuf-d'Ille-et-Vilaines"[:PLACE_LENGTH],
        "reason": f"{REASONS[language]} {REASONS[FRENCH]}",
        "bring": [f"{thing} {other}" for thing in THINGS[language] for other in THINGS[FRENCH]],
        "reference": "WWWW-WWWW",
        "centre": "CDAS Rennes Le Blosne – Francisco-Ferrer, Châteauneuf-d’Ille-et-Vilaine",
        "phone": "02 61 91 23 45",
        "department": "Territoire-de-Belfort et Alpes-de-Haute-Provence",
        **_links(),
        **_until_values(datetime.combine(day, clock), language),
        "until_short": f"{max((short_day(each, language) for each in days), key=len)}"
        f" {short_time(digits, language)}",
        "current": spoken_moment(datetime.combine(day, clock), language),
        "rows": ["☐ 11 h 45 Anne-Françoise-Élisabeth W., WWWW-WWWW, interprète"] * 40,
        "code": "888888",
        "minutes": 60,
    }


def discreet_values(language: str) -> dict[str, Value]:
    """An appointment whose reason is told nowhere."""
    return {**example_values(language), "reason": "", "bring": []}


def _moment_values(local: datetime, language: str) -> dict[str, Value]:
    return {
        "when": spoken_moment(local, language),
        "when_with_year": spoken_moment(local, language, has_year=True),
        "day": spoken_day(local.date(), language),
        "day_short": short_day(local.date(), language),
        "time_short": short_time(local.time(), language),
        "new_when": spoken_moment(local, language, has_year=True),
        "new_day_short": short_day(local.date(), language),
        "new_time_short": short_time(local.time(), language),
        "answer_by": spoken_moment(local, language),
    }


def _until_values(local: datetime, language: str) -> dict[str, Value]:
    return {
        "until": spoken_moment(local, language),
        "until_short": f"{short_day(local.date(), language)} {short_time(local.time(), language)}",
    }


def _visits(clocks: list[time], place: str, language: str) -> list[str]:
    comma = "،" if language == "ar" else ","
    return [f"{spoken_time(clock, language)}{comma} {place}" for clock in clocks]


def _links() -> dict[str, Value]:
    page = f"{SITE}/r/{TOKEN}/"
    return {
        "link": page,
        "move_link": f"{page}deplacer/",
        "cancel_link": f"{page}annuler/",
        "short_link": "https://rdv.departement.example/s/9KQ2MXVT7H4"[:SHORT_LINK_LENGTH],
        "home_url": f"{SITE}/",
    }
