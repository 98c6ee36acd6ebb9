"""Who comes to an open session for what the desk may not know is noted without a choice."""

from __future__ import annotations

import pytest

from booking.models import Appointment
from centres.models import Centre
from tests.booking.test_desk import visit
from tests.factories import make_guardian, make_shift, make_site, make_type
from tests.frontend.staff.people import at_desk
from tests.frontend.staff.test_arrivals import WALK_IN, midnight, path

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("role", "options"), [("reception", 0), ("manager", 2)])
def test_between_two_types_of_the_same_words_nobody_is_asked(
    redon: Centre, role: str, options: int
) -> None:
    kinds = [
        make_type(label=label, is_discreet=True, audience="adult", booking=WALK_IN)
        for label in ("Contraception", "Dépistage")
    ]
    session = make_shift(starts_at=midnight(), hours=13, site=make_site(redon), types=kinds)
    karim = make_guardian(last_name="Benali")
    visit(redon, guardian=karim)
    somebody = at_desk(redon, role=role)
    for address in (f"{path(session)}?q=benali", path(session, "nouvelle/")):
        page = somebody.get(address).content.decode()
        assert sum(label in page for label in ("Contraception", "Dépistage")) == options
        assert ('<input type="hidden" name="kind"' in page) == (not options)
    sent = {"famille": karim.household_id, "guardian": karim.pk}
    first = session.offers.order_by("type__position", "pk")[0].type_id
    assert somebody.post(path(session), {**sent, "kind": first}).status_code == 302
    assert Appointment.objects.get(shift=session).type_id == first
