"""Accounts of staff: made without a password, reset when a phone is lost, lapsing when unused."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from centres import actions
from centres.errors import AccountClosed
from centres.models import AccountEvent, Centre, Membership, User
from centres.reach import Reach
from centres.tasks import lapse_memberships
from tests.factories import make_centre
from tests.frontend.pages import text
from tests.frontend.staff.people import PASSWORD, code_of, log_in, make_user, protect

pytestmark = pytest.mark.django_db
USERS = "/admin/centres/user/"
DESK, LOGIN = "/equipe/familles/", "/equipe/connexion/"
CHOSEN = "cheval exact batterie agrafe"


@pytest.fixture
def chief() -> User:
    user = make_user("chief@example.org", "administrator")
    user.is_staff = user.is_superuser = True
    user.save()
    return user


@pytest.fixture
def administration(chief: User) -> Client:
    client = Client()
    log_in(client, chief)
    return client


def link_in(client: Client) -> str:
    page = client.get(USERS).content.decode()
    found = re.search(r"http://[^ <]+(/equipe/connexion/choisir/[^ <]+)", page)
    assert found is not None
    return found[1]


def press(client: Client, action: str, *users: User) -> None:
    form = {"action": action, "_selected_action": [user.pk for user in users]}
    assert client.post(USERS, form).status_code == 302


def test_from_an_account_without_a_password_to_the_first_log_in(administration: Client) -> None:
    form = {"email": "Anne@Example.org", "first_name": "Anne", "last_name": "Le Gall"}
    empty = {f"{name}-{part}": 0 for name in ("memberships", "events") for part in TOTALS}
    answer = administration.post(f"{USERS}add/", form | empty)
    assert answer.status_code == 302, text(answer)
    anne = User.objects.get(email="anne@example.org")
    assert not anne.has_usable_password()
    link = link_in(administration)
    assert link not in administration.get(USERS).content.decode(), "it is shown once"
    visitor = Client()
    assert "anne@example.org" in text(visitor.get(link))
    short = visitor.post(link, {"password": "court", "again": "court"})
    assert "12" in text(short)
    other = visitor.post(link, {"password": CHOSEN, "again": CHOSEN + "s"})
    assert "ne sont pas les mêmes" in text(other)
    assert visitor.post(link, {"password": CHOSEN, "again": CHOSEN})["Location"] == LOGIN
    assert visitor.get(link).status_code == 404, "it is good once"
    assert visitor.post(link, {"password": "x" * 20, "again": "x" * 20}).status_code == 404
    visitor.post(LOGIN, {"username": anne.email, "password": CHOSEN})
    assert visitor.get("/equipe/connexion/second-facteur/").status_code == 200
    done = AccountEvent.objects.filter(user=anne).order_by("pk").values_list("action", "by")
    assert list(done) == [("link", "chief@example.org"), ("password", "anne@example.org")]


TOTALS = ("TOTAL_FORMS", "INITIAL_FORMS")


def test_a_link_is_nobody_else_s_and_ends_after_three_days(monkeypatch: pytest.MonkeyPatch) -> None:
    claire, paul = make_user("claire@example.org"), make_user("paul@example.org")
    now = timezone.now()
    link = actions.link_to_choose(user=claire, by="chief@example.org", now=now)
    path = "/" + link.split("/", 3)[3]
    token = path.rstrip("/").rsplit("/", 1)[1]
    pauls = actions.link_to_choose(user=paul, by="chief@example.org", now=now)
    stolen = re.sub(r"[^/]+/$", f"{token}/", "/" + pauls.split("/", 3)[3])
    client = Client()
    assert client.get(path).status_code == 200
    assert client.get(stolen).status_code == 404
    later = datetime.now() + timedelta(days=3, minutes=1)  # noqa: DTZ005  as Django counts here
    monkeypatch.setattr("django.contrib.auth.tokens.default_token_generator._now", lambda: later)
    assert client.get(path).status_code == 404


def test_a_lost_phone_is_reset_by_an_administrator_and_recorded(administration: Client) -> None:
    claire = protect(make_user("claire@example.org", "reception", make_centre()))
    thief = Client()
    log_in(thief, claire)
    assert thief.get(DESK).status_code == 200
    press(administration, "reset_log_ins", claire)
    assert not Authenticator.objects.filter(user=claire).exists()
    assert thief.get(DESK).status_code == 302, "sessions end with it"
    answer = Client().post(LOGIN, {"username": claire.email, "password": PASSWORD})
    assert answer.status_code == 200, "the old password does not set up another phone"
    event = AccountEvent.objects.get(user=claire)
    assert (event.action, event.by) == ("reset", "chief@example.org")
    page = administration.get(f"{USERS}{claire.pk}/change/").content.decode()
    assert "Connexion remise à zéro" in page
    assert "/equipe/connexion/choisir/" in page, "the way to begin again"


def test_a_forgotten_password_is_replaced_by_a_link_and_the_phone_stays(
    administration: Client,
) -> None:
    claire = protect(make_user("claire@example.org", "reception", make_centre()))
    press(administration, "make_links", claire)
    link = link_in(administration)
    visitor = Client()
    visitor.post(link, {"password": CHOSEN, "again": CHOSEN})
    visitor.post(LOGIN, {"username": claire.email, "password": CHOSEN})
    assert visitor.get(DESK).status_code == 302
    visitor.post("/equipe/connexion/code/", {"code": code_of()})
    assert visitor.get(DESK).status_code == 200


def days_ago(number: float) -> datetime:
    return timezone.now() - timedelta(days=number)


def used(email: str, days: float | None, centre: Centre, *, granted: float = 400) -> Membership:
    user = make_user(email, "reception", centre)
    when = None if days is None else days_ago(days)
    user.memberships.update(last_used_at=when, granted_at=days_ago(granted))
    return user.memberships.get()


def test_rights_unused_for_ninety_days_are_suspended_and_the_log_in_with_the_last(
    chief: User,
) -> None:
    centre, other = make_centre(), make_centre()
    old, fresh = used("old@example.org", 91, centre), used("fresh@example.org", 89, centre)
    never, new = used("never@example.org", None, centre), used("n@e.org", None, centre, granted=3)
    both = used("both@example.org", 200, centre)
    Membership.objects.create(
        user=both.user, department=centre.department, centre=other, role="reception"
    )
    client = Client()
    log_in(client, old.user)
    assert client.get(DESK).status_code == 200
    assert lapse_memberships() == 3
    assert lapse_memberships() == 0, "once"
    states = {each.pk: each.suspended_at is not None for each in Membership.objects.all()}
    assert [states[each.pk] for each in (old, fresh, never, new, both)] == [
        True, False, True, False, True,
    ]  # fmt: skip
    active = set(User.objects.filter(is_active=True).values_list("email", flat=True))
    assert active == {"fresh@example.org", "n@e.org", "both@example.org", chief.email}
    assert client.get(DESK).status_code == 302
    client = Client()
    log_in(client, both.user)
    page = client.get("/equipe/messages/", follow=True)
    assert page.status_code == 200
    assert client.get(f"/equipe/messages/centre/{centre.slug}/").status_code == 404


def test_the_last_administrator_never_lapses() -> None:
    for number in (300, 200):
        user = make_user(f"chief{number}@example.org", "administrator")
        user.memberships.update(granted_at=days_ago(900), last_used_at=days_ago(number))
    assert lapse_memberships() == 1
    left = Membership.objects.get(suspended_at=None)
    assert left.user.email == "chief200@example.org", "the one who was here last"


def test_suspended_rights_are_given_back_and_both_are_on_record(
    administration: Client,
) -> None:
    membership = used("old@example.org", 91, make_centre())
    lapse_memberships()
    assert (
        "old@example.org"
        in administration.get(f"{USERS}?memberships__suspended_at__isempty=0").content.decode()
    )
    assert membership.user.has_usable_password()
    press(administration, "restore", membership.user)
    membership.refresh_from_db()
    assert membership.suspended_at is None
    user = User.objects.get(pk=membership.user_id)
    assert user.is_active
    assert not user.has_usable_password(), "nobody knows in whose hands it is"
    assert lapse_memberships() == 0, "for as long again"
    events = AccountEvent.objects.filter(user=membership.user).order_by("pk")
    assert [(each.action, each.by) for each in events] == [
        ("suspended", ""),
        ("reset", "chief@example.org"),
        ("restored", "chief@example.org"),
    ]
    assert "Accueil" in events[0].note


def test_an_account_closed_by_hand_stays_closed(administration: Client) -> None:
    """One of its roles had lapsed before, which reopens an account that lapsed."""
    lapsed = used("gone@example.org", 91, make_centre())
    there = make_centre()
    Membership.objects.create(
        user=lapsed.user, department=there.department, centre=there, role="reception"
    )
    lapse_memberships()
    User.objects.filter(pk=lapsed.user_id).update(is_active=False)
    press(administration, "restore", lapsed.user)
    with pytest.raises(AccountClosed):
        actions.renew_role(
            membership_id=lapsed.pk,
            reach=Reach(0, centres={lapsed.centre_id}),
            by="manager@example.org",
            now=timezone.now(),
        )
    lapsed.refresh_from_db()
    assert lapsed.suspended_at is not None
    assert not User.objects.get(pk=lapsed.user_id).is_active
    assert not AccountEvent.objects.filter(user=lapsed.user, action="restored").exists()


def test_an_account_closed_by_hand_stays_closed_when_its_last_role_goes(
    administration: Client,
) -> None:
    lapsed = used("gone@example.org", 91, make_centre())
    there = make_centre()
    live = Membership.objects.create(
        user=lapsed.user, department=there.department, centre=there, role="reception"
    )
    lapse_memberships()
    edit(administration, lapsed.user, is_active=False)
    live.delete()
    press(administration, "restore", lapsed.user)
    lapsed.refresh_from_db()
    assert lapsed.suspended_at is not None
    assert not User.objects.get(pk=lapsed.user_id).is_active


def test_an_account_that_lapsed_is_by_hand_what_an_administrator_makes_of_it(
    administration: Client,
) -> None:
    """A name that is corrected changes nothing; opened, then closed again, it is closed by hand."""
    user = used("old@example.org", 91, make_centre()).user
    lapse_memberships()
    edit(administration, user, is_active=False)
    assert user.lapsed_at is not None
    edit(administration, user, is_active=True)
    assert (user.is_active, user.lapsed_at) == (True, None)
    edit(administration, user, is_active=False)
    press(administration, "restore", user)
    user.refresh_from_db()
    assert not user.is_active


def test_an_open_account_has_not_lapsed() -> None:
    make_user("open@example.org")
    with pytest.raises(IntegrityError, match="user_lapsed_is_closed"):
        User.objects.update(lapsed_at=timezone.now())


def edit(client: Client, user: User, *, is_active: bool) -> None:
    """Save the account's own fields; its roles are left as they are."""
    empty = {f"{name}-{part}": 0 for name in ("memberships", "events") for part in TOTALS}
    form = {"email": user.email, "first_name": "Anne", "last_name": "Le Gall"}
    answer = client.post(
        f"{USERS}{user.pk}/change/", form | empty | ({"is_active": "on"} if is_active else {})
    )
    assert answer.status_code == 302, text(answer)
    user.refresh_from_db()


def test_history_is_not_edited(administration: Client, chief: User) -> None:
    actions.link_to_choose(user=chief, by=chief.email, now=timezone.now())
    page = administration.get(f"{USERS}{chief.pk}/change/").content.decode()
    assert "Lien de mot de passe créé" in page
    assert not re.search(r'name="events-0-(action|by|note|DELETE)"', page)


def test_a_superuser_of_the_command_line_sets_up_a_second_factor_too() -> None:
    call_command("createsuperuser", email="root@example.org", interactive=False, verbosity=0)
    root = User.objects.get(email="root@example.org")
    root.set_password(PASSWORD)
    root.save()
    client = Client()
    assert (
        client.post(LOGIN, {"username": root.email, "password": PASSWORD})["Location"] == "/admin/"
    )
    assert client.get("/admin/")["Location"] == "/admin/login/?next=/admin/"


def test_an_operator_helps_the_administrator_whom_no_other_can(
    chief: User, capsys: pytest.CaptureFixture[str]
) -> None:
    protect(chief)
    call_command("reset_log_in", "Chief@Example.org", author="Paul, DSI")
    assert "/equipe/connexion/choisir/" in capsys.readouterr().out
    assert not Authenticator.objects.filter(user=chief).exists()
    assert AccountEvent.objects.get(user=chief).by == "Paul, DSI"
    with pytest.raises(CommandError, match="no account"):
        call_command("reset_log_in", "nobody@example.org", author="Paul, DSI")


def test_who_is_no_superuser_takes_over_no_superuser_s_account(chief: User) -> None:
    clerk = make_user("clerk@example.org", "administrator")
    clerk.is_staff = True
    clerk.save()
    clerk.user_permissions.set(Permission.objects.filter(codename__endswith="_user"))
    client = Client()
    log_in(client, clerk)
    for action in ("reset_log_ins", "make_links"):
        press(client, action, chief)
    assert "/equipe/connexion/choisir/" not in client.get(USERS).content.decode()
    assert not AccountEvent.objects.exists()
