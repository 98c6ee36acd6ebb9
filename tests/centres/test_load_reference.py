"""Loading reference data: all of it, twice the same, local edits kept, bad files told precisely."""

import shutil
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from centres.communes import search_key
from centres.models import (
    AppointmentType,
    Centre,
    Commune,
    Department,
    District,
    PublicHoliday,
    ReferenceRecord,
    SchoolHoliday,
    Site,
)
from centres.reference import BadReference, Outcome, load
from centres.reference.loading import merge
from centres.reference.records import DATA, read_records
from centres.reference.tables import typeset
from notifications.words.kinds import LANGUAGES

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
needs_database = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the files, to spoil."""
    return Path(shutil.copytree(DATA, tmp_path / "data"))


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def reload(folder: Path = DATA) -> Outcome:
    return load(now=NOW, folder=folder)


@needs_database
def test_everything_is_loaded() -> None:
    reload()
    assert Department.objects.get().code == "35"
    assert Centre.objects.count() == Site.objects.filter(is_main=True).count() == 22
    assert Centre.objects.filter(is_pilot=True).count() == 6
    assert Commune.objects.count() == 332
    assert Commune.objects.filter(centres=None).count() == 0
    assert Commune.objects.get(name="Rennes").centres.count() == 6
    assert District.objects.filter(commune__name="Rennes").count() == 12
    assert AppointmentType.objects.count() == 28
    assert PublicHoliday.objects.filter(on__year=2027).count() == 11
    winter = SchoolHoliday.objects.get(zone="B", starts_on=date(2027, 2, 20))
    assert (winter.ends_on, winter.name) == (date(2027, 3, 7), "Vacances d’hiver")


@needs_database
def test_types_are_online_only_where_families_may_book() -> None:
    reload()
    online = AppointmentType.objects.filter(booking="online")
    assert online.count() == 19
    assert not online.filter(mode__in=["home", "school"]).exists()
    closed = ["ivg-premier-contact", "bilan-ecole-maternelle", "psychologue-pmi"]
    assert not online.filter(slug__in=closed).exists()
    discreet = AppointmentType.objects.filter(is_discreet=True)
    assert set(discreet.values_list("need", flat=True)) == {"sexual_health"}
    for kind in AppointmentType.objects.all():
        english = kind.translations["en"]
        assert english["label"]
        assert len(english["what_to_bring"].splitlines()) == len(kind.what_to_bring.splitlines())


@needs_database
def test_every_type_is_told_in_every_language_of_messages() -> None:
    reload()
    for kind in AppointmentType.objects.all():
        assert set(kind.translations) == set(LANGUAGES) - {"fr", "fr-x-facile"}
        things = len(kind.what_to_bring.splitlines())
        for language, words in kind.translations.items():
            assert words["label"], (kind, language)
            assert language == "en" or words["label"] != kind.label, (kind, language)
            assert len(words["what_to_bring"].splitlines()) == things, (kind, language)


def test_words_of_an_unknown_type_or_language_are_refused(folder: Path) -> None:
    words = folder / "appointment_words.csv"
    text = words.read_text(encoding="utf-8")
    for old, new in (("vaccination-enfant,ar", "vaccin,ar"), ("enfant,ar", "enfant,fr")):
        words.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(BadReference, match=r"appointment_words.csv, line \d+"):
            list(read_records(folder, years=range(2026, 2027)))


def test_a_departement_may_have_no_words_of_its_own(folder: Path) -> None:
    (folder / "appointment_words.csv").unlink()
    found = read_records(folder, years=range(2026, 2027))
    types = [each.values for each in found if each.table == "type"]
    assert {language for each in types for language in each["translations"]} == {"en"}


@needs_database
def test_every_guess_says_so() -> None:
    reload()
    for centre in Centre.objects.all():
        assert set(centre.certainty) == {"name", "town", "address", "coords", "phone"}
        assert (centre.certainty["address"] == "missing") == (centre.address == "")
        doubts = {centre.certainty["town"], centre.certainty["coords"]}
        flagged = centre.sites.get(is_main=True).certainty == "placeholder"
        assert flagged == ("placeholder" in doubts)
    assert Site.objects.filter(certainty="placeholder").count() == 13
    for model in (Commune, District, AppointmentType):
        assert not model._default_manager.filter(certainty="").exists()


@needs_database
def test_names_are_typeset_and_found_without_accents() -> None:
    reload()
    commune = Commune.objects.get(insee="35251")
    assert commune.name == "Saint-Aubin-d’Aubigné"
    assert commune.search_name == search_key("st aubin d'aubigne") == "saint aubin d aubigne"
    texts = [*Centre.objects.values_list("name", flat=True)]
    texts += AppointmentType.objects.values_list("label", flat=True)
    assert not [text for text in texts if "'" in text or " :" in text]


def test_typesetting() -> None:
    assert typeset("Besoin d'aide ? Oui : l'été !") == (
        "Besoin d’aide\u202f? Oui\u00a0: l’été\u202f!"
    )


@needs_database
def test_loading_twice_changes_nothing() -> None:
    first = reload()
    before = list(ReferenceRecord.objects.order_by("key").values())
    second = load(now=datetime(2026, 11, 25, 9, tzinfo=UTC))
    assert first.created == sum(first.records.values()) == 532
    assert (second.created, second.updated, second.kept) == (0, 0, [])
    assert list(ReferenceRecord.objects.order_by("key").values()) == before


@needs_database
def test_a_local_edit_is_kept_and_the_rest_follows_the_files(folder: Path) -> None:
    reload()
    redon = Centre.objects.filter(slug="redon")
    redon.update(address="12 rue Victor-Hugo")
    Commune.objects.get(insee="35236").centres.add(Centre.objects.get(slug="guichen"))
    rewrite(folder / "centres.csv", "CDAS du Pays de Redon,Redon", "CDAS de Redon,Redon")
    rewrite(folder / "communes.csv", "redon,likely", "guichen,likely")
    rewrite(
        folder / "centres.csv", "35600,,02 99 02 35 35", "35600,1 quai Duguay-Trouin,02 99 02 35 35"
    )
    outcome = reload(folder)
    centre = redon.get()
    assert (centre.address, centre.name) == ("12 rue Victor-Hugo", "CDAS de Redon")
    assert outcome.kept == ["centre:redon.address", "commune:35236.centres"]
    assert Site.objects.get(centre=centre).address == "1 quai Duguay-Trouin"


@needs_database
def test_a_row_deleted_here_stays_deleted_unless_restored() -> None:
    reload()
    AppointmentType.objects.filter(slug="visio-puericultrice").delete()
    assert reload().left_deleted == ["type:visio-puericultrice"]
    assert not AppointmentType.objects.filter(slug="visio-puericultrice").exists()
    assert load(now=NOW, restore=True).created == 1


@needs_database
def test_what_left_the_files_is_named_and_left(folder: Path) -> None:
    reload()
    lines = (folder / "communes.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "communes.csv").write_text("".join(lines[:-1]), encoding="utf-8")
    assert reload(folder).no_longer == ["commune:35363"]
    assert Commune.objects.filter(insee="35363").exists()


def test_three_way_merge() -> None:
    loaded = {"a": 1, "b": 1, "c": 1}
    current = {"a": 1, "b": 5, "c": 1, "d": "", "e": "here"}
    wanted = {"a": 2, "b": 2, "c": 1, "d": "new", "e": "new"}
    assert merge(loaded, current, wanted) == ({"a": 2, "d": "new"}, ["b", "e"])


BAD_FILES = [
    (
        "communes.csv",
        ("Acigné,35690,6874", "Acigné,35690,many"),
        "communes.csv, line 2, column population: “many” is not a whole number",
    ),
    (
        "communes.csv",
        ("couronne-est,assumption", "atlantis,assumption"),
        "communes.csv, line 2, column centre_slug: “atlantis” is not a known centre",
    ),
    (
        "communes.csv",
        ("35002,Amanlis", "35001,Amanlis"),
        "communes.csv, line 3, column insee: “35001” is already on line 2",
    ),
    (
        "communes.csv",
        ("35002,Amanlis", "35002,Amanlis,Janzé"),
        "communes.csv, line 3: has 12 cells, the header 11",
    ),
    (
        "centres.csv",
        ("48.11083", "148.11083"),
        "centres.csv, line 2, column lat: 148.11083 is not between -90 and 90",
    ),
    (
        "centres.csv",
        ("name:sure;town:sure", "name:surely;town:sure"),
        "centres.csv, line 2, column certainty: “name:surely” is not field:"
        "sure|likely|placeholder|missing|switchboard",
    ),
    (
        "appointment_types.csv",
        ("child,child,centre", "children,child,centre"),
        "appointment_types.csv, line 2, column need: “children” is not one of "
        "child, baby, pregnancy, after_birth, workshop, sexual_health, childminder, other",
    ),
    (
        "districts.csv",
        ("number,name", "no,name"),
        "districts.csv, line 1, column number: is missing",
    ),
    (
        "department.csv",
        ("Europe/Paris", "Europe/Redon"),
        "department.csv, line 2, column time_zone: “Europe/Redon” is not a known time zone",
    ),
]


@needs_database
@pytest.mark.parametrize(("file", "change", "message"), BAD_FILES)
def test_a_bad_file_is_told_by_line_and_column_and_loads_nothing(
    folder: Path, file: str, change: tuple[str, str], message: str
) -> None:
    rewrite(folder / file, *change)
    with pytest.raises(CommandError) as refusal:
        call_command("load_reference", data=folder)
    assert str(refusal.value) == f"{message}. Nothing was changed."
    assert not Department.objects.exists()
    assert not ReferenceRecord.objects.exists()


def test_a_missing_or_unreadable_file_is_named(folder: Path) -> None:
    (folder / "districts.csv").write_bytes(b"insee,number\n35238,\xff\n")
    with pytest.raises(BadReference, match=r"^districts\.csv: cannot be read as UTF-8"):
        reload(folder)
    (folder / "communes.csv").unlink()
    with pytest.raises(BadReference, match=r"^communes\.csv: not found in "):
        reload(folder)


@needs_database
def test_the_command_says_what_it_did() -> None:
    said = StringIO()
    call_command("load_reference", stdout=said)
    assert "22 centre" in said.getvalue()
    assert "532 created, 0 updated." in said.getvalue()
