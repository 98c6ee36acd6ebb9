"""A type of appointment at a centre: two rows that hardly ever change, remembered by each process.

What is remembered is a hint, never a promise: it counts while the database still has the very
version of both rows (`ctid`, `xmin`; ADR 0010), which whoever writes by it has to ask.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from booking.rows import Reader, Table, twin
from centres.models import AppointmentType, Centre

# Which version of both rows was read: any change makes another.
ROWS = "kind.ctid, kind.xmin, centre.ctid, centre.xmin"
VERSION = f"concat_ws(' ', {ROWS})"
OFFER = Reader(Table(AppointmentType, "kind"), Table(Centre, "centre"))
READ = f"""
SELECT {OFFER.columns}, {VERSION} FROM centres_appointmenttype kind, centres_centre centre
WHERE
"""  # noqa: S608 - made of our own column names
BY_SLUG = f"{READ} kind.slug = %(kind)s AND centre.slug = %(centre)s AND kind.is_active"
BY_ID = f"{READ} kind.id = %(kind)s AND centre.id = %(centre)s"


class Offer(NamedTuple):
    """An appointment type at a centre, and the version of their rows."""

    kind: AppointmentType
    centre: Centre
    version: str

    def own(self) -> Offer:
        """From memory, for one request: what that sets or loads stays its own."""
        kind = twin(self.kind)
        kind.offer_version = self.version
        return Offer(kind, twin(self.centre), self.version)


# As many as there are types at centres: a few hundred.
_by_slug: dict[tuple[str, str], Offer] = {}
_by_id: dict[tuple[int, int], Offer] = {}


def find(*, type_slug: str, centre_slug: str) -> Offer | None:
    """An active type and a centre as an address names them, perhaps from memory; None unless both
    are there."""
    known = _by_slug.get((type_slug, centre_slug))
    return known.own() if known else _read(BY_SLUG, {"kind": type_slug, "centre": centre_slug})


def of_version(type_id: int, centre_id: int, version: str) -> Offer:
    """These rows: from memory in this version, else as they are now."""
    known = _by_id.get((type_id, centre_id))
    if known is not None and known.version == version:
        return known.own()
    offer = read_again(type_id, centre_id)
    if offer is None:
        raise LookupError("an appointment keeps its type and its centre")
    return offer


def read_again(type_id: int, centre_id: int) -> Offer | None:
    """These rows as they are now; None when one of them is gone."""
    forgotten = _by_id.pop((type_id, centre_id), None)
    if forgotten is not None:
        _by_slug.pop((forgotten.kind.slug, forgotten.centre.slug), None)
    return _read(BY_ID, {"kind": type_id, "centre": centre_id})


def forget() -> None:
    """Remember nothing: for tests, whose rows come and go."""
    _by_slug.clear()
    _by_id.clear()


def _read(sql: str, values: dict[str, Any]) -> Offer | None:
    for row in OFFER.fetch(sql, values):
        offer = Offer(*row)
        if offer.kind.is_active:
            _by_slug[offer.kind.slug, offer.centre.slug] = offer
        _by_id[offer.kind.pk, offer.centre.pk] = offer
        return Offer(twin(offer.kind), twin(offer.centre), offer.version)
    return None
