"""Families in a storm: they book over HTTP, and some move or cancel while a message is leaving."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from bench.client import Answer, Broken, Client
from bench.family import Family
from booking.models import Guardian, Household
from centres.calendar import to_minute
from centres.models import AppointmentType, Centre, Department, Practitioner, Shift, ShiftType, Site
from centres.rollout import Stage
from notifications import outbox

NAME = "storm"
STEP, HOURS, DAYS, PRACTITIONERS = 20, 10, 20, 6


@dataclass
class Crowd:
    """What the families tried and how they were answered."""

    answers: Counter[str] = field(default_factory=Counter)
    moves: int = 0

    def asked(self, what: str, answer: Answer) -> bool:
        self.answers[f"{what} {answer.status}"] += 1
        return answer.status == 302


def lay_ground(*, households: int, now: datetime) -> list[str]:
    """A centre with room for all, and families known already; the starts, as buttons send them."""
    department = Department.objects.first() or Department.objects.create(code="35", phone="15")
    centre = Centre.objects.create(
        department=department, slug=NAME, name=NAME, town="Redon", insee="35236",
        postal_code="35600", phone="02 61 91 23 45", latitude=47.65, longitude=-2.08,
        stage=Stage.OPEN, reoffer_delay_min=0, max_open_per_contact=50,
    )  # fmt: skip
    site = Site.objects.create(
        centre=centre, slug=NAME, name="Maison des familles", latitude=47.65, longitude=-2.08,
        is_main=True,
    )  # fmt: skip
    kind = AppointmentType.objects.create(
        slug=NAME, label=NAME, professions="médecin", need="child", audience="child", mode="centre",
        booking="online", duration_min=STEP, step_min=STEP, notice_min=0,
    )  # fmt: skip
    choices = list(_open_days(centre, site, kind, now=now))
    _know(households, now=now)
    return choices


def _open_days(
    centre: Centre, site: Site, kind: AppointmentType, *, now: datetime
) -> Iterator[str]:
    people = [
        Practitioner.objects.create(department=centre.department, last_name=f"{NAME} {number}")
        for number in range(PRACTITIONERS)
    ]
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(2, DAYS + 2):
        start = midnight + timedelta(days=day, hours=7)
        for who in people:
            shift = Shift.objects.create(
                centre=centre, site=site, practitioner=who, occurs_on=start.date(),
                starts_at=start, ends_at=start + timedelta(hours=HOURS), seats=1,
            )  # fmt: skip
            ShiftType.objects.create(shift=shift, type=kind, centre=centre, starts_at=start)
        first = to_minute(start)
        yield from (f"{first + STEP * k}-{site.pk}" for k in range(HOURS * 60 // STEP))


def _know(many: int, *, now: datetime) -> None:
    """Half of them are told by SMS alone, half by e-mail alone: each message has one way to go."""
    by = Household.ContactBy
    homes = Household.objects.bulk_create(
        Household(created_at=now, contact_by=by.SMS if number % 2 else by.EMAIL)
        for number in range(many)
    )
    Guardian.objects.bulk_create(
        Guardian(
            household=home,
            first_name="Karim",
            last_name="Le Goff",
            email=address(number),
            phone=f"+336{39980000 + number:08}" if number % 2 else "",
            email_verified_at=now,
            phone_verified_at=now if number % 2 else None,
        )
        for number, home in enumerate(homes)
    )


def address(number: int) -> str:
    return f"{NAME}-{number}@example.org"


def bulk(many: int, *, seconds: float, now: datetime) -> None:
    """So many SMS of another kind, due one after the other while the storm lasts."""
    dice = random.Random(35)
    with transaction.atomic():
        outbox.enqueue(
            [
                outbox.Intent(
                    intent_key=f"{NAME}:{number}",
                    kind="reply_callback",
                    subject_ref=f"b{number}",
                    person_ref=f"p{number}",
                    scope=NAME,
                    channel="sms",
                    recipient=f"+336{39990000 + number:08}",
                    language="fr",
                    context={"phone": "02 61 91 23 45"},
                    priority=outbox.BULK,
                    send_at=now + timedelta(seconds=dice.uniform(0, seconds)),
                    valid_until=now + timedelta(hours=2),
                )
                for number in range(many)
            ],
            now=now,
        )


@contextmanager
def crowd(port: int, choices: list[str], *, clients: int, pause: float) -> Iterator[Crowd]:
    """Families come one after the other in each of so many threads, until the block ends."""
    over, numbers, told = threading.Event(), itertools.count(), Crowd()

    def come(seed: int) -> None:
        dice = random.Random(seed)
        with Client(port) as browser:
            while not over.is_set():
                try:
                    _one_family(browser, choices, told, dice, next(numbers))
                except Broken:
                    told.answers["lost"] += 1
                over.wait(dice.uniform(0, 2 * pause))

    threads = [threading.Thread(target=come, args=[seed]) for seed in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _one_family(
    browser: Client, choices: list[str], told: Crowd, dice: random.Random, number: int
) -> None:
    family = Family(browser, NAME, NAME)
    family.email = address(number)
    if not told.asked("hold", family.hold(dice.choice(choices))):
        return
    if not told.asked("confirm", family.confirm(family.token)):
        return
    # Now, or when the confirmation may just be leaving, or when it has left.
    time.sleep(dice.choice([0, dice.uniform(0, 1.5)]))
    if dice.random() < 0.8:
        held = family.hold_move(family.token, dice.choice(choices))
        if told.asked("hold a new time", held):
            told.moves += told.asked("move", family.confirm_move(held.location))
    time.sleep(dice.choice([0, dice.uniform(0, 1.5)]))
    if dice.random() < 0.3:
        told.asked("cancel", family.cancel(family.token))
