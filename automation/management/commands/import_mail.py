"""Mail of before, or of elsewhere: an mbox, a Maildir folder, or files of single mails."""

from __future__ import annotations

import mailbox
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from automation.actions import read_message, receive
from automation.models import Effect, Mailbox, Message
from workspaces.action import Refused
from workspaces.commands import add_workspace, as_json, find_workspace
from workspaces.models import Workspace
from workspaces.tenancy import tenant

MBOX = b"From "


class Command(BaseCommand):
    help = "Take mail in from an mbox, a folder or single files, do what follows, and print one line of JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path, help="An mbox, a mail (.eml), or a folder of them")
        add_workspace(parser)
        parser.add_argument("--mailbox", default="", help="The name of the mailbox that it is of; created if need be")

    def handle(self, *args: object, source: Path, workspace: str, **options: str) -> None:
        if not source.exists():
            raise CommandError(f"There is no {source}.")
        found = find_workspace(workspace)
        box = box_named(found, options["mailbox"])
        count: Counter[str] = Counter()
        ids = []
        for raw in mails_in(source):
            count["messages"] += 1
            try:
                # Committed before it is read: what cannot be read is there all the same.
                with tenant(found, door="import"):
                    message, is_new = receive(found, raw, mailbox=box, proven=True)
            except Refused as refused:
                count["errors"] += 1
                self.stderr.write(f"message {count['messages']}: {refused.message}")
                continue
            if not is_new:
                count["duplicates"] += 1
                continue
            ids.append(message.pk)
            read_message(found.pk, message.pk)
        self.stdout.write(as_json(summary(found, ids, count)))


def box_named(workspace: Workspace, name: str) -> Mailbox | None:
    if not name:
        return None
    with tenant(workspace, door="import"):
        return Mailbox.objects.live().get_or_create(workspace=workspace, name=name)[0]


def mails_in(source: Path) -> Iterator[bytes]:
    """The bytes of each mail, in their order; of a folder file after file by name."""
    if source.is_dir():
        if (source / "cur").is_dir():
            box = mailbox.Maildir(source, create=False)
            yield from (box.get_bytes(key) for key in sorted(box.keys()))
            return
        for path in sorted(path for path in source.rglob("*") if path.is_file()):
            yield from mails_in(path)
        return
    with source.open("rb") as file:
        is_mbox = file.read(len(MBOX)) == MBOX
    if is_mbox:
        box = mailbox.mbox(source, create=False)
        yield from (box.get_bytes(key) for key in box.iterkeys())
    else:
        yield source.read_bytes()


def summary(workspace: Workspace, ids: list[int], count: Counter[str]) -> dict[str, object]:
    """Of these messages, however they were read: by this command, or by a worker that was quicker."""
    with tenant(workspace):
        messages = Message.objects.filter(pk__in=ids)
        intents = Counter(messages.exclude(intent="").values_list("intent", flat=True))
        effects = Counter(Effect.objects.filter(message__in=ids, is_done=True).values_list("kind", flat=True))
        states = Counter(messages.values_list("state", flat=True))
    return {
        "messages": count["messages"],
        "stored": len(ids),
        "duplicates": count["duplicates"],
        "by_intent": dict(sorted(intents.items())),
        "deals_created": effects[Effect.Kind.DEAL_CREATED],
        "deals_moved": effects[Effect.Kind.DEAL_MOVED],
        "tasks_created": effects[Effect.Kind.TASK],
        "unmatched": states[Message.State.UNMATCHED],
        "errors": count["errors"] + states[Message.State.FAILED] + states[Message.State.NEW],
    }
