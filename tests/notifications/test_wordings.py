"""Versions of words: only added, one in use, nobody's replaced unread, none with a problem."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from django.db import connections

from notifications import wordings
from notifications.models import Wording
from notifications.wordings import Overtaken, Place, WordsRefused
from notifications.words.defaults import default_wording

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
PLACE = Place("cancelled", "sms", "fr")
WORDS = "Annulé : {day_short} à {time_short}"


def save(body: str = WORDS, *, place: Place = PLACE, based_on: int = 0) -> Wording:
    return wordings.save(place, subject="", body=body, author="Nadia", now=NOW, based_on=based_on)


@pytest.mark.django_db
def test_each_save_is_a_new_version_and_the_last_is_in_use() -> None:
    first = save()
    second = save(f"{WORDS}.", based_on=1)
    assert (first.version, second.version, second.created_by) == (1, 2, "Nadia")
    assert [(w.version, w.is_current) for w in wordings.history(PLACE)] == [(2, True), (1, False)]
    assert wordings.in_use(PLACE) == 2
    first.refresh_from_db()
    assert first.body == WORDS, "an old version keeps its words"


@pytest.mark.django_db
def test_an_old_version_comes_back_as_a_new_one() -> None:
    first = save()
    save(f"{WORDS}.", based_on=1)
    third = wordings.restore(first, author="Claire", now=NOW, based_on=2)
    assert (third.version, third.body, third.created_by) == (3, WORDS, "Claire")
    assert len(wordings.history(PLACE)) == 3


@pytest.mark.django_db
def test_the_shipped_words_come_back_and_the_versions_stay() -> None:
    save()
    wordings.return_to_shipped(PLACE, based_on=1)
    assert wordings.current(PLACE) is None
    assert (wordings.in_use(PLACE), len(wordings.history(PLACE))) == (0, 1)
    assert save(based_on=0).version == 2


@pytest.mark.django_db
def test_whoever_began_from_other_words_is_told() -> None:
    save()
    with pytest.raises(Overtaken):
        save("{day_short} {time_short} !", based_on=0)
    with pytest.raises(Overtaken):
        wordings.return_to_shipped(PLACE, based_on=0)
    assert wordings.in_use(PLACE) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("channel", "subject", "body", "code"),
    [
        ("sms", "", "Vaccin annulé : {day_short} à {time_short}", "forbidden_word"),
        ("sms", "", "PMI : {day_short} à {time_short}", "forbidden_word"),
        ("sms", "", "Annulé le {day_short}", "missing_variable"),
        ("sms", "", f"{WORDS} {{reason}}", "variable_not_here"),
        ("sms", "", WORDS + " très long" * 40, "segments"),
        (
            "email",
            "Vaccin annulé",
            default_wording("cancelled", "email", "fr").body,
            "forbidden_word",
        ),
        ("email", "", default_wording("cancelled", "email", "fr").body, "no_subject"),
    ],
)
def test_nothing_is_saved_while_a_problem_remains(
    channel: str, subject: str, body: str, code: str
) -> None:
    with pytest.raises(WordsRefused) as refused:
        wordings.save(
            Place("cancelled", channel, "fr"),
            subject=subject,
            body=body,
            author="Nadia",
            now=NOW,
            based_on=0,
        )
    assert code in {problem.code for problem in refused.value.problems}
    assert not Wording.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_once_one_wins_and_the_other_is_told() -> None:
    barrier, outcomes = threading.Barrier(2), []

    def run(body: str) -> None:
        barrier.wait()
        try:
            outcomes.append(save(body).version)
        except Overtaken:
            outcomes.append(0)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(f"{WORDS} {n}",)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [0, 1]
    assert Wording.objects.filter(is_current=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_process_that_saves_uses_the_words_at_once() -> None:
    assert wordings.current(PLACE) is None
    made = save()
    assert wordings.current(PLACE) == made
