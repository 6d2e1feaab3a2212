"""Mail that others send to us, each at a secret address of its own."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from automation.actions.fetching import heard
from automation.actions.mailboxes import hashed, worked
from automation.actions.receiving import receive
from automation.models import Inlet, InletEvent, Message
from workspaces.action import action
from workspaces.tenancy import all_workspaces


def find_inlet(token: str) -> tuple[int, int] | None:
    """(workspace id, inlet id) that a token opens. Whoever calls is nobody, so it is looked for in all workspaces."""
    with all_workspaces():
        found = Inlet.objects.filter(token_hash=hashed(token), mailbox__deleted_at=None)
        return found.values_list("workspace_id", "pk").first()


@action
def take_posted(
    inlet: Inlet, raw: bytes, *, event: str = "", sent_at: datetime | None = None
) -> tuple[Message | None, bool]:
    """(the message, whether it is new); None for an event that was told before. Stored with its event, or not at all."""
    if (
        event
        and not InletEvent.objects.get_or_create(workspace_id=inlet.workspace_id, inlet=inlet, event=hashed(event))[1]
    ):
        return None, False
    message, is_new = receive(inlet.mailbox.workspace, raw, mailbox=inlet.mailbox)
    worked(inlet.mailbox_id)
    heard(inlet.mailbox, sent_at or timezone.now())
    return message, is_new
