"""`manage.py reset_log_in EMAIL`: a way back in for an administrator whom no other can help."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from centres import actions
from centres.models import User


class Command(BaseCommand):
    help = (
        "Take password, second factor and sessions from somebody, and print a link to begin anew."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="of the account")
        parser.add_argument("--author", required=True, help="who does this, for the record")

    def handle(self, *args: Any, **options: Any) -> None:
        now, by = timezone.now(), options["author"]
        try:
            user = User.objects.get(email=options["email"].lower())
        except User.DoesNotExist as error:
            raise CommandError(f"no account has the address {options['email']!r}") from error
        actions.restore_memberships(users=[user], by=by, now=now)
        link = actions.reset_log_in(user=user, by=by, now=now)
        self.stdout.write(f"For {user.email}, good once and for three days: {link}")
