"""Alphabets and parts, counted a second way by smspdudecoder and by trying all ways to cut."""

import unicodedata
from functools import cache

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from smspdudecoder.codecs import GSM, UCS2

from notifications.segments import GSM7, Size, is_gsm7, measure, segments, septets, to_gsm7

FRENCH = "àâäæçéèêëîïôöœùûüÿÀÂÄÆÇÉÈÊËÎÏÔÖŒÙÛÜŸ«»’‘“”…–—°€ \u00a0\u202f\u2009\u2011"
LATIN = "".join(map(chr, range(0x20, 0x7F))) + FRENCH + "ãõñáíóúışğİŞĞ"

gsm_texts = st.text(st.sampled_from(sorted(GSM7)), max_size=400)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
latin_texts = st.text(st.sampled_from(LATIN), max_size=200)


def octets(text: str) -> int:
    return len(GSM.encode(text)) // 2


def oracle_knows(text: str) -> bool:
    try:
        GSM.encode(text)
    except ValueError:
        return False
    return True


def fewest_parts(widths: list[int], room: int) -> int:
    """Every way to cut a text between characters, and the best of them."""

    @cache
    def parts(start: int) -> int:
        if sum(widths[start:]) <= room:
            return 1
        ends = [end for end in range(start + 1, len(widths)) if sum(widths[start:end]) <= room]
        return 1 + min(parts(end) for end in ends[-3:])

    return parts(0)


@given(texts | gsm_texts | latin_texts)
@example("\x1b")
@example("€[]{}|~^\\\f")
@example("ç")
@example("Ç")
def test_the_alphabet_is_that_of_the_oracle(text: str) -> None:
    assert is_gsm7(text) == oracle_knows(text)


@given(gsm_texts)
def test_septets_fill_the_octets_of_the_oracle(text: str) -> None:
    assert octets(text) == -(-septets(text) * 7 // 8)
    # Seven bits are left over where a carriage return would fit: whether one stands there or fills
    # the octet, nobody can tell (3GPP TS 23.038 §6.1.2.3.1).
    assume(not (text.endswith("\r") and septets(text) % 8 == 0))
    assert GSM.decode(GSM.encode(text, with_padding=True), strip_padding=True) == text


@given(texts)
def test_ucs2_counts_code_units(text: str) -> None:
    if not is_gsm7(text):
        assert measure(text).units == len(UCS2.encode(text)) // 4


@given(gsm_texts.filter(bool))
def test_gsm_parts_are_the_fewest_that_cut_no_character(text: str) -> None:
    widths = [octets(c * 8) // 7 for c in text]
    expected = 1 if sum(widths) <= 160 else fewest_parts(widths, 153)
    assert segments(text) == expected


@given(st.text(st.sampled_from("שa😀"), min_size=1, max_size=200))
def test_ucs2_parts_cut_no_surrogate_pair(text: str) -> None:
    text += "ש"
    widths = [len(UCS2.encode(c)) // 4 for c in text]
    expected = 1 if sum(widths) <= 70 else fewest_parts(widths, 67)
    assert segments(text) == expected


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", Size("GSM-7", 0, 0, 160)),
        ("a" * 160, Size("GSM-7", 160, 1, 0)),
        ("a" * 161, Size("GSM-7", 161, 2, 145)),
        ("a" * 306, Size("GSM-7", 306, 2, 0)),
        ("a" * 307, Size("GSM-7", 307, 3, 152)),
        ("€" * 80, Size("GSM-7", 160, 1, 0)),
        ("€" * 81, Size("GSM-7", 162, 2, 143)),
        # The 77th would be cut after its escape sign: one septet of the first part stays empty.
        ("a" + "€" * 80, Size("GSM-7", 161, 2, 145)),
        ("ç" * 70, Size("UCS-2", 70, 1, 0)),
        ("ç" * 71, Size("UCS-2", 71, 2, 63)),
        ("😀" * 35, Size("UCS-2", 70, 1, 0)),
        # 33 pairs a part: the 34th would be cut in its middle.
        ("😀" * 67, Size("UCS-2", 134, 3, 65)),
    ],
)
def test_sizes_at_the_edges(text: str, size: Size) -> None:
    assert measure(text) == size


@given(latin_texts)
def test_words_in_latin_letters_always_become_gsm7(text: str) -> None:
    assert is_gsm7(to_gsm7(text))


@given(texts | latin_texts)
def test_spelling_happens_once_and_wholly_or_not_at_all(text: str) -> None:
    spelt = to_gsm7(text)
    assert is_gsm7(spelt) or spelt == text
    assert to_gsm7(spelt) == spelt
    assert to_gsm7(unicodedata.normalize("NFD", text)) in {
        spelt,
        unicodedata.normalize("NFD", text),
    }


@given(gsm_texts)
def test_what_is_gsm7_already_stays(text: str) -> None:
    assert to_gsm7(text) == text


@pytest.mark.parametrize(
    ("ours", "sent"),
    [
        ("Reçu : l’août « froid » à 14\u202fh\u00a030", 'Recu : l\'aout "froid" à 14 h 30'),
        ("Être n° 2, œuvre… – 3 €", "Etre no 2, oeuvre... - 3 €"),
        ("Évènement ÇA À Ê", "Évènement ÇA A E"),
        ("Randevunuz İstanbul’da, şimdi ığü", "Randevunuz Istanbul'da, simdi igü"),
        ("Amanhã às 14h30", "Amanha às 14h30"),
        ("Ваш запис 24/11 о 14:30 – «тут»", "Ваш запис 24/11 о 14:30 – «тут»"),
        ("موعدكم 24/11", "موعدكم 24/11"),
    ],
)
def test_our_words(ours: str, sent: str) -> None:
    assert to_gsm7(ours) == sent
