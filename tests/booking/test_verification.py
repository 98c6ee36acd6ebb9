"""Six-digit codes: only a hash is kept, few tries, short life, no word on who is known."""

import re
from datetime import timedelta
from typing import Any

import pytest

from booking import verification
from booking.errors import (
    AddressUnreachable,
    CodeExpired,
    CodeWrong,
    NumberUnreachable,
    TooManyAttempts,
    Unreachable,
)
from booking.models import Verification
from booking.verification import check_code, resend_code, send_code
from notifications.models import OutboxMessage
from notifications.problems import Problem, record
from tests.booking.scene import NOW, after, open_morning

pytestmark = pytest.mark.django_db
TYPED = {"first_name": "Nadia", "child_born_on": "2026-02-10"}


def send(**fields: Any) -> Verification:
    details: dict[str, Any] = {
        "purpose": Verification.Purpose.BOOKING,
        "contact": "nadia@example.org",
        "language": "fr",
        "now": NOW,
    }
    return send_code(**details | fields)


def last_code() -> str:
    return OutboxMessage.objects.filter(kind="code").latest("id").context["code"]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_the_right_code_gives_back_what_was_typed() -> None:
    sent = send(payload=TYPED)
    assert re.fullmatch(r"\d{6}", last_code())
    assert check_code(uid=sent.uid, code=last_code(), now=after(14)).payload == TYPED


def test_only_a_keyed_hash_is_stored(settings: Any) -> None:
    sent = Verification.objects.get(pk=send().pk)
    code = last_code()
    assert code not in str(vars(sent))
    assert len(sent.code_hash) == 64
    settings.SECRET_KEY = "another key than the one the hash was made with, 50 characters"
    with pytest.raises(CodeWrong):
        check_code(uid=sent.uid, code=code, now=NOW)


def test_a_code_sent_under_a_former_key_is_still_the_right_one(settings: Any) -> None:
    sent = send()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key than the one the hash was made with, 50 characters"
    with pytest.raises(CodeWrong):
        check_code(uid=sent.uid, code=wrong(last_code()), now=NOW)
    assert check_code(uid=sent.uid, code=last_code(), now=NOW).pk == sent.pk


def test_the_same_code_has_another_hash_for_another_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verification, "_new_code", lambda: "123456")
    assert send().code_hash != send().code_hash


def test_five_wrong_codes_and_the_right_one_is_refused_too() -> None:
    sent = send()
    code = last_code()
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(CodeWrong) as refusal:
            check_code(uid=sent.uid, code=wrong(code), now=NOW)
        assert refusal.value.details == {"left": left}
    with pytest.raises(TooManyAttempts):
        check_code(uid=sent.uid, code=code, now=NOW)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "\x00" * 6])
def test_nonsense_is_a_wrong_code(typed: str) -> None:
    with pytest.raises(CodeWrong):
        check_code(uid=send().uid, code=typed, now=NOW)


def test_a_code_lives_fifteen_minutes() -> None:
    sent = send()
    with pytest.raises(CodeExpired):
        check_code(uid=sent.uid, code=last_code(), now=after(15))


def test_a_code_serves_once_and_what_was_typed_is_forgotten() -> None:
    sent = send(payload=TYPED)
    verification.use(check_code(uid=sent.uid, code=last_code(), now=NOW), now=NOW)
    sent.refresh_from_db()
    assert (sent.used_at, sent.payload) == (NOW, {})
    with pytest.raises(CodeExpired):
        check_code(uid=sent.uid, code=last_code(), now=NOW)
    with pytest.raises(CodeExpired):
        resend_code(uid=sent.uid, language="fr", now=NOW)


def test_a_new_code_replaces_the_former_and_lives_longer() -> None:
    sent = send()
    first = last_code()
    resend_code(uid=sent.uid, language="fr", now=after(10))
    second = last_code()
    if first != second:
        with pytest.raises(CodeWrong):
            check_code(uid=sent.uid, code=first, now=after(10))
    assert check_code(uid=sent.uid, code=second, now=after(24)).pk == sent.pk


def test_a_code_is_sent_three_times_at_most() -> None:
    sent = send()
    for _ in range(2):
        resend_code(uid=sent.uid, language="fr", now=NOW)
    with pytest.raises(TooManyAttempts):
        resend_code(uid=sent.uid, language="fr", now=NOW)
    assert OutboxMessage.objects.count() == 3


def test_sending_again_gives_no_new_tries() -> None:
    sent = send()
    for _ in range(4):
        with pytest.raises(CodeWrong):
            check_code(uid=sent.uid, code=wrong(last_code()), now=NOW)
    resend_code(uid=sent.uid, language="fr", now=NOW)
    with pytest.raises(CodeWrong) as refusal:
        check_code(uid=sent.uid, code=wrong(last_code()), now=NOW)
    assert refusal.value.details == {"left": 0}


def test_an_unknown_address_gets_nothing_and_no_code_fits() -> None:
    sent = send(known=False, purpose=Verification.Purpose.ACCESS)
    resend_code(uid=sent.uid, language="fr", now=NOW)
    assert not OutboxMessage.objects.exists()
    for code in ("", "000000", "123456"):
        with pytest.raises(CodeWrong):
            check_code(uid=sent.uid, code=code, now=NOW)


def test_a_try_is_counted_before_the_code_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash in the comparison gives no free guess."""
    sent = send()

    def crash(*_: str) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(verification, "constant_time_compare", crash)
    with pytest.raises(KeyboardInterrupt):
        check_code(uid=sent.uid, code=last_code(), now=NOW)
    sent.refresh_from_db()
    assert sent.attempts == 1


def test_its_message_is_no_longer_sent_than_it_serves() -> None:
    sent = send()
    message = OutboxMessage.objects.get()
    assert message.valid_until == sent.expires_at == NOW + timedelta(minutes=15)


def test_the_code_goes_to_the_contact_it_proves_and_nowhere_else() -> None:
    for contact, channel in (("nadia@example.org", "email"), ("+33639981234", "sms")):
        sent = send(contact=contact)
        message = OutboxMessage.objects.latest("id")
        assert (sent.channel, message.channel, message.recipient) == (channel, channel, contact)
        assert message.alternatives == []
        resend_code(uid=sent.uid, language="fr", now=NOW)
        assert OutboxMessage.objects.latest("id").recipient == contact


def test_an_address_may_begin_as_a_number_does() -> None:
    assert send(contact="+33639981234@example.org").channel == "email"


def test_the_centre_pays_for_the_codes_of_its_appointments() -> None:
    held = open_morning().hold()
    sent = send(contact="+33639981234", appointment=held)
    resend_code(uid=sent.uid, language="fr", now=NOW)
    assert set(OutboxMessage.objects.values_list("scope", flat=True)) == {held.centre.slug}


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("contact", "channel", "refusal"),
    [
        ("Nadia@example.org", "email", AddressUnreachable),
        ("+33612345678", "sms", NumberUnreachable),
    ],
)
def test_where_nothing_arrives_no_code_is_promised_whoever_it_is(
    known: bool, contact: str, channel: str, refusal: type[Unreachable]
) -> None:
    sent = send(contact=contact)
    record([Problem(channel, contact, "dead")])
    with pytest.raises(refusal):
        send(contact=contact, known=known)
    with pytest.raises(refusal):
        resend_code(uid=sent.uid, language="fr", now=after(1))
    assert Verification.objects.count() == 1


@pytest.mark.parametrize("reason", ["stop", "complaint"])
def test_whoever_wants_no_messages_may_still_ask_for_a_code(reason: str) -> None:
    """And nobody learns by asking that somebody else does not."""
    record([Problem("sms", "+33612345678", reason)])
    assert send(contact="+33612345678").code_hash
