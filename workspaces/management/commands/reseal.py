"""Seal every secret again with the first of SECRETS_KEYS, after which the other keys may go."""

from __future__ import annotations

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import models

from workspaces.sealing import Unreadable, is_newest, seal, sealed_columns, unseal
from workspaces.tasks import workspace_ids
from workspaces.tenancy import tenant


class Command(BaseCommand):
    help = "Seal every stored secret again with the first of SECRETS_KEYS."

    def handle(self, *args, **options) -> None:
        columns = {model: found for model in apps.get_models() if (found := sealed_columns(model))}
        done = failed = 0
        for workspace_id in workspace_ids():
            with tenant(workspace_id):
                for model, names in columns.items():
                    for row in model._default_manager.filter(workspace_id=workspace_id).select_for_update():
                        try:
                            done += reseal(row, names)
                        except Unreadable as error:
                            failed += 1
                            self.stderr.write(f"{model._meta.label} {row.pk} of workspace {workspace_id}: {error}")
        self.stdout.write(f"{done} sealed again")
        if failed:
            raise CommandError(f"{failed} could not be read: keep the old keys until their owners type them again")


def reseal(row: models.Model, columns: list[str]) -> int:
    old = [column for column in columns if not is_newest(getattr(row, column))]
    changed = {column: seal(row, column, unseal(row, column)) for column in old}
    if changed:
        type(row)._default_manager.filter(pk=row.pk).update(**changed)
    return len(changed)
