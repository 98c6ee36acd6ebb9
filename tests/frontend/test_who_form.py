"""The form of the details: what one request makes of its fields, no other sees."""

from __future__ import annotations

from datetime import date

from frontend.forms import WhoForm


def form(*, has_sms: bool) -> WhoForm:
    return WhoForm(audience="child", today=date(2027, 3, 1), has_sms=has_sms)


def test_a_form_that_asks_for_either_contact_changes_no_other() -> None:
    either, address = form(has_sms=True), form(has_sms=False)
    assert not either.fields["email"].required
    assert address.fields["email"].required
    assert either.fields["email"].help_text != address.fields["email"].help_text
    assert not hasattr(address.fields["email"], "is_unmarked")
    assert WhoForm.base_fields["email"].required


def test_each_form_has_fields_of_its_own() -> None:
    first, second = form(has_sms=True), form(has_sms=True)
    assert first.fields.keys() == second.fields.keys()
    assert all(first.fields[name] is not second.fields[name] for name in first.fields)
