from django.core.management.commands.flush import Command as Flush

from workspaces.tenancy import as_owner


class Command(Flush):
    """Django's flush, as the role that owns the tables: the app's own may not truncate."""

    def handle(self, **options):
        with as_owner(options["database"]):
            return super().handle(**options)
