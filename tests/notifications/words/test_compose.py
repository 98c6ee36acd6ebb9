"""Messages ready to send: in the reader's language, in the sender's own words if there are some."""

from __future__ import annotations

import pytest

from notifications.words.compose import MissingValue, compose_email, compose_sms
from notifications.words.defaults import Wording
from notifications.words.examples import example_values
from notifications.words.kinds import html_language, known_language
from notifications.words.template import Values


def values(**changed: object) -> Values:
    return {**example_values("fr"), **changed}  # type: ignore[dict-item]


def test_a_department_says_it_in_its_own_words() -> None:
    own = Wording(body="On se voit le {day_short} à {time_short} ! {short_link}")
    assert compose_sms("confirmation", "fr", values(), wording=own).startswith(
        "On se voit le 24/11"
    )


def test_a_regional_language_is_known_by_its_first_part_and_others_are_french() -> None:
    asked = ["pt-BR", "ar_MA", "fr-x-facile", "FR-FR", "en-GB", "so", "", "fr-x"]
    known = ["pt", "ar", "fr-x-facile", "fr", "en", "fr", "fr", "fr"]
    assert list(map(known_language, asked)) == known
    assert html_language("fr-x-facile") == "fr"


@pytest.mark.parametrize("missing", ["day_short", "time_short"])
def test_a_message_without_its_moment_does_not_leave(missing: str) -> None:
    with pytest.raises(MissingValue, match="confirmation sms"):
        compose_sms("confirmation", "fr", values(**{missing: "", "times": ""}))


def test_a_code_without_its_digits_does_not_leave() -> None:
    with pytest.raises(MissingValue):
        compose_email("code", "fr", {"minutes": 15})


def test_a_centre_without_phone_or_place_still_writes() -> None:
    text = compose_sms("confirmation", "fr", values(phone="", place_short="", short_link=""))
    assert text == "Rendez-vous confirmé : 24/11 à 14h30"


def test_what_a_message_may_not_hold_never_reaches_it() -> None:
    """Even if its words, saved before the rules grew stricter, ask for it."""
    own = Wording(body="{day_short} {time_short}\n{reason}\n{bring}")
    assert compose_sms("confirmation", "fr", values(), wording=own) == "24/11 14h30"


@pytest.mark.parametrize("name", ["PMI de Redon", "Centre de santé", "Maison de la Vaccination"])
def test_a_place_that_gives_something_away_is_left_out_of_an_sms(name: str) -> None:
    assert name not in compose_sms("confirmation", "fr", values(place_short=name))


def test_a_place_can_neither_lengthen_nor_re_encode_an_sms() -> None:
    text = compose_sms("confirmation", "fr", values(place_short="Maison ★ des familles" + "x" * 99))
    assert "Maison des familles" in text
    assert max(map(len, text.splitlines()[1:2])) <= 30


def test_french_goes_below_with_its_own_words_and_values() -> None:
    own = Wording(subject="Objet", body="En français\u00a0: {when} {place}\n[Voir]({link})")
    mail = compose_email(
        "confirmation",
        "ar",
        example_values("ar"),
        french_values=values(),
        french_wording=own,
    )
    arabic, french = mail.text.split("* * *")
    assert "تم تأكيد موعدكم" in arabic
    assert "En français\u00a0: mardi" in french
    assert mail.subject.startswith("موعدكم")


def test_the_signature_names_the_department() -> None:
    mail = compose_email("confirmation", "fr", values())
    assert mail.text.endswith(
        "-- \nIlle-et-Vilaine\nCe message est automatique\u00a0: merci de ne pas y répondre.\n"
    )
    assert compose_email("confirmation", "fr", values(department="")).text.count("Vilaine") == 0


def test_what_a_value_says_is_escaped_once() -> None:
    mail = compose_email("confirmation", "fr", values(centre="Espace <A&B>"))
    assert "Espace <A&B>" in mail.text
    assert "Espace &lt;A&amp;B&gt;" in mail.html
