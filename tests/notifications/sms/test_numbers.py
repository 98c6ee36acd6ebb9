"""French mobiles as people type them, in France and overseas; precise refusals; hidden in logs."""

from contextlib import suppress

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from notifications.sms.numbers import is_french, is_mobile, mask, parse, without_numbers

GAPS = st.sampled_from(["", " ", ".", "-", "\u00a0", "\u202f"])
PREFIXES = st.sampled_from(["0", "+33", "0033", "+33 (0)"])


@pytest.mark.parametrize(
    ("typed", "region", "number"),
    [
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("+33 (0)6 12 34 56 78", "FR", "+33612345678"),
        ("0033 7 40 12 34 56", "FR", "+33740123456"),
        ("٠٦١٢٣٤٥٦٧٨", "FR", "+33612345678"),
        ("06 39 98 12 34", "FR", "+33639981234"),  # kept for fiction, listed nowhere
        ("0708123456", "FR", "+33708123456"),  # too new to be listed
        ("0692 12 34 56", "RE", "+262692123456"),
        ("0692 12 34 56", "FR", "+262692123456"),  # typed in Rennes, it rings in Saint-Denis
        ("+33 692 12 34 56", "FR", "+262692123456"),
        ("0690 30 12 34", "FR", "+590690301234"),
        ("0696 30 12 34", "GP", "+596696301234"),
        ("0694 20 12 34", "FR", "+594694201234"),
        ("0639 04 12 34", "YT", "+262639041234"),
        ("0639 04 12 34", "FR", "+262639041234"),
        ("0612345678", "RE", "+33612345678"),
        ("75 12 34", "NC", "+687751234"),
        ("+687 75 12 34", "FR", "+687751234"),
        ("+380 50 123 45 67", "FR", "+380501234567"),
    ],
)
def test_mobiles_in_e164(typed: str, region: str, number: str) -> None:
    assert parse(typed, region=region) == number
    assert is_mobile(number)
    assert is_french(number) == (not number.startswith("+380"))


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("  ", "empty"),
        ("06 12 34 56 7x", "not_a_number"),
        ("0612345678 poste 3", "not_a_number"),
        ("0800 FLOWERS", "not_a_number"),
        ("06 12 34 56 7", "too_short"),
        ("06", "too_short"),
        ("+", "too_short"),
        ("36 31", "too_short"),
        ("06 12 34 56 78 9", "too_long"),
        ("0612345678901234567890", "too_long"),
        ("02 99 12 34 56", "landline"),
        ("09 72 12 34 56", "landline"),
        ("0262 12 34 56", "landline"),
        ("08 12 34 56 78", "special"),
        ("+999 12 34 56 78", "unknown"),
        ("+380 50 123", "unknown"),
        ("+49 30 901820", "landline"),
    ],
)
def test_refusals_say_what_is_wrong(typed: str, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        parse(typed)
    assert refused.value.code == code
    assert refused.value.message.endswith(".")
    assert not is_mobile(typed)


@given(
    st.integers(600_000_000, 689_999_999), GAPS, st.sampled_from(["0", "+33", "0033", "+33 (0)"])
)
def test_however_it_is_typed_it_is_one_number(national: int, gap: str, prefix: str) -> None:
    digits = str(national)
    pairs = gap.join([digits[:1], digits[1:3], digits[3:5], digits[5:7], digits[7:]])
    number = parse(f"{prefix}{gap}{pairs}")
    assert parse(number) == number
    assert number.endswith(digits)


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_a_refusal(typed: str) -> None:
    with suppress(ValidationError):
        number = parse(typed)
        assert number.startswith("+")
        assert number[1:].isdigit()
        assert is_mobile(number)


def test_a_mask_tells_the_country_and_two_digits() -> None:
    assert mask("+33612345678") == "+33*******78"
    assert mask("38000") == "***"
    assert mask("") == "***"


@pytest.mark.parametrize(
    "written", ["+33612345678", "06 12 34 56 78", "33-612-345-678", "612345678"]
)
def test_a_providers_words_lose_their_numbers(written: str) -> None:
    said = without_numbers(f"Invalid receiver {written}, ptt 23\n" + "x" * 500)
    assert said.startswith("Invalid receiver ***, ptt 23")
    assert len(said) == 200
