"""The cast at the desks: one centre, and an agent of its reception who is logged in."""

from __future__ import annotations

import pytest
from django.test import Client

from centres.models import Centre
from tests.factories import make_centre
from tests.frontend.staff.people import at_desk


@pytest.fixture
def redon() -> Centre:
    return make_centre(name="CDAS de Redon")


@pytest.fixture
def claire(redon: Centre) -> Client:
    return at_desk(redon)
