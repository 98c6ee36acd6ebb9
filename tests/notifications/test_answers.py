"""What people write back on their phones, and what it means."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.answers import CALL, CANCEL, KEEP, STOP, UNKNOWN, meaning
from notifications.models import Inbound
from tests.architecture.source import ROOT

KEEPS = """1|1.|(1)| 1 !|"1"|1️⃣|١|۱|१|１|¹|Oui|OUI.| oui merci|Ok|okay 👍|👍|✅|D'accord|d’accord
|Oui, merci|Bonjour, oui|je viens|1 je viens|yes|evet|Tamam|SIM|так|نعم|oui 1|oui oui"""
CANCELS = """2|2.|٢|۲|２|Non|NON !|non merci|annuler|Annulez svp|J'annule|no|hayır|HAYIR|iptal|não
|nao|ні|لا|❌|2 svp|non 2"""
CALLS = """3|3.|٣|Rappelez-moi|rappelez moi svp|RAPPEL|call me|ara|📞|appelez moi"""
STOPS = """STOP|stop|Stop.|STOP SMS|stop svp|Arrêt|arret|unsubscribe|stop 2
|STOP je ne veux plus rien recevoir"""
UNKNOWNS = """|   |?|12|21|1 ou 2|1/2|oui et non|oui mais en retard|je ne viens pas|je viens pas
|non je viens|4|1234|0|bonjour|merci|.|😀|Qui êtes-vous ?|ne pas stop|dur
|arrêt maladie, je ne peux pas|je suis absent du bureau jusqu'au 2 mars
|1 2 3|un|l1|1er|14h30|2h|http://x.example/1"""


def each(texts: str) -> list[str]:
    return texts.replace("\n", "").split("|")


@pytest.mark.parametrize("text", each(KEEPS))
def test_i_come(text: str) -> None:
    assert meaning(text) == KEEP


@pytest.mark.parametrize("text", each(CANCELS))
def test_i_do_not_come(text: str) -> None:
    assert meaning(text) == CANCEL


@pytest.mark.parametrize("text", each(CALLS))
def test_call_me(text: str) -> None:
    assert meaning(text) == CALL


@pytest.mark.parametrize("text", each(STOPS))
def test_leave_me_in_peace(text: str) -> None:
    assert meaning(text) == STOP


@pytest.mark.parametrize("text", each(UNKNOWNS))
def test_a_person_reads_the_rest(text: str) -> None:
    assert meaning(text) == UNKNOWN


@given(st.text(max_size=200))
def test_whatever_is_written_means_something(text: str) -> None:
    assert meaning(text) in Inbound.Meaning.values


def test_it_needs_no_django() -> None:
    absent = "import sys; sys.modules.update(dict.fromkeys(['django', 'psycopg']))"
    command = [sys.executable, "-c", f"{absent}; import notifications.answers"]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0
