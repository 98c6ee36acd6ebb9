"""What the reference files say, as plain records: which table, which row, which values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import holidays
from vacances_scolaires_france import SchoolHolidayDates, UnsupportedYearException

from centres.communes import search_key
from centres.models import AppointmentType
from centres.reference.childhood import exams, vaccines
from centres.reference.record import Record
from centres.reference.tables import BadReference, Row, read_table, typeset
from centres.reference.type_words import read_words

DATA = Path(__file__).resolve().parent.parent / "data"
CERTAINTIES = ("sure", "likely", "placeholder", "missing", "switchboard")
DEPARTMENT_COLUMNS = "code name phone time_zone school_zone holidays_area attribution"
CENTRE_COLUMNS = (
    "slug name town insee postal_code address phone lat lon pilot source certainty agency"
)
COMMUNE_COLUMNS = "insee name postal_codes population lat lon epci centre_slug certainty"
DISTRICT_COLUMNS = "insee number name centre_slug certainty"
SMALL_NUMBERS = (
    "buffer_before_min",
    "buffer_after_min",
    "notice_min",
    "notice_working_days",
    "horizon_days",
    "cancel_notice_min",
)
TYPE_COLUMNS = (
    "slug label professions need audience mode booking is_discreet duration_min step_min "
    "capacity age_min_months age_max_months week_min week_max what_to_bring label_en "
    "what_to_bring_en certainty source"
)


def read_records(folder: Path, *, years: range) -> list[Record]:
    """Everything to load, in an order that meets foreign keys. Raises BadReference."""
    department, row = _department(folder)
    centres = list(_centres(folder, department.values["code"]))
    slugs = {record.values["slug"] for record in centres}
    communes = list(_communes(folder, slugs))
    types = list(_types(folder))
    known = {record.values["slug"] for record in types}
    return [
        department,
        *centres,
        *(_main_site(centre) for centre in centres),
        *communes,
        *_districts(folder, {record.values["insee"] for record in communes}, slugs),
        *types,
        *exams(_national(folder, "exams20.csv"), known),
        *vaccines(_national(folder, "vaccinations.csv")),
        *_public_holidays(row, department.values["code"], years),
        *_school_holidays(department.values["school_zone"], years),
    ]


def _national(folder: Path, name: str) -> Path:
    """A file that is the same in every Département, unless one brings its own."""
    own = folder / name
    return own if own.exists() else DATA / name


def _department(folder: Path) -> tuple[Record, Row]:
    rows = list(
        read_table(folder / "department.csv", columns=DEPARTMENT_COLUMNS.split(), key=("code",))
    )
    if len(rows) != 1:
        raise BadReference("department.csv", f"has {len(rows)} rows, one is needed")
    row = rows[0]
    zone = row.text("time_zone", longest=40)
    values = {
        "code": row.matching("code", r"\d[\dAB]\d?", "the number of a Département"),
        "name": row.shown("name", longest=80),
        "phone": row.text("phone", longest=20),
        "time_zone": row.known("time_zone", zone, available_timezones(), "time zone"),
        "school_zone": row.choice("school_zone", SchoolHolidayDates.SUPPORTED_ZONES),
        "attribution": row.shown("attribution", longest=2000, required=False),
    }
    return Record(f"department:{values['code']}", "department", values), row


def _certainty(row: Row) -> dict[str, str]:
    found = {}
    for part in row.text("certainty", longest=200).split(";"):
        field, separator, level = part.partition(":")
        if not separator or level not in CERTAINTIES:
            raise row.bad("certainty", f"“{part}” is not field:{'|'.join(CERTAINTIES)}")
        found[field.strip()] = level
    return found


def _centres(folder: Path, department: str) -> Iterator[Record]:
    for row in read_table(folder / "centres.csv", columns=CENTRE_COLUMNS.split(), key=("slug",)):
        slug = row.matching("slug", r"[a-z0-9-]{1,50}", "a short name in a-z, 0-9 and hyphens")
        yield Record(
            f"centre:{slug}",
            "centre",
            {
                "slug": slug,
                "department__code": department,
                "name": row.shown("name", longest=120),
                "town": row.shown("town", longest=80),
                "insee": row.matching("insee", r"[\dAB]{5}", "an Insee code"),
                "postal_code": row.matching("postal_code", r"\d{5}", "a postal code"),
                "address": row.shown("address", longest=200, required=False),
                "phone": row.text("phone", longest=20),
                "latitude": row.degrees("lat", most=90),
                "longitude": row.degrees("lon", most=180),
                "agency": row.shown("agency", longest=60, required=False),
                "is_pilot": row.flag("pilot"),
                "certainty": _certainty(row),
                "source": row.text("source", longest=200),
            },
        )


def _main_site(centre: Record) -> Record:
    """Each centre receives families at least where it is; its doubts are the site's."""
    known = centre.values
    doubts = {known["certainty"].get(field, "placeholder") for field in ("town", "coords")}
    worst = max(doubts, key=CERTAINTIES.index)
    same = ("name", "town", "address", "latitude", "longitude")
    return Record(
        f"site:{known['slug']}",
        "site",
        {"centre__slug": known["slug"], "slug": known["slug"]}
        | {field: known[field] for field in same}
        | {"is_main": True, "certainty": worst},
    )


def _communes(folder: Path, centres: set[str]) -> Iterator[Record]:
    for row in read_table(folder / "communes.csv", columns=COMMUNE_COLUMNS.split(), key=("insee",)):
        insee = row.matching("insee", r"\d[\dAB]\d{3}", "an Insee code")
        name = row.shown("name", longest=80)
        codes = row.matching("postal_codes", r"\d{5}( \d{5})*", "postal codes separated by spaces")
        served = row.text("centre_slug", longest=400).split("|")
        yield Record(
            f"commune:{insee}",
            "commune",
            {
                "insee": insee,
                "name": name,
                "search_name": search_key(name),
                "postal_codes": codes.split(),
                "population": row.number("population", most=20_000_000),
                "latitude": row.degrees("lat", most=90),
                "longitude": row.degrees("lon", most=180),
                "epci": row.shown("epci", longest=80, required=False),
                "centres": sorted(
                    row.known("centre_slug", slug, centres, "centre") for slug in served
                ),
                "certainty": row.text("certainty", longest=120),
            },
        )


def _districts(folder: Path, communes: set[str], centres: set[str]) -> Iterator[Record]:
    for row in read_table(
        folder / "districts.csv", columns=DISTRICT_COLUMNS.split(), key=("insee", "number")
    ):
        insee, slug = row.text("insee", longest=5), row.text("centre_slug", longest=50)
        number = row.number("number", least=1, most=99)
        yield Record(
            f"district:{insee}-{number}",
            "district",
            {
                "commune__insee": row.known("insee", insee, communes, "commune"),
                "number": number,
                "name": row.shown("name", longest=80),
                "centre__slug": row.known("centre_slug", slug, centres, "centre"),
                "certainty": row.text("certainty", longest=60),
            },
        )


def _lines(text: str, polish: Callable[[str], str]) -> str:
    """“a; b” as lines, each beginning with a capital."""
    things = [part.strip() for part in text.split(";") if part.strip()]
    return "\n".join(polish(thing[0].upper() + thing[1:]) for thing in things)


def _types(folder: Path) -> Iterator[Record]:
    columns = [*TYPE_COLUMNS.split(), *SMALL_NUMBERS]
    found = {
        row.matching("slug", r"[a-z0-9-]{1,50}", "a short name in a-z, 0-9 and hyphens"): _type(row)
        for row in read_table(folder / "appointment_types.csv", columns=columns, key=("slug",))
    }
    words = read_words(folder / "appointment_words.csv", found)
    for position, (slug, values) in enumerate(found.items(), start=1):
        values["translations"] |= words.get(slug, {})
        yield Record(f"type:{slug}", "type", {"slug": slug, "position": position} | values)


def _type(row: Row) -> dict[str, Any]:
    bring = row.text("what_to_bring", longest=1000, required=False)
    english = {
        "label": row.text("label_en", longest=120).replace("'", "’"),
        "what_to_bring": _lines(row.text("what_to_bring_en", longest=1000, required=False), str),
    }
    return {
        "label": row.shown("label", longest=120),
        "what_to_bring": _lines(bring, typeset),
        "translations": {"en": english},
        "professions": row.shown("professions", longest=120),
        "need": row.choice("need", AppointmentType.Need.values),
        "audience": row.choice("audience", AppointmentType.Audience.values),
        "mode": row.choice("mode", AppointmentType.Mode.values),
        "booking": row.choice("booking", AppointmentType.Booking.values),
        "is_discreet": row.flag("is_discreet"),
        "duration_min": row.number("duration_min", least=5, most=600),
        "step_min": row.number("step_min", least=5, most=600),
        "capacity": row.number("capacity", least=1, most=500),
        "certainty": row.text("certainty", longest=120),
        "source": row.text("source", longest=200),
        **{column: row.number(column) for column in SMALL_NUMBERS},
        **_window(row, "age_min_months", "age_max_months", most=240),
        **_window(row, "week_min", "week_max", most=43),
    }


def _window(row: Row, low: str, high: str, *, most: int) -> dict[str, int | None]:
    least, greatest = row.optional_number(low, most=most), row.optional_number(high, most=most)
    if least is not None and greatest is not None and least > greatest:
        raise row.bad(high, f"{greatest} is below {low}, {least}")
    return {low: least, high: greatest}


def _public_holidays(row: Row, department: str, years: range) -> Iterator[Record]:
    area = row.text("holidays_area", longest=10, required=False)
    try:
        days = holidays.country_holidays("FR", subdiv=area or None, years=years, language="fr")
    except NotImplementedError as error:
        raise row.bad("holidays_area", f"“{area}” is not known to `holidays`") from error
    for day, name in sorted(days.items()):
        yield Record(
            f"public_holiday:{department}:{day.isoformat()}",
            "public_holiday",
            {"department__code": department, "on": day.isoformat(), "name": typeset(name)[:80]},
        )


def _school_holidays(zone: str, years: range) -> Iterator[Record]:
    for first, last, name in _periods(zone, years):
        yield Record(
            f"school_holiday:{zone}:{first.isoformat()}",
            "school_holiday",
            {
                "zone": zone,
                "starts_on": first.isoformat(),
                "ends_on": last.isoformat(),
                "name": typeset(name)[:80],
            },
        )


@cache
def _calendar() -> SchoolHolidayDates:
    """It reads 17,000 lines, which do not change while a process lives."""
    return SchoolHolidayDates()


def _periods(zone: str, years: range) -> Iterator[tuple[date, date, str]]:
    """Runs of days of the same name, the first and last day included."""
    calendar = _calendar()
    days: dict[date, str] = {}
    for year in range(years.start - 1, years.stop):
        try:
            found = calendar.holidays_for_year_and_zone(year, zone)
        except UnsupportedYearException:  # not decided yet
            continue
        days |= {day: facts["nom_vacances"] for day, facts in found.items()}
    first = None
    for day, name in sorted(days.items()):
        first = first or day
        tomorrow = day + timedelta(days=1)
        if days.get(tomorrow) != name:
            if day.year >= years.start:
                yield first, day, name
            first = None
