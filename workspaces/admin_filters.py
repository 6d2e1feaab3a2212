"""Filters of the admin's lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.admin.views.main import ChangeList
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from workspaces.models import Membership, User
from workspaces.tenant import MemberForeignKey


class ChooseFilter(AutocompleteSelectFilter):
    """Rows with one value of a foreign key, looked up by typing: there may be thousands to choose from."""

    template = "admin/choose_filter.html"

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        mine = set(self.expected_parameters())
        kept = [
            (name, value) for name, values in changelist.filter_params.items() for value in values if name not in mine
        ]
        if changelist.query:
            kept.append(("q", changelist.query))
        for choice in super().choices(changelist):
            if isinstance(self.field, MemberForeignKey):
                # Row-level security does not cover users: the name of whoever's id is in the URL must not be shown.
                members = (
                    Membership.objects.filter(workspace=self.request.workspace)
                    if self.request.workspace
                    else Membership.objects.all()
                )
                choice["form"].fields[self.lookup_kwarg].queryset = User.objects.filter(
                    pk__in=members.values("user_id")
                )
            yield choice | {"kept": kept}
