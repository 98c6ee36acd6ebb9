"""What people mean who answer an SMS: 1, 2, 3, STOP, or a few words for them in our languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

KEEP, CANCEL, CALL, STOP, UNKNOWN = "keep", "cancel", "call", "stop", "unknown"
# More words than that tell a story, which a person reads.
MOST_WORDS = 4

WORDS = {
    KEEP: (
        "1 oui ouai ouais ok okay okey d'accord daccord viens confirme confirmer yes yep confirm"
        " evet tamam geliyorum sim confirmo так добре نعم أجل موافق 👍 ✅ ✔ 👌"
    ),
    CANCEL: (
        "2 non annule annuler annulez annulation no cancel hayır iptal não cancelar anular"
        " ні скасувати скасуйте لا إلغاء الغاء 👎 ❌"
    ),
    CALL: (
        "3 rappel rappelez rappeler rappelle appelez appeler call callback ara arayın ligar liguem"
        " дзвінок зателефонуйте اتصل اتصلوا ☎ 📞"
    ),
    STOP: "stop stopsms arret arrêt arreter désabonner unsubscribe durdur стоп قف توقف",
}
BEGINS = {"stop", "stopsms"}
# Said beside the answer, they change nothing.
POLITE = (
    "bonjour bonsoir hello merci svp stp s'il vous te plait plaît je j ' moi me s il bien"
    " thanks thank you please teşekkürler obrigado obrigada дякую شكرا sms"
)


def meaning(text: str) -> str:
    """One of the five. Two answers at once, or a word that may change one, are not understood."""
    words = list(_words(text))
    said = [_MEANINGS[word] for word in words if word in _MEANINGS]
    others = [word for word in words if word not in _MEANINGS and word not in _POLITE]
    if len(set(said)) == 1 and not others and len(words) <= MOST_WORDS + len(said):
        return said[0]
    # Whoever begins with STOP is not asked to say it better.
    return STOP if words and words[0] in BEGINS else UNKNOWN


def _words(text: str) -> Iterator[str]:
    """Words and numbers without case, accents, or anything around them; signs stand alone."""
    plain = "".join(_plain(unicodedata.normalize("NFKD", text.casefold())))
    for word in re.findall(r"\d+|[^\W\d_]+|[^\w\s]", plain):
        if word[0].isalnum() or unicodedata.category(word[0]) == "So":
            yield word


def _plain(text: str) -> Iterator[str]:
    for letter in text:
        digit = unicodedata.digit(letter, None)
        if digit is not None:
            yield str(digit)
        elif unicodedata.category(letter) not in ("Mn", "Me", "Cf", "Sk"):
            yield "i" if letter == "ı" else letter


_MEANINGS = {word: kind for kind, words in WORDS.items() for word in _words(words)}
# Parts of « d'accord » and the like.
_POLITE = frozenset(_words(POLITE)) | {"d"}
