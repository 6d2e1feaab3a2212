"""What all rows share that admins set up: an order, a version, checks of their fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models

from workspaces.action import Refused, Stale
from workspaces.models import User

Row = TypeVar("Row", bound=models.Model)


def lock_row(row: Row, version: int | None = None) -> Row:
    """The newest state, locked until the end of the transaction; Stale when it is gone, or is not the `version` seen.

    Without a version (the admin, commands) the newest is taken.
    """
    model: Any = type(row)
    found = model.objects.select_for_update(no_key=True).filter(pk=row.pk).first()
    if found is None:
        raise Stale(f"This {model._meta.verbose_name} was deleted meanwhile. Reload the page.")
    if version is not None and found.version != version:
        raise Stale(f"It was not saved: {who_changed(found)} changed this {model._meta.verbose_name} meanwhile.")
    return found


def who_changed(row: models.Model) -> str:
    """By the audit trail, where each line is the row as it was before a change."""
    history = apps.get_model(row._meta.app_label, f"{row._meta.object_name}History")
    last = history.objects.filter(pgh_obj_id=row.pk).order_by("-pgh_id").first()
    user = User.objects.filter(pk=((last and last.pgh_context) or {}).get("user") or 0).first()
    return str(user or "somebody")


def save_row(row: Row, changes: Mapping[str, object]) -> Row:
    """Set, check, and make a new version. Nothing is written when all is so already."""
    changes = {name: value.strip() if isinstance(value, str) else value for name, value in changes.items()}
    changes = {name: value for name, value in changes.items() if getattr(row, name) != value}
    if changes:
        for name, value in changes.items():
            setattr(row, name, value)
        row.version += 1  # type: ignore[attr-defined]
        check_row(row)
        row.save(update_fields=[*changes, "version"])
    return row


def check_row(row: models.Model) -> None:
    """What no page could work with is refused, whatever door it came through, and in words."""
    try:
        row.clean_fields(exclude=[field.name for field in row._meta.fields if field.is_relation])
        row.validate_constraints()
    except ValidationError as error:
        problems = {
            ("" if field == "__all__" else field): " ".join(texts) for field, texts in error.message_dict.items()
        }
        if "" in problems and hasattr(row, "name") and len(problems) == 1:
            problems = {"name": problems[""]}
        raise Refused(" ".join(problems.values()), fields={k: v for k, v in problems.items() if k}) from error


def check_order(rows: Sequence[models.Model], order: Sequence[int], seen: Sequence[int]) -> list[int]:
    """The places (0, 1, …) of these rows, which are in their present order, when they shall stand as in `order` (ids).

    `seen` is the order that whoever asks had before them: another one since then is not overwritten.
    """
    now = [row.pk for row in rows]
    if now != list(seen):
        raise Stale("It was not moved: the order was changed meanwhile. Reload the page.")
    if sorted(order) != sorted(now):
        raise Refused("An order names each of them once.")
    return [list(order).index(pk) for pk in now]


def put_in_order(rows: Sequence[models.Model], places: Sequence[int]) -> None:
    """Write the places that are new."""
    moved = []
    for row, place in zip(rows, places, strict=True):
        if row.position != place:  # type: ignore[attr-defined]
            row.position = place  # type: ignore[attr-defined]
            moved.append(row)
    if moved:
        type(moved[0])._base_manager.bulk_update(moved, ["position"])
