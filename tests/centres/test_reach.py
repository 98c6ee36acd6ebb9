"""Whose account and rights somebody may touch: nobody above them, nor elsewhere, nor their own."""

from __future__ import annotations

import pytest

from centres.reach import Person, Post, Reach

HERE, THERE, OURS, ABROAD = 1, 2, 35, 22
MANAGER = Reach(user=1, centres={HERE})
ADMINISTRATOR = Reach(user=1, departments={OURS})
OWNER = Reach(user=1, is_owner=True)
AGENT = Post("reception", HERE, OURS)
CHIEF = Post("manager", HERE, OURS)
OTHER = Post("reception", THERE, OURS)
OTHER_CHIEF = Post("manager", THERE, OURS)
HEAD = Post("administrator", None, OURS)
AUDITOR = Post("auditor", None, OURS)
FOREIGN = Post("reception", 3, ABROAD)
FOREIGN_CHIEF = Post("manager", 3, ABROAD)
FOREIGN_HEAD = Post("administrator", None, ABROAD)


def person(*posts: Post, special: bool = False, user: int = 2) -> Person:
    return Person(user, posts, special)


CHANGES = [
    ("a manager gives roles of their centre", MANAGER, person(), AGENT, True),
    ("that of manager too", MANAGER, person(AGENT), CHIEF, True),
    ("to somebody who also works elsewhere", MANAGER, person(OTHER, FOREIGN), AGENT, True),
    ("never one of another centre", MANAGER, person(AGENT), OTHER, False),
    ("never one of the Département", MANAGER, person(AGENT), HEAD, False),
    ("nobody raises themselves", MANAGER, person(AGENT, user=1), CHIEF, False),
    ("not even an administrator", ADMINISTRATOR, person(HEAD, user=1), AUDITOR, False),
    ("nor the owner", OWNER, person(user=1), HEAD, False),
    ("a manager has no hand on an administrator", MANAGER, person(AGENT, HEAD), AGENT, False),
    ("nor on an auditor", MANAGER, person(AUDITOR), AGENT, False),
    ("nor on the owner", MANAGER, person(special=True), AGENT, False),
    ("an administrator gives all of the Département's", ADMINISTRATOR, person(), OTHER_CHIEF, True),
    ("administrators too", ADMINISTRATOR, person(AGENT), HEAD, True),
    ("nothing of another Département", ADMINISTRATOR, person(), FOREIGN, False),
    ("no administrator of another", ADMINISTRATOR, person(), FOREIGN_HEAD, False),
    ("no hand on who serves another", ADMINISTRATOR, person(FOREIGN_HEAD), AGENT, False),
    ("the owner gives anything", OWNER, person(special=True), FOREIGN_HEAD, True),
]
RESETS = [
    ("a manager helps those of their centre", MANAGER, person(AGENT), True),
    ("nobody who works in another centre too", MANAGER, person(AGENT, OTHER), False),
    ("nor in another Département", MANAGER, person(AGENT, FOREIGN), False),
    ("a colleague who manages with them", MANAGER, person(CHIEF), True),
    ("nobody of another centre", MANAGER, person(OTHER), False),
    ("nobody without a role", MANAGER, person(), False),
    ("nobody who manages another centre", MANAGER, person(AGENT, OTHER_CHIEF), False),
    ("no administrator", MANAGER, person(AGENT, HEAD), False),
    ("not the owner", MANAGER, person(AGENT, special=True), False),
    ("not themselves", MANAGER, person(AGENT, user=1), False),
    ("an administrator helps any centre", ADMINISTRATOR, person(OTHER_CHIEF), True),
    ("and who works in several", ADMINISTRATOR, person(AGENT, OTHER), True),
    ("not who works in another Département too", ADMINISTRATOR, person(AGENT, FOREIGN), False),
    ("and other administrators", ADMINISTRATOR, person(HEAD), True),
    ("no administrator of another Département", ADMINISTRATOR, person(AGENT, FOREIGN_HEAD), False),
    ("no manager of another", ADMINISTRATOR, person(AGENT, FOREIGN_CHIEF), False),
    ("not the owner of the installation", ADMINISTRATOR, person(AGENT, special=True), False),
    ("the owner helps anybody", OWNER, person(FOREIGN_HEAD), True),
    ("but themselves", OWNER, person(user=1), False),
]


@pytest.mark.parametrize(("_why", "reach", "who", "post", "may"), CHANGES)
def test_roles_are_given_and_taken_within_reach(
    _why: str, reach: Reach, who: Person, post: Post, may: bool
) -> None:
    assert reach.may_change(who, post) is may


@pytest.mark.parametrize(("_why", "reach", "who", "may"), RESETS)
def test_a_log_in_is_reset_within_reach(_why: str, reach: Reach, who: Person, may: bool) -> None:
    assert reach.may_reset(who) is may
