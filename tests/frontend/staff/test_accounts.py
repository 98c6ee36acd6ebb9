"""The accounts of a team: invited, given and taken roles, helped back in, all of it signed."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from booking.actions import make_calendar_link
from centres.actions import lapse_memberships
from centres.models import Centre, Membership, User
from notifications.composing import compose
from notifications.models import OutboxMessage
from notifications.rendering import render
from tests.factories import make_centre, make_department, make_practitioner
from tests.frontend.pages import read, text
from tests.frontend.staff.people import (
    PASSWORD,
    at_desk,
    in_department,
    log_in,
    make_user,
    protect,
)

pytestmark = pytest.mark.django_db
NEWCOMER = {"email": "Anne@Example.org", "first_name": "Anne", "last_name": "Le Gall"}
CHOSEN = "cheval exact batterie agrafe"


@pytest.fixture
def centre() -> Centre:
    return make_centre()


@pytest.fixture
def manager(centre: Centre) -> Client:
    return at_desk(centre, email="maelle@example.org", role="manager")


def page(centre: Centre | None) -> str:
    return f"/equipe/comptes/{centre.slug if centre else 'departement-35'}/"


def press(client: Client, user: User, action: str, centre: Centre | None) -> str:
    """What the page says after a press about this person's role here."""
    role = user.memberships.get(centre=centre)
    answer = client.post(f"{page(centre)}{role.pk}/{action}/", follow=True)
    return text(answer)


def link_of(user: User) -> str:
    """The link in the last e-mail to this person, as it would leave now."""
    message = OutboxMessage.objects.filter(recipient=user.email).latest("pk")
    content = compose(message)
    assert content is not None
    found = re.search(r"(/equipe/connexion/choisir/\S+)", render(message, content).text)
    assert found is not None
    return found[1]


def done(user: User) -> list[tuple[str, str, str]]:
    return list(user.events.order_by("pk").values_list("action", "by", "note"))


def test_a_manager_invites_somebody_who_then_comes_in(manager: Client, centre: Centre) -> None:
    answer = manager.post(page(centre), NEWCOMER | {"role": "reception"}, follow=True)
    assert "anne@example.org a maintenant ce rôle." in text(answer)
    assert "Mot de passe pas encore choisi" in text(answer)
    anne = User.objects.get(email="anne@example.org")
    assert not anne.is_staff
    assert [(role.role, role.centre) for role in anne.memberships.all()] == [("reception", centre)]
    link = link_of(anne)
    assert link not in answer.content.decode(), "it goes to their mailbox and nowhere else"
    visitor = Client()
    assert visitor.post(link, {"password": CHOSEN, "again": CHOSEN}).status_code == 302
    visitor.post("/equipe/connexion/", {"username": anne.email, "password": CHOSEN})
    assert visitor.get("/equipe/connexion/second-facteur/").status_code == 200
    by, note = "maelle@example.org", f"Accueil, {centre.name}"
    assert done(anne)[:2] == [("given", by, note), ("link", by, "")]


def test_the_outbox_keeps_no_link(manager: Client, centre: Centre) -> None:
    manager.post(page(centre), NEWCOMER | {"role": "reception"})
    row = OutboxMessage.objects.values().get(kind="account")
    assert "choisir" not in str(row)
    message = OutboxMessage.objects.get()
    assert manager.get(f"/equipe/messages/{message.pk}/").status_code == 404


def test_who_works_elsewhere_already_gets_a_role_more_and_keeps_their_log_in(
    manager: Client, centre: Centre
) -> None:
    paul = make_user("paul@example.org", "practitioner", make_centre())
    form = {"email": paul.email, "first_name": "X", "last_name": "Y", "role": "practitioner"}
    manager.post(page(centre), form)
    paul.refresh_from_db()
    assert paul.memberships.count() == 2
    assert paul.first_name == "", "a name is its owner's, not whoever invites"
    assert paul.check_password(PASSWORD)
    assert not OutboxMessage.objects.exists()
    again = manager.post(page(centre), form, follow=True)
    assert "avait déjà ce rôle" in text(again)
    assert [action for action, *_ in done(paul)] == ["given"]


def test_a_lost_phone_is_reset_with_a_record_and_a_link(manager: Client, centre: Centre) -> None:
    claire = protect(make_user("claire@example.org", "reception", centre))
    assert "Téléphone perdu ou volé" in read(manager, page(centre))
    assert "remise à zéro" in press(manager, claire, "remettre", centre)
    claire.refresh_from_db()
    assert not claire.has_usable_password()
    assert not Authenticator.objects.filter(user=claire).exists()
    assert Client().get(link_of(claire)).status_code == 200
    assert [each[:2] for each in done(claire)] == [
        ("reset", "maelle@example.org"),
        ("link", "maelle@example.org"),
    ]


def test_inviting_a_colleague_of_elsewhere_gives_no_hand_on_their_log_in(
    manager: Client, centre: Centre
) -> None:
    nurse = protect(make_user("nurse@example.org", "reception", make_centre()))
    manager.post(page(centre), NEWCOMER | {"email": nurse.email, "role": "reception"})
    shown = read(manager, page(centre))
    assert "nurse@example.org" in shown
    assert "Téléphone perdu ou volé" not in shown
    for action in ("remettre", "lien"):
        assert "n’est pas de votre ressort" in press(manager, nurse, action, centre)
    nurse.refresh_from_db()
    assert nurse.check_password(PASSWORD)
    assert Authenticator.objects.filter(user=nurse).exists()
    assert "remise à zéro" in press(in_department(), nurse, "remettre", centre)


def test_a_lapsed_role_is_given_back_with_a_log_in_to_begin_anew(
    manager: Client, centre: Centre
) -> None:
    claire = protect(make_user("claire@example.org", "reception", centre))
    old = Client()
    log_in(old, claire)
    now = timezone.now()
    claire.memberships.update(suspended_at=now)
    User.objects.filter(pk=claire.pk).update(is_active=False, lapsed_at=now)
    assert "Suspendue, faute d’utilisation" in read(manager, page(centre))
    assert "L’habilitation est rendue." in press(manager, claire, "rendre", centre)
    claire.refresh_from_db()
    assert claire.is_active
    assert claire.memberships.get().suspended_at is None
    assert not claire.has_usable_password()
    assert not Authenticator.objects.filter(user=claire).exists()
    assert old.get("/equipe/aujourdhui/").status_code == 302, "an old session is over"
    visitor = Client()
    assert visitor.post(link_of(claire), {"password": CHOSEN, "again": CHOSEN}).status_code == 302
    visitor.post("/equipe/connexion/", {"username": claire.email, "password": CHOSEN})
    assert visitor.get("/equipe/connexion/second-facteur/").status_code == 200


def test_a_lapsed_role_beside_one_in_use_is_given_back_and_the_log_in_stays(
    manager: Client, centre: Centre
) -> None:
    claire = protect(make_user("claire@example.org", "reception", centre))
    there = make_centre()
    Membership.objects.create(
        user=claire, department=there.department, centre=there, role="reception"
    )
    claire.memberships.filter(centre=centre).update(suspended_at=timezone.now())
    assert "L’habilitation est rendue." in press(manager, claire, "rendre", centre)
    claire.refresh_from_db()
    assert claire.check_password(PASSWORD)
    assert Authenticator.objects.filter(user=claire).exists()
    assert not OutboxMessage.objects.filter(recipient=claire.email).exists()


def test_a_role_taken_from_a_closed_account_does_not_open_it_by_another_that_lapsed(
    manager: Client, centre: Centre
) -> None:
    claire = make_user("claire@example.org", "reception", centre)
    Membership.objects.create(
        user=claire, department=centre.department, centre=centre, role="practitioner"
    )
    claire.memberships.filter(role="reception").update(suspended_at=timezone.now())
    User.objects.filter(pk=claire.pk).update(is_active=False)
    used, lapsed = (claire.memberships.get(role=role) for role in ("practitioner", "reception"))
    manager.post(f"{page(centre)}{used.pk}/retirer/")
    shown = read(manager, page(centre))
    assert "Compte fermé" in shown
    assert "Rendre l’habilitation" not in shown
    answer = manager.post(f"{page(centre)}{lapsed.pk}/rendre/", follow=True)
    assert "Ce compte est fermé" in text(answer)
    claire.refresh_from_db()
    assert not claire.is_active
    assert claire.memberships.get().suspended_at is not None


def test_a_role_is_taken_and_its_pages_close_at_once(manager: Client, centre: Centre) -> None:
    agent = at_desk(centre, email="claire@example.org")
    claire = User.objects.get(email="claire@example.org")
    assert agent.get("/equipe/familles/").status_code == 200
    press(manager, claire, "retirer", centre)
    assert agent.get("/equipe/familles/").status_code == 404
    assert done(claire)[-1] == ("withdrawn", "maelle@example.org", f"Accueil, {centre.name}")


def test_a_manager_touches_no_administrator_and_not_themselves(
    manager: Client, centre: Centre
) -> None:
    head = make_user("head@example.org", "administrator")
    Membership.objects.create(
        user=head, department=centre.department, centre=centre, role="reception"
    )
    me = User.objects.get(email="maelle@example.org")
    shown = read(manager, page(centre))
    assert "Retirer ce rôle" not in shown
    assert "C’est vous" in shown
    for user in (head, me):
        for action in ("retirer", "remettre", "lien"):
            assert "n’est pas de votre ressort" in press(manager, user, action, centre)
        assert user.memberships.filter(centre=centre).exists()
        assert not done(user)
    for email in (head.email, me.email):
        form = NEWCOMER | {"email": email, "role": "manager"}
        assert "n’est pas de votre ressort" in text(manager.post(page(centre), form))


@pytest.mark.parametrize("role", ["administrator", "auditor"])
def test_a_manager_gives_no_role_of_the_whole(manager: Client, centre: Centre, role: str) -> None:
    assert manager.post(page(centre), NEWCOMER | {"role": role}).status_code == 422
    assert manager.get(page(None)).status_code == 404
    assert not User.objects.filter(email="anne@example.org").exists()


def test_a_role_of_another_team_is_not_found_through_one_s_own(
    manager: Client, centre: Centre
) -> None:
    other = make_user("paul@example.org", "reception", make_centre()).memberships.get()
    assert manager.post(f"{page(centre)}{other.pk}/retirer/").status_code == 404
    assert Membership.objects.filter(pk=other.pk).exists()


def test_an_administrator_sees_to_every_centre_and_the_whole(centre: Centre) -> None:
    head = in_department()
    listed = read(head, "/equipe/comptes/")
    assert centre.name in listed
    assert "Administration et contrôle" in listed
    head.post(page(None), NEWCOMER | {"role": "auditor"})
    anne = User.objects.get(email="anne@example.org")
    assert anne.memberships.get().role == "auditor"
    abroad = make_centre(department=make_department(code="22", name="Côtes-d’Armor"))
    assert abroad.name not in read(head, "/equipe/comptes/")
    assert head.get(page(abroad)).status_code == 404


def test_who_is_invited_without_a_choice_gets_the_plainest_role(centre: Centre) -> None:
    head = in_department()
    for team, plainest in ((centre, "reception"), (None, "auditor")):
        first = head.get(page(team)).content.decode().partition('<select name="role"')[2]
        assert first.partition('<option value="')[2].startswith(plainest)


def test_a_closed_account_is_not_reopened_by_an_invitation(manager: Client, centre: Centre) -> None:
    make_user("anne@example.org", "practitioner", centre)
    User.objects.filter(email="anne@example.org").update(is_active=False)
    answer = manager.post(page(centre), NEWCOMER | {"role": "reception"})
    assert "Ce compte est fermé" in text(answer)
    assert 'value="Le Gall"' in answer.content.decode(), "nothing typed is lost"


def lapse(*users: User) -> None:
    """As the task of the night leaves them."""
    now = timezone.now()
    Membership.objects.filter(user__in=users).update(suspended_at=now)
    User.objects.filter(pk__in=[user.pk for user in users]).update(is_active=False, lapsed_at=now)


def test_a_lapsed_account_invited_anew_has_the_new_role_alone_and_a_new_log_in(
    manager: Client, centre: Centre
) -> None:
    anne = protect(make_user("anne@example.org", "manager", centre))
    Membership.objects.create(
        user=anne, department=centre.department, centre=make_centre(), role="reception"
    )
    old = Client()
    log_in(old, anne)
    doctor = make_practitioner(centre.department, user=anne)
    secret = make_calendar_link(practitioner_id=doctor.pk, naming="time", now=timezone.now())
    lapse(anne)
    manager.post(page(centre), NEWCOMER | {"role": "practitioner"})
    anne.refresh_from_db()
    assert anne.is_active
    assert anne.first_name == "", "a name is its owner's"
    live = anne.memberships.filter(suspended_at=None)
    assert [(each.role, each.centre) for each in live] == [("practitioner", centre)]
    assert not anne.has_usable_password()
    assert not Authenticator.objects.filter(user=anne).exists()
    assert old.get("/equipe/mes-seances/").status_code == 302, "an old session is over"
    assert Client().get(f"/ical/{secret}.ics").status_code == 404
    visitor = Client()
    assert visitor.post(link_of(anne), {"password": CHOSEN, "again": CHOSEN}).status_code == 302
    visitor.post("/equipe/connexion/", {"username": anne.email, "password": CHOSEN})
    assert visitor.get("/equipe/connexion/second-facteur/").status_code == 200
    by = "maelle@example.org"
    assert [each[:2] for each in done(anne)[:3]] == [("reset", by), ("given", by), ("link", by)]


def test_a_lapsed_account_invited_to_the_role_it_had_is_renewed(
    manager: Client, centre: Centre
) -> None:
    anne = make_user("anne@example.org", "reception", centre)
    lapse(anne)
    answer = manager.post(page(centre), NEWCOMER | {"role": "reception"}, follow=True)
    assert "anne@example.org a maintenant ce rôle." in text(answer)
    role = anne.memberships.get()
    assert role.suspended_at is None
    lapse_memberships(now=timezone.now(), days=90)
    assert anne.memberships.get().suspended_at is None, "for as long again"


def test_one_role_that_lapsed_is_renewed_and_the_log_in_in_use_stays(
    manager: Client, centre: Centre
) -> None:
    anne = make_user("anne@example.org", "reception", centre)
    anne.memberships.update(suspended_at=timezone.now())
    Membership.objects.create(
        user=anne, department=centre.department, centre=make_centre(), role="reception"
    )
    answer = manager.post(page(centre), NEWCOMER | {"role": "reception"}, follow=True)
    assert "a maintenant ce rôle" in text(answer)
    anne.refresh_from_db()
    assert anne.memberships.filter(suspended_at=None).count() == 2
    assert anne.check_password(PASSWORD)


def test_what_is_said_does_not_tell_whether_an_address_was_known(
    manager: Client, centre: Centre
) -> None:
    elsewhere = make_centre()
    make_user("known@example.org", "reception", elsewhere)
    lapse(make_user("lapsed@example.org", "reception", elsewhere))
    said = set()
    for email in ("known@example.org", "lapsed@example.org", "nobody@example.org"):
        answer = manager.post(page(centre), NEWCOMER | {"email": email, "role": "reception"})
        assert answer.status_code == 302
        told = [str(each) for each in get_messages(answer.wsgi_request)]
        said.add(told[-1].replace(email, "…"))
    assert len(said) == 1


def test_a_closed_account_of_elsewhere_is_refused_like_any_that_is_not_theirs(
    manager: Client, centre: Centre
) -> None:
    make_user("closed@example.org", "reception", make_centre())
    User.objects.filter(email="closed@example.org").update(is_active=False)
    make_user("head@example.org", "administrator")
    said = set()
    for email in ("closed@example.org", "head@example.org"):
        shown = text(manager.post(page(centre), NEWCOMER | {"email": email, "role": "reception"}))
        assert "n’est pas de votre ressort" in shown
        said.add(shown.replace(email, "…"))
    assert len(said) == 1


def test_the_page_costs_the_same_at_any_size(
    manager: Client, centre: Centre, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(9):
        if number in (0, 8):
            with django_assert_num_queries(4 + 3):
                assert manager.get(page(centre)).status_code == 200
        make_user(f"agent{number}@example.org", "reception", centre)


def test_a_message_that_was_lost_is_told(manager: Client, centre: Centre) -> None:
    manager.post(page(centre), NEWCOMER | {"role": "reception"})
    OutboxMessage.objects.update(state="failed")
    assert "n’est pas arrivé" in read(manager, page(centre))


def test_another_team_is_offered_to_who_has_one(manager: Client, centre: Centre) -> None:
    assert "Changer d’équipe" not in read(manager, page(centre))
    me = User.objects.get(email="maelle@example.org")
    second = make_centre()
    Membership.objects.create(user=me, department=centre.department, centre=second, role="manager")
    assert "Changer d’équipe" in read(manager, page(centre))


def test_from_a_long_list_a_link_leads_to_the_invitation(manager: Client, centre: Centre) -> None:
    link = 'href="#invite"'
    assert link not in manager.get(page(centre)).content.decode()
    for number in range(3):
        make_user(f"agent{number}@example.org", "reception", centre)
    assert link in manager.get(page(centre)).content.decode()
