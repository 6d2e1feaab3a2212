"""What admins do with custom fields."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Sequence

from django.utils import timezone

from workspaces.access import check_may
from workspaces.action import Refused, Stale, action
from workspaces.custom.values import CHOSEN, MOST_CHOICES, MOST_FIELDS, Choice, Entity, Type
from workspaces.models import CustomField, Membership, Role, Workspace

DOING = "change custom fields"
# Archived ones count here: their values stay in the rows.
MOST_EVER = 4 * MOST_FIELDS
KEY_LENGTH, LABEL_LENGTH = 40, 60


@action
def create_field(
    workspace: Workspace,
    *,
    entity: str,
    label: str,
    type: str,  # noqa: A002 - the field's word
    by: Membership | None,
    choices: Sequence[str] = (),
    help: str = "",  # noqa: A002
    required: bool = False,
) -> CustomField:
    """A new field behind those that are there. `choices`: labels. Its key is made of the label and stays."""
    check_may(by, Role.ADMIN, DOING)
    _lock(workspace)
    others = list(CustomField.objects.filter(workspace=workspace, entity=entity))
    _check_room(entity, others)
    field = CustomField(
        workspace=workspace, entity=Entity(entity), type=Type(type), label=_label(label), help=help.strip(), required=required
    )  # fmt: skip
    field.key = new_key(field.label, {other.key for other in others}, "field")
    field.position = max((other.position for other in others), default=-1) + 1
    field.choices = _choices(field, [Choice("", label) for label in choices])
    _check(field, others)
    field.save(force_insert=True)
    _tell(workspace)
    return field


@action
def change_field(
    field: CustomField,
    *,
    version: int,
    by: Membership | None,
    label: str,
    help: str = "",  # noqa: A002
    required: bool = False,
    choices: Sequence[Choice] | None = None,
) -> CustomField:
    """Label, help, whether it is required, and its choices: all of them in order, new ones with an empty key. One that
    is left out is archived: records may hold it. Type and key stay."""
    check_may(by, Role.ADMIN, DOING)
    _lock(field.workspace)
    field = CustomField.objects.select_related("workspace").get(pk=field.pk)
    if field.version != version:
        raise Stale(f"Somebody changed {field} meanwhile. Nothing was overwritten: look again, then save.")
    field.label, field.help, field.required = _label(label), help.strip(), required
    if choices is not None:
        field.choices = _choices(field, choices)
    others = CustomField.objects.filter(workspace_id=field.workspace_id, entity=field.entity).exclude(pk=field.pk)
    _check(field, list(others))
    return _save(field)


@action
def move_field(field: CustomField, *, up: bool, by: Membership | None) -> None:
    """One place up or down among the live ones."""
    check_may(by, Role.ADMIN, DOING)
    _lock(field.workspace)
    live = list(CustomField.objects.filter(workspace_id=field.workspace_id, entity=field.entity, archived_at=None))
    here = next((i for i, other in enumerate(live) if other.pk == field.pk), None)
    there = -1 if here is None else here + (-1 if up else 1)
    if here is None or not 0 <= there < len(live):
        return
    live[here], live[there] = live[there], live[here]
    for position, other in enumerate(live):
        other.position = position
    CustomField.objects.bulk_update(live, ["position"])
    _tell(field.workspace)


@action
def archive_field(field: CustomField, *, by: Membership | None) -> CustomField:
    """It is gone from forms, lists and filters; what it holds stays, and comes back with it."""
    check_may(by, Role.ADMIN, DOING)
    _lock(field.workspace)
    field = CustomField.objects.select_related("workspace").get(pk=field.pk)
    if field.archived_at is None:
        field.archived_at = timezone.now()
        _save(field)
    return field


@action
def restore_field(field: CustomField, *, by: Membership | None) -> CustomField:
    """Back, behind the live ones. Refused where another has its label now."""
    check_may(by, Role.ADMIN, DOING)
    _lock(field.workspace)
    field = CustomField.objects.select_related("workspace").get(pk=field.pk)
    if field.archived_at is not None:
        others = list(
            CustomField.objects.filter(workspace_id=field.workspace_id, entity=field.entity).exclude(pk=field.pk)
        )
        live = [other for other in others if other.archived_at is None]
        if len(live) >= MOST_FIELDS:
            raise _full(field.entity)
        field.archived_at = None
        field.position = max((other.position for other in live), default=-1) + 1
        _check(field, others)
        _save(field)
    return field


# --- parts ----------------------------------------------------------------------------------------------


def _lock(workspace: Workspace) -> None:
    """Changes of a workspace's fields go one after the other."""
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)


def _tell(workspace: Workspace) -> None:
    """All processes look again."""
    workspace.custom_token = uuid.uuid4().hex[:16]
    workspace.save(update_fields=["custom_token"])


def _save(field: CustomField) -> CustomField:
    field.version += 1
    field.save()
    _tell(field.workspace)
    return field


def _check_room(entity: str, others: Sequence[CustomField]) -> None:
    if sum(other.archived_at is None for other in others) >= MOST_FIELDS:
        raise _full(entity)
    if len(others) >= MOST_EVER:
        raise Refused(f"{Entity(entity).label} have had {MOST_EVER} custom fields: restore an archived one instead.")


def _full(entity: str) -> Refused:
    return Refused(
        f"{Entity(entity).label} have {MOST_FIELDS} custom fields, and more there cannot be: archive one first."
    )


def _label(text: str) -> str:
    label = " ".join(text.split())
    if not label:
        raise Refused("A field needs a name.", fields={"label": "What is it called?"})
    if len(label) > LABEL_LENGTH:
        raise Refused("This name is too long.", fields={"label": f"At most {LABEL_LENGTH} characters."})
    return label


def _check(field: CustomField, others: Sequence[CustomField]) -> None:
    taken = {other.label.casefold() for other in others if other.archived_at is None}
    if field.archived_at is None and field.label.casefold() in taken:
        raise Refused(f"There is a field {field.label} already.", fields={"label": "Another field is called so."})
    if field.required and field.type == Type.CHECKBOX:
        raise Refused(
            "A checkbox is never empty.", fields={"required": "A checkbox cannot be required: it is never empty."}
        )
    if field.type in CHOSEN and not field.field.offered:
        raise Refused("A choice needs something to choose from.", fields={"choices": "At least one choice, please."})


def _choices(field: CustomField, wanted: Sequence[Choice]) -> list[dict[str, object]]:
    """As the row keeps them. Those that are there and not wanted any more stand behind, archived."""
    if field.type not in CHOSEN:
        return []
    known = {choice.key: choice for choice in field.field.choices}
    keys, labels, kept = set(known), set(), []
    for choice in wanted:
        label = " ".join(choice.label.split())
        if not label:
            continue
        if len(label) > LABEL_LENGTH:
            raise Refused(
                "A choice is too long.", fields={"choices": f"A choice has at most {LABEL_LENGTH} characters."}
            )
        if not choice.is_archived and label.casefold() in labels:
            raise Refused(f"{label} is there twice.", fields={"choices": f"“{label}” is there twice."})
        if not choice.is_archived:
            labels.add(label.casefold())
        key = choice.key if choice.key in known else new_key(label, keys, "choice")
        keys.add(key)
        kept.append({"key": key, "label": label, "archived": choice.is_archived})
    named = {each["key"] for each in kept}
    kept += [{"key": key, "label": old.label, "archived": True} for key, old in known.items() if key not in named]
    if len(kept) > MOST_CHOICES:
        raise Refused(
            "Too many choices.",
            fields={"choices": f"A field has at most {MOST_CHOICES} choices, archived ones among them."},
        )
    return kept


def new_key(label: str, taken: set[str], otherwise: str) -> str:
    """Small letters and digits of the label, joined by single underscores; numbered where another has it.

    >>> new_key("Größe (m²)", {"grosse_m2"}, "field"), new_key("予算", set(), "field")
    ('grosse_m2_2', 'field')
    """
    text = unicodedata.normalize("NFKD", label.casefold()).encode("ascii", "ignore").decode()
    key = re.sub(r"[^a-z0-9]+", "_", text).strip("_")[: KEY_LENGTH - 5].strip("_")
    key = key if key[:1].isalpha() else f"{otherwise}_{key}".strip("_")
    numbered = (f"{key}_{number}" for number in range(2, 10_000))
    return key if key not in taken else next(name for name in numbered if name not in taken)
