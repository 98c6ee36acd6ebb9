"""Which messages exist, in which languages and channels, and which variables each may hold.

Nothing that tells of a person's health ever reaches an SMS or a subject: those variables are not
among the allowed ones there.
"""

from __future__ import annotations

from dataclasses import dataclass


def gettext_noop(text: str) -> str:
    """Mark a text for translation without importing Django into the pure modules."""
    return text


FRENCH, EASY_FRENCH = "fr", "fr-x-facile"
LANGUAGES = (FRENCH, EASY_FRENCH, "en", "ar", "tr", "pt", "uk")
LANGUAGE_NAMES = {
    FRENCH: gettext_noop("français"),
    EASY_FRENCH: gettext_noop("français facile"),
    "en": gettext_noop("anglais"),
    "ar": gettext_noop("arabe"),
    "tr": gettext_noop("turc"),
    "pt": gettext_noop("portugais"),
    "uk": gettext_noop("ukrainien"),
}
RIGHT_TO_LEFT = frozenset({"ar"})
# An SMS in these leaves in GSM-7, without the accents it lacks: people write so on their phones.
GSM_LANGUAGES = frozenset({FRENCH, EASY_FRENCH, "en", "tr", "pt"})
# The most parts an SMS may take at the longest values; one of GSM-7 is 160, two of UCS-2 are 134.
PARTS = {language: 1 if language in GSM_LANGUAGES else 2 for language in LANGUAGES}
# Whoever helps the family reads French: these e-mails say it all again below.
FRENCH_BELOW = frozenset({"ar", "tr", "pt", "uk"})

EMAIL, SMS = "email", "sms"
SUBJECT_LENGTH, EMAIL_LENGTH = 90, 6000


@dataclass(frozen=True, slots=True)
class Variable:
    """What a placeholder stands for; `says` is for whoever edits a template."""

    says: str
    is_list: bool = False
    is_link: bool = False


VARIABLES = {
    "when": Variable(gettext_noop("jour et heure en toutes lettres")),
    "when_with_year": Variable(gettext_noop("jour, année et heure en toutes lettres")),
    "day": Variable(gettext_noop("jour en toutes lettres, sans l’heure")),
    "day_short": Variable(gettext_noop("jour en chiffres")),
    "time_short": Variable(gettext_noop("heure en chiffres")),
    "times": Variable(gettext_noop("heures des rendez-vous du jour")),
    "visits": Variable(gettext_noop("heure et lieu de chaque rendez-vous du jour"), is_list=True),
    "place": Variable(gettext_noop("lieu et adresse"), is_list=True),
    "place_short": Variable(gettext_noop("nom neutre du lieu, 30 caractères au plus")),
    "reason": Variable(gettext_noop("motif, vide s’il est discret")),
    "bring": Variable(
        gettext_noop("ce qu’il faut apporter, vide si le motif est discret"), is_list=True
    ),
    "reference": Variable(gettext_noop("numéro du rendez-vous")),
    "centre": Variable(gettext_noop("nom du centre")),
    "phone": Variable(gettext_noop("téléphone du centre")),
    "department": Variable(gettext_noop("nom du Département")),
    "link": Variable(gettext_noop("page du rendez-vous"), is_link=True),
    "move_link": Variable(gettext_noop("page pour déplacer le rendez-vous"), is_link=True),
    "cancel_link": Variable(gettext_noop("page pour annuler le rendez-vous"), is_link=True),
    "short_link": Variable(gettext_noop("page du rendez-vous, adresse courte"), is_link=True),
    "until": Variable(gettext_noop("jour et heure avant lesquels répondre")),
    "until_short": Variable(gettext_noop("jour et heure avant lesquels répondre, en chiffres")),
    "current": Variable(gettext_noop("rendez-vous actuel, vide sans rendez-vous")),
    "home_url": Variable(gettext_noop("page d’accueil pour prendre rendez-vous"), is_link=True),
    "new_when": Variable(gettext_noop("jour, année et heure proposés")),
    "new_day_short": Variable(gettext_noop("jour proposé, en chiffres")),
    "new_time_short": Variable(gettext_noop("heure proposée, en chiffres")),
    "new_place": Variable(gettext_noop("lieu proposé et adresse"), is_list=True),
    "answer_by": Variable(gettext_noop("dernier moment pour répondre")),
    "rows": Variable(gettext_noop("lignes de la feuille du jour"), is_list=True),
    "code": Variable(gettext_noop("code à six chiffres")),
    "minutes": Variable(gettext_noop("durée du code, en minutes")),
}

# Of each group a template needs one.
Needs = tuple[frozenset[str], ...]
_WHEN = frozenset({"when", "when_with_year"})
_TIME = frozenset({"time_short", "times"})
_ABOUT = frozenset({"centre", "phone", "department", "home_url", "reference"})
_VISIT = _WHEN | _ABOUT | {"day", "day_short", "time_short", "place", "reason", "link"}
_CHANGE = frozenset({"move_link", "cancel_link", "bring"})
_SHORT = frozenset({"day_short", "time_short", "times", "place_short", "phone", "short_link"})
_DAY_AND_TIME: Needs = (frozenset({"day_short"}), _TIME)


def _one(*names: str) -> Needs:
    return tuple(frozenset({name}) for name in names)


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of message in one channel. A subject may hold what `subject` lists."""

    allowed: frozenset[str]
    needed: Needs = ()
    subject: frozenset[str] = frozenset()


_SUBJECT = frozenset({"when", "day", "day_short"})
_CODE = frozenset({"code", "minutes"})
_REPLY = Form(_SHORT)

KINDS: dict[str, dict[str, Form]] = {
    "confirmation": {
        EMAIL: Form(_VISIT | _CHANGE, (_WHEN, *_one("place", "link")), _SUBJECT),
        SMS: Form(_SHORT, (*_DAY_AND_TIME, *_one("short_link"))),
    },
    # Several appointments of one day, booked at once: each with a page of its own among the visits.
    "together": {
        EMAIL: Form(
            (_ABOUT | {"day", "day_short", "visits", "bring"}) - {"reference"},
            _one("day", "visits"),
            _SUBJECT - {"when"},
        ),
        SMS: Form(_SHORT, (*_DAY_AND_TIME, *_one("short_link"))),
    },
    "moved": {
        EMAIL: Form(_VISIT | _CHANGE, (_WHEN, *_one("place", "link")), _SUBJECT),
        SMS: Form(_SHORT, (*_DAY_AND_TIME, *_one("short_link"))),
    },
    # For another reason than was said, at the same time and place.
    "corrected": {
        EMAIL: Form(_VISIT | _CHANGE, (_WHEN, *_one("place", "link")), _SUBJECT),
        SMS: Form(_SHORT, (*_DAY_AND_TIME, *_one("short_link"))),
    },
    "cancelled": {
        EMAIL: Form(_VISIT, (_WHEN, *_one("home_url")), _SUBJECT),
        SMS: Form(_SHORT, _DAY_AND_TIME),
    },
    "closed": {
        EMAIL: Form(_VISIT, (_WHEN, *_one("home_url", "phone")), _SUBJECT),
        SMS: Form(_SHORT, (*_DAY_AND_TIME, *_one("phone", "short_link"))),
    },
    "proposed": {
        EMAIL: Form(
            _VISIT | {"new_when", "new_place", "answer_by"},
            (_WHEN, *_one("new_when", "new_place", "answer_by", "link")),
            _SUBJECT,
        ),
        SMS: Form(
            _SHORT | {"new_day_short", "new_time_short"},
            (*_DAY_AND_TIME, *_one("new_day_short", "new_time_short", "short_link")),
        ),
    },
    "code": {
        EMAIL: Form(_CODE | {"centre", "phone", "department"}, _one("code")),
        SMS: Form(_CODE, _one("code")),
    },
    # To somebody of the staff.
    "account": {EMAIL: Form(frozenset({"centre", "department", "link"}), _one("link"))},
    "reminder": {
        EMAIL: Form(
            (_ABOUT | _CHANGE | {"day", "day_short", "visits", "link"}) - {"reference"},
            _one("day", "visits", "link"),
            _SUBJECT - {"when"},
        ),
        SMS: Form(_SHORT, (*_DAY_AND_TIME, *_one("short_link"))),
    },
    # A freed time is held for this family: its own page answers.
    "offer": {
        EMAIL: Form(
            (_VISIT | {"until", "current"}) - {"reference"},
            (_WHEN, *_one("place", "link", "until")),
            _SUBJECT,
        ),
        SMS: Form(
            (_SHORT - {"times"}) | {"until_short"},
            _one("day_short", "time_short", "until_short", "short_link"),
        ),
    },
    "waiting": {
        EMAIL: Form(frozenset({"reason", "centre", "phone", "department", "link"}), _one("link")),
        SMS: Form(frozenset({"phone", "short_link"}), _one("short_link")),
    },
    # For staff who asked for it: the next day's list.
    "paper": {
        EMAIL: Form(
            frozenset({"day", "day_short", "centre", "department", "rows"}),
            _one("day", "rows"),
            _SUBJECT - {"when"},
        )
    },
    # For senders by name, which nobody can answer.
    "reminder_no_reply": {SMS: Form(_SHORT, (*_DAY_AND_TIME, *_one("short_link")))},
    "reply_ask": {SMS: Form(_SHORT, _DAY_AND_TIME)},
    "reply_kept": {SMS: Form(_SHORT, _DAY_AND_TIME)},
    "reply_cancelled": {SMS: Form(_SHORT, _DAY_AND_TIME)},
    "reply_callback": {SMS: _REPLY},
    # To a time that was offered: declined; or nothing done, and where to see what is so.
    "reply_declined": {SMS: Form(_SHORT, _DAY_AND_TIME)},
    "reply_link": {SMS: Form(_SHORT, _one("short_link"))},
    "reply_stop": {SMS: _REPLY},
    "reply_unknown": {SMS: _REPLY},
}
# What each is for, to whoever edits it.
PURPOSES = {
    "confirmation": gettext_noop("Confirmation du rendez-vous"),
    "together": gettext_noop("Confirmation de plusieurs rendez-vous d’un jour"),
    "moved": gettext_noop("Rendez-vous déplacé"),
    "corrected": gettext_noop("Motif du rendez-vous corrigé"),
    "cancelled": gettext_noop("Rendez-vous annulé par la famille ou le centre"),
    "closed": gettext_noop("Le centre ne peut pas recevoir"),
    "proposed": gettext_noop("Un autre moment proposé par le centre"),
    "code": gettext_noop("Code à six chiffres"),
    "account": gettext_noop("Lien d’un agent pour choisir son mot de passe"),
    "paper": gettext_noop("Feuille du lendemain, pour l’équipe"),
    "reminder": gettext_noop("Rappel (un SMS auquel on peut répondre)"),
    "reminder_no_reply": gettext_noop("Rappel, par un nom auquel on ne peut pas répondre"),
    "offer": gettext_noop("Une place se libère\u00a0: proposée à une famille qui attend"),
    "waiting": gettext_noop("Demande notée en liste d’attente"),
    "reply_ask": gettext_noop("Réponse à «\u00a02\u00a0»\u00a0: faire confirmer l’annulation"),
    "reply_kept": gettext_noop("Réponse à «\u00a01\u00a0»\u00a0: rendez-vous gardé"),
    "reply_cancelled": gettext_noop("Réponse au second «\u00a02\u00a0»\u00a0: rendez-vous annulé"),
    "reply_callback": gettext_noop("Réponse à «\u00a03\u00a0»\u00a0: nous rappelons"),
    "reply_declined": gettext_noop("Réponse à « non » : créneau proposé décliné"),
    "reply_link": gettext_noop("Réponse à ce qui peut se lire de deux façons, ou vient trop tard"),
    "reply_stop": gettext_noop("Réponse à «\u00a0STOP\u00a0»"),
    "reply_unknown": gettext_noop("Réponse à ce qui n’a pas été compris"),
}
# Empty values that do not make a message senseless: its line goes, the rest stands.
MAY_BE_EMPTY = frozenset({"phone", "short_link", "place", "link", "home_url"})


def known_language(language: str) -> str:
    """The nearest language that messages are written in; French if there is none."""
    wanted = language.lower().replace("_", "-")
    while wanted:
        if wanted in LANGUAGES:
            return wanted
        wanted = wanted.rpartition("-")[0]
    return FRENCH


def html_language(language: str) -> str:
    """What screen readers are told: easy French is read aloud as French."""
    return FRENCH if language == EASY_FRENCH else language


def form_of(kind: str, channel: str) -> Form:
    """Raises LookupError for a message that does not exist."""
    return KINDS[kind][channel]
