"""A mail comes in: its bytes are stored first, and read after commit."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from automation.imap import LARGEST
from automation.mail.identity import key_of
from automation.models import Mailbox, Message
from workspaces.action import Refused, action
from workspaces.background import after_commit
from workspaces.models import Workspace


@action
def receive(
    workspace: Workspace,
    raw: bytes,
    *,
    mailbox: Mailbox | None = None,
    at: datetime | None = None,
    proven: bool = False,
) -> tuple[Message, bool]:
    """(the message, whether it is new): one row however often it is delivered. In the workspace's scope. `at`: when it
    came in, if that was not just now; `proven`: whoever brings it stands for who sent it."""
    if not raw.strip():
        raise Refused("There is nothing in this mail.")
    if len(raw) > LARGEST:
        raise Refused(f"This mail has {len(raw) // 2**20} MB; at most {LARGEST // 2**20} MB are taken in.")
    key = key_of(raw)
    if found := Message.objects.listed().filter(workspace=workspace, key=key).first():
        return found, False
    message = Message.objects.create(
        workspace=workspace, key=key, raw=raw, mailbox=mailbox, received_at=at or timezone.now(), is_proven=proven
    )
    after_commit("automation.tasks.read_messages", workspace.pk)
    return message, True
