from django.contrib.auth.base_user import BaseUserManager
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from workspaces.action import Refused
from workspaces.actions import create_workspace
from workspaces.models import User


class Command(BaseCommand):
    help = "Make an empty workspace. An owner who has no account yet gets one, to be opened by 'Forgot your password?'."

    def add_arguments(self, parser):
        parser.add_argument("slug")
        parser.add_argument("--owner", required=True, metavar="EMAIL")
        parser.add_argument("--name", help="default: the slug")
        parser.add_argument("--currency", default="EUR")
        parser.add_argument("--time-zone", default="UTC")
        parser.add_argument("--password", help="of a new owner; without it they set one by 'Forgot your password?'")

    def handle(self, *args, **options):
        email = BaseUserManager.normalize_email(options["owner"]).lower()
        try:
            validate_email(email)
            user = User.objects.filter(email=email).first() or User.objects.create_user(
                email, options["password"], name=email.partition("@")[0].title()
            )
            workspace = create_workspace(
                name=options["name"] or options["slug"],
                slug=options["slug"],
                owner=user,
                currency=options["currency"].upper(),
                time_zone=options["time_zone"],
            )
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        self.stdout.write(f"made the workspace {workspace.slug}, owned by {email}: /w/{workspace.slug}/")
        if not user.has_usable_password():
            self.stdout.write(f"{email} sets a password by “Forgot your password?” on the login page.")
