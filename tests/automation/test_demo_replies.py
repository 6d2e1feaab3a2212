"""The demo's inbox has one of each kind to try: done by itself, to be decided, from somebody unknown."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from automation.models import Effect, Message
from tests.automation.mails import make_lead
from workspaces.tenancy import tenant


def test_replies_of_the_demo_are_read_as_any_others(cast):
    with tenant(cast.workspace, cast.alice.user):
        for number in range(12):
            make_lead(
                cast.bob, f"p{number}@office-{number}.example", last_name=f"P{number}", company_name=f"O {number}"
            )
    call_command("create_demo_replies", workspace="acme")
    with tenant(cast.workspace):
        states = set(Message.objects.values_list("state", flat=True))
        assert states == {Message.State.DONE, Message.State.REVIEW, Message.State.UNMATCHED}
        done = set(Effect.objects.values_list("kind", flat=True))
        assert {"deal_created", "task", "suppressed", "waits", "lead_changed"} <= done
    with pytest.raises(CommandError):
        call_command("create_demo_replies", workspace="acme")
