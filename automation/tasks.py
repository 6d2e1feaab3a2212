"""Interfaces to actions, for Celery."""

from __future__ import annotations

from io import StringIO
from random import sample
from time import monotonic

from celery import shared_task
from django.conf import settings
from django.core.management import call_command

from activities.actions import mailing
from automation.actions import alarms, due_steps, fetching, mailboxes, processing, send_step, suggesting
from automation.models import Message, Sending
from automation.own_words import is_due
from automation.rules import calling, running
from workspaces.background import after_commit
from workspaces.models import Workspace
from workspaces.tasks import survived, workspace_ids
from workspaces.tenancy import tenant

BATCHES = 25  # of messages that one task reads
LATE = 30  # seconds; a task of the beat that no worker began by then is dropped, for later ones do the same


@shared_task
def read_messages(workspace_id: int) -> None:
    """What came in, or as much of it that other workspaces have their turn. Each message has rung for a task of its own, so
    that several workers share what is very much; none rings again, or tasks would grow with what waits."""
    for _ in range(BATCHES):
        if not (ids := processing.begin(workspace_id)):
            return
        processing.read_all(workspace_id, ids)


@shared_task
def read_left(workspace_id: int) -> None:
    """What a lost doorbell, a dead worker or a failure left lying."""
    read_messages(workspace_id)
    for message_id in processing.left(workspace_id):
        if processing.begin_again(workspace_id, message_id):
            processing.read_message(workspace_id, message_id)


@shared_task
def read_missed() -> None:
    """Each workspace in which something waits has a task of its own: one that is slow holds up no other."""
    for workspace_id in processing.waited_for():
        read_left.apply_async((workspace_id,), expires=LATE)


@shared_task
def learn_corrections() -> None:
    """Each workspace with enough new corrections learns from them, in a task of its own."""
    for workspace_id in workspace_ids():
        with survived(f"The corrections of workspace {workspace_id}"), tenant(workspace_id):
            if is_due(workspace_id, Message.objects.corrections().count()):
                after_commit("automation.tasks.learn", workspace_id)


@shared_task
def learn(workspace_id: int) -> None:
    """By the command: what learns is loaded only where it is run."""
    with tenant(workspace_id):
        slug = Workspace.objects.get(pk=workspace_id).slug
    call_command("train_intent", workspace=slug, stdout=StringIO())


@shared_task
def suggest_intents() -> None:
    """Asks the language model, where there is one, about what waits for a person. All workspaces share one round's time,
    and another one comes first each time: none takes it all for good."""
    until = monotonic() + suggesting.ROUND
    ids = workspace_ids() if settings.INTENT_MODEL["url"] else []
    for workspace_id in sample(ids, len(ids)):
        with survived(f"Suggestions for workspace {workspace_id}"):
            suggesting.suggest_intents(workspace_id, until)


@shared_task
def send_mail(workspace_id: int, sending_id: int) -> None:
    mailing.send(Sending, workspace_id, sending_id)


@shared_task
def fetch_mailbox(workspace_id: int, login_id: int) -> None:
    fetching.fetch(workspace_id, login_id)


@shared_task
def fetch_due() -> None:
    """Each mailbox whose turn it is has a task of its own: one that is slow holds up no other."""
    for workspace_id, login_id in fetching.due():
        fetch_mailbox.delay(workspace_id, login_id)


@shared_task
def watch_mailboxes() -> None:
    for workspace_id, mailbox_id in alarms.suspects():
        with survived(f"Watching mailbox {mailbox_id}"):
            alarms.watch(workspace_id, mailbox_id)


@shared_task
def forget_mailboxes() -> None:
    for workspace_id in workspace_ids():
        with survived(f"Old mailboxes of workspace {workspace_id}"), tenant(workspace_id):
            mailboxes.forget_old(workspace_id)


@shared_task
def run_campaigns() -> None:
    """What is due in campaigns now. Ringing twice sends nothing twice: each member is held, and each step is theirs once."""
    for workspace_id in workspace_ids():
        with survived(f"The campaigns of workspace {workspace_id}"):
            for enrolment_id in due_steps(workspace_id):
                with survived(f"Enrolment {enrolment_id} of workspace {workspace_id}"):
                    send_step(workspace_id, enrolment_id)


@shared_task
def run_rules(workspace_id: int) -> None:
    """What rules of a workspace wait for, until nothing does."""
    seen: set[int] = set()
    while new := [pk for pk in running.waiting(workspace_id) if pk not in seen]:
        seen.update(new)
        for run_id in new:
            with survived(f"Run {run_id} of workspace {workspace_id}"):
                running.run(workspace_id, run_id)


@shared_task
def run_missed_rules() -> None:
    """What a lost doorbell or a dead worker left lying, and what is tried again. Each workspace has a task of its own: one
    that is slow holds up no other."""
    for workspace_id in running.waited_for():
        run_rules.delay(workspace_id)


@shared_task
def call_webhook(workspace_id: int, call_id: int) -> None:
    calling.make_call(workspace_id, call_id)


@shared_task
def call_due_webhooks() -> None:
    """Each has a task of its own: a receiver that is slow holds up no other."""
    for workspace_id, call_id in calling.due():
        call_webhook.delay(workspace_id, call_id)


@shared_task
def forget_rule_runs() -> None:
    for workspace_id in workspace_ids():
        with survived(f"The old runs of workspace {workspace_id}"), tenant(workspace_id):
            running.forget_old(workspace_id)
