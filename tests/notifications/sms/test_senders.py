"""Names that French operators carry, and why they refuse the others."""

import pytest
from django.core.exceptions import ValidationError

from notifications.sms.senders import REFUSALS, check_sender, takes_replies


@pytest.mark.parametrize(
    "name", ["CD35INFO", " DEPT59 ", "CDAS35", "Isere38", "abc", "ELEVENCHARS", "38123", "36111"]
)
def test_carried(name: str) -> None:
    assert check_sender(name) == name.strip()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("AB", "too_short"),
        ("TWELVECHARS1", "too_long"),
        ("CD 35", "characters"),
        ("CD-35", "characters"),
        ("Isère38", "characters"),
        ("ＣＤ３５", "characters"),
        ("RDV", "generic"),
        ("rdv", "generic"),
        ("RDV35", "generic"),
        ("InfoSMS", "generic"),
        ("ALERTES", "generic"),
        ("INFO", "generic"),
        ("123456", "digits"),
        ("36 111 222", "digits"),
        ("37123", "digits"),
        ("٣٨٠٠٠", "digits"),
        ("0612345678", "mobile"),
        ("07 12 34 56 78", "mobile"),
        ("+33 6 12 34 56 78", "mobile"),
        ("0033612345678", "mobile"),
        ("0299123456", "digits"),
        ("PMI35", "health"),
        ("cd35pmi", "health"),
    ],
)
def test_refused_with_its_reason(name: str, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        check_sender(name)
    assert refused.value.code == code
    assert refused.value.message == REFUSALS[code]


def test_every_reason_is_a_sentence() -> None:
    sentences = [str(reason) for reason in REFUSALS.values()]
    assert all(sentence.endswith(".") for sentence in sentences)
    assert len(set(sentences)) == len(sentences)


def test_only_numbers_can_be_answered() -> None:
    assert takes_replies("38123")
    assert takes_replies("0938123456")
    assert takes_replies("+33938123456")
    assert not takes_replies("CD35INFO")
    assert not takes_replies("0612345678")
