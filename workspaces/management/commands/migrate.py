from django.core.management.commands.migrate import Command as Migrate

from workspaces.tenancy import as_owner


class Command(Migrate):
    """Django's migrate, as the role that owns the tables."""

    def handle(self, *args, **options):
        with as_owner(options["database"]):
            return super().handle(*args, **options)
