"""The numbers kept for fiction are few: in a large demo two parents of one name share one."""

from datetime import datetime
from random import Random

import pytest
from django.db.models import Count

from booking.demo import families, seeding
from booking.models import Guardian
from centres.reference import load
from tests.factories import PARIS

NOW = datetime(2026, 11, 24, 10, 40, tzinfo=PARIS)


@pytest.mark.django_db
def test_two_parents_of_one_name_and_number_prove_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def the_same_for_all(_rng: Random) -> str:
        return "+33639980001"

    monkeypatch.setattr(families, "phone_for", the_same_for_all)
    load(now=NOW)
    seeding.seed(now=NOW, random_seed=35, scale=0.1, months=1)
    by_phone = Guardian.objects.filter(email="")
    namesakes = by_phone.values("first_name", "last_name").annotate(n=Count("pk")).filter(n__gt=1)
    assert namesakes.exists()  # otherwise this shows nothing
    proofs = by_phone.exclude(phone_verified_at=None).values("first_name", "last_name")
    assert not proofs.annotate(n=Count("pk")).filter(n__gt=1).exists()
    assert proofs.count() == by_phone.values("first_name", "last_name").distinct().count()
