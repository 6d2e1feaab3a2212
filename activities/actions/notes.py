"""Notes, and whom they name."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from activities.actions.notifying import notify
from activities.actions.recording import about, record, written
from activities.mentions import Handles, lower, named
from activities.models import OWNED, SUBJECTS, Activity, Door, Mention, Note, Notification
from workspaces.access import check_may, seeing
from workspaces.action import Refused, Stale, action
from workspaces.models import Membership, Role, User
from workspaces.tenant import TenantModel

Named = dict[int, str]  # {user id: how the note names them}


@action
def add_note(
    subject: TenantModel,
    body: str,
    *,
    by: Membership,
    door: Door = Door.WEB,
    pinned: bool = False,
    at: datetime | None = None,
) -> Note:
    """Whom it names by "@" and their name is told of it."""
    check_may(by, Role.REP, "write notes")
    body = written(body)
    if not body:
        raise Refused("An empty note was not saved.", fields={"body": "Write something first."})
    body, mentioned = resolve(subject, body)
    at = at or timezone.now()
    note = Note.objects.create(
        workspace_id=subject.workspace_id,
        body=body,
        author_id=by.user_id,
        pinned=pinned,
        created_at=at,
        **about(subject),
    )
    line = record(subject, Activity.Kind.NOTE, by=by, door=door, at=at, note=note)
    _mention(note, mentioned, subject, by, line)
    return note


@action
def edit_note(note: Note, body: str, *, by: Membership, pinned: bool = False, seen: str | None = None) -> Note:
    """One's own notes; admins may edit everybody's. The audit trail keeps the old text. Only who was not named before
    is told. `seen`: the `edition` that the caller saw; None (the admin) takes the newest."""
    _check_own(note, by, "edit")
    found = Note.objects.select_for_update(no_key=True).filter(pk=note.pk).first()
    if found is None:
        raise Refused("This note was deleted meanwhile.")
    note = found
    if seen is not None and seen != note.edition:
        raise Stale("This note was changed meanwhile.")
    body = written(body)
    if not body:
        raise Refused("A note cannot become empty.", fields={"body": "Write something, or delete the note."})
    before = {row.user_id: row.text for row in note.mentions.all()}
    body, mentioned = resolve(note.subject, body, before)
    note.body, note.pinned, note.edited_at = body, pinned, timezone.now()
    note.save(update_fields=["body", "pinned", "edited_at"])
    if gone := before.keys() - mentioned.keys():
        note.mentions.filter(user_id__in=gone).delete()
        Notification.objects.filter(key=_key(note), recipient_id__in=gone).unread().delete()
    fresh = {pk: text for pk, text in mentioned.items() if pk not in before}
    _mention(note, fresh, note.subject, by, lines_of(note).first() if fresh else None)
    return note


@action
def delete_note(note: Note, *, by: Membership) -> Note:
    """Its line stays, struck and without the text, which the audit trail keeps; `restore_note` takes it back."""
    _check_own(note, by, "delete")
    return _set_deleted(note, timezone.now())


@action
def restore_note(note: Note, *, by: Membership) -> Note:
    _check_own(note, by, "restore")
    return _set_deleted(note, None)


def _check_own(note: Note, by: Membership, doing: str) -> None:
    check_may(by, Role.REP, f"{doing} notes")
    if note.author_id != by.user_id:
        check_may(by, Role.ADMIN, f"{doing} the notes of others")


def _set_deleted(note: Note, at: datetime | None) -> Note:
    note.deleted_at = at
    note.save(update_fields=["deleted_at"])
    lines_of(note).update(undone_at=at)
    return note


def lines_of(note: Note) -> QuerySet[Activity]:
    """By what it is about too: for that there is an index."""
    name = next(name for name in SUBJECTS if getattr(note, f"{name}_id"))
    return Activity.objects.filter(note=note, kind=Activity.Kind.NOTE, **{f"{name}_id": getattr(note, f"{name}_id")})


# --- whom it names ----------------------------------------------------------------------------------------


def resolve(subject: Any, body: str, known: Named | None = None) -> tuple[str, Named]:
    """The body with each name written out, and whom it names. Refused where nobody can tell who is meant, and where who
    is meant may not see `subject`."""
    if "@" not in body:
        return body, {}
    people = list(members_of(subject.workspace_id).values_list("user_id", "user__name", "user__email"))
    handles = Handles.of(people, {text: pk for pk, text in (known or {}).items()})
    texts = {pk: name if len(handles.whole[lower(name)]) == 1 else email for pk, name, email in people} | (known or {})
    found, written, end = {}, [], 0
    for start, stop, ids in named(body, handles):
        if len(ids) > 1:
            names = " or ".join(sorted(f"@{texts[pk]}" for pk in ids))
            say = f"Who is “@{body[start:stop]}”? Write {names}."
            raise Refused(say, fields={"body": say})
        [pk] = ids
        found[pk] = texts[pk]
        written += [body[end:start], texts[pk]]
        end = stop
    check_seen(subject, found.keys() - (known or {}).keys())
    return "".join((*written, body[end:])), found


def members_of(workspace_id: int) -> QuerySet[Membership]:
    """Whom a note can name."""
    return Membership.objects.active().filter(workspace_id=workspace_id, user__is_active=True, user__is_standin=False)


def who_may_be_named(subject: Any, text: str = "") -> list[tuple[Membership, str]]:
    """Members who see `subject` and whose name or address begins with `text`, and what to write after the "@"."""
    people = list(members_of(subject.workspace_id).select_related("user", "workspace").order_by("user__name", "pk"))
    count = Counter(lower(member.user.name) for member in people)
    found = seeing(people, subject.owner_id) if subject._meta.model_name in OWNED else people
    asked = lower(text.strip())

    def fits(user: User) -> bool:
        name = lower(user.name)
        return any(word.startswith(asked) for word in (name, *name.split(), lower(user.email)))

    def handle(user: User) -> str:
        return user.name if user.name and count[lower(user.name)] == 1 else user.email

    return [(member, handle(member.user)) for member in found if fits(member.user)]


def check_seen(subject: Any, user_ids: set[int]) -> None:
    if not user_ids or subject._meta.model_name not in OWNED:
        return
    members = list(members_of(subject.workspace_id).filter(user_id__in=user_ids).select_related("user", "workspace"))
    seen = {member.user_id for member in seeing(members, subject.owner_id)}
    if hidden := [str(member.user) for member in members if member.user_id not in seen]:
        say = f"{' and '.join(hidden)} may not see this {subject._meta.verbose_name}, so they cannot be told."
        raise Refused(say, fields={"body": f"{say} Take the “@” away, or ask an admin."})


def _key(note: Note) -> str:
    return f"mention:{note.pk}"


def _mention(note: Note, mentioned: Named, subject: Any, by: Membership, line: Activity | None) -> None:
    if not mentioned:
        return
    Mention.objects.bulk_create(
        Mention(workspace_id=note.workspace_id, note=note, user_id=pk, text=text) for pk, text in mentioned.items()
    )
    notify(mentioned, Notification.Kind.MENTION, subject=subject, key=_key(note), by=by, activity=line)
