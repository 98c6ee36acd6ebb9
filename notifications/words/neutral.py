"""Words that would tell of a person's health, and neutral names for SMS and subjects.

Phones are shared and screens light up on tables: no care, no service, no age, no profession there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from notifications.words.kinds import html_language, known_language

PLACE_LENGTH = 30

# Beginnings of words, without accents; "|" at the end of one asks for the word alone.
STEMS = {
    "fr": (
        "pmi| protection-maternelle planification cpef| vaccin grossesse enceinte contracep ivg|"
        " avortement sexuel sexualite depistage ist| vih| sida| sage-femme puericult medecin medica"
        " docteur dr| infirmier consultation sante| soin bebe nourrisson enfant| enfants| naissance"
        " accouch maternite allait prenatal postnatal pesee| psycholog conjugal gyneco pediatr"
        " hopital clinique malad urgence rsa| ase|"
    ),
    "en": (
        "pmi| vaccin jab| pregnan contracep abort sexual hiv| sti| midwi nurse doctor dr| health"
        " medic clinic| baby babies newborn infant child| children birth breastfeed antenatal"
        " postnatal screening checkup check-up psycholog gyn hospital illness"
    ),
    "tr": (
        "pmi| asi| asilar asilama asisi| hamile gebe dogum kontrasep kurtaj cinsel ebe| hemsire"
        " doktor hekim saglik tibbi muayene bebek cocuk emzir psikolog hastane hastalik tarama"
    ),
    "pt": (
        "pmi| vacin gravid gestante gestacao contrace aborto sexual parteira enfermeir medic doutor"
        " saude consulta bebe crianca recem-nascid parto amament prenatal pre-natal rastrei"
        " psicolog hospital clinica doenca"
    ),
    "uk": (
        "пмі| щеплен вакцин вагітн контрацеп аборт сексуальн статев акушер медсестр лікар медич"
        " здоров дитин дитяч діти| дітей немовл малюк полог пологов грудн огляд психолог гінеколог"
        " лікарн поліклін хвороб"
    ),
    # Articles and prepositions are written onto Arabic words: these may begin anywhere.
    "ar": (
        "تلقيح لقاح تطعيم الحمل حامل حوامل إجهاض اجهاض جنسي قابلة ممرض طبيب طبي دكتور صحة صحي رضيع"
        " رضاعة طفل أطفال اطفال ولادة فحص نفسي مستشفى عيادة مرض"
    ),
}


def _folded(text: str) -> str:
    """Without case, accents or look-alike signs, so that nothing hides behind them."""
    # "й" and "ї" are letters of their own, and Arabic letters wear their hamza.
    letters = (
        c if "\u0400" <= c <= "\u06ff" else unicodedata.normalize("NFKD", c)
        for c in unicodedata.normalize("NFKC", text.casefold())
    )
    plain = "".join(c for c in "".join(letters) if not unicodedata.combining(c))
    return plain.replace("ı", "i")


@cache
def _pattern(language: str) -> re.Pattern[str]:
    """French words too: names of places are French in every language."""
    begun = {stem for key in {"fr", language} - {"ar"} for stem in STEMS.get(key, "").split()}
    latin = "|".join(
        re.escape(stem.rstrip("|")).replace(r"\-", r"[\s\-]+") + (r"\b" if stem[-1] == "|" else "")
        for stem in sorted(begun)
    )
    patterns = [rf"\b(?:{latin})\w*"]
    if language == "ar":
        patterns.append(rf"(?:{'|'.join(STEMS['ar'].split())})\w*")
    return re.compile("|".join(patterns))


def forbidden_words(text: str, language: str) -> list[str]:
    """The words that may stand neither in an SMS nor in a subject, in the order they come."""
    pattern = _pattern(html_language(known_language(language)))
    # "P.M.I." is "PMI" too.
    plain = re.sub(r"\b(\w)\.(?=\w\b)", r"\1", _folded(text))
    return [found.group() for found in pattern.finditer(plain)]


def neutral_place(names: Iterable[str], *, longest: int = PLACE_LENGTH) -> str:
    """The first of these names that gives nothing away, cut at a word; "" if all of them do.

    Give the site's name first, then its town.
    """
    neutral = (name.strip() for name in names if name.strip() and not forbidden_words(name, "fr"))
    return cut(next(neutral, ""), longest)


def cut(text: str, longest: int) -> str:
    """At most so many characters, cut between two words where one can."""
    if len(text) <= longest:
        return text
    short, _space, rest = text[: longest + 1].rpartition(" ")
    return short.rstrip(" ,-–") if short and len(rest) < longest / 2 else text[:longest]
