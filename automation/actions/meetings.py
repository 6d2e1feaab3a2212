"""Invitations that come by mail: a meeting is planned, moved or called off, and answers to ours are written down."""

from __future__ import annotations

import uuid
from zoneinfo import ZoneInfo

from django.utils import timezone

from activities.actions import cancel_task, plan_task, record, update_task
from activities.models import Activity, Attendee, Door, Notification, Task
from automation.actions.effects import note
from automation.actions.replies import owner_for, tell
from automation.mail.calendars import Invite, invites
from automation.mail.parts import Mail
from automation.models import Effect, Meeting, Message
from workspaces.action import Refused, action

OURS = "@dealwright"
ANSWERS = {"accepted": Attendee.Answer.ACCEPTED, "tentative": Attendee.Answer.TENTATIVE, "declined": Attendee.Answer.DECLINED}  # fmt: skip


def take_calendars(message: Message, mail: Mail) -> None:
    """What the invitations of a known person's mail ask for; twice is once, and what is older than what is known is nothing.
    Runs when the message is about its deal already."""
    for invite in invites(mail, ZoneInfo(message.workspace.time_zone), timezone.now()):
        if invite.uid.endswith(OURS):
            answered(message, invite)
        elif invite.method in ("REQUEST", "CANCEL"):
            try:
                held(message, invite)
            except Refused as refused:  # the mail is read all the same, and says what became of its meeting
                message.problem = f"The meeting “{invite.title}” was not taken in: {refused.message}"[:300]


def answered(message: Message, invite: Invite) -> None:
    """To a meeting that we asked to: by who was asked, for themselves alone."""
    try:
        uid = uuid.UUID(invite.uid.removesuffix(OURS))
    except ValueError:
        return
    people = Attendee.objects.select_for_update(of=("self",)).filter(task__uid=uid, email=message.sender_email)
    person = people.select_related("task").first()
    answer = ANSWERS.get(invite.answers.get(message.sender_email, ""))
    if person is None or person.is_off:
        return
    if invite.method == "COUNTER" and invite.at:
        told(message, f"{person} proposes another time for “{person.task}”: {invite.at:%-d %B %Y, %H:%M %Z}")
    elif invite.method == "REPLY" and answer and answer != person.answer:
        person.answer = answer
        person.save(update_fields=["answer"])
        told(message, f"{person} {person.get_answer_display().lower()}: “{person.task}”")


@action
def held(message: Message, invite: Invite) -> None:
    """A meeting of theirs."""
    meeting, is_new = Meeting.objects.select_for_update(of=("self",)).get_or_create(
        workspace_id=message.workspace_id, uid=invite.uid, occurrence=invite.occurrence,
        defaults={"sequence": invite.sequence, "message": message},
    )  # fmt: skip
    if meeting.task_id:
        message.has_meeting = True
    is_newer = invite.sequence > meeting.sequence or invite.method == "CANCEL" and invite.sequence == meeting.sequence
    if meeting.is_off and not invite.sequence > meeting.sequence or not is_new and not is_newer:
        return
    meeting.sequence, meeting.is_off = invite.sequence, invite.method == "CANCEL"
    task = Task.objects.open().filter(pk=meeting.task_id).first() if meeting.task_id else None
    if meeting.is_off:
        if task:
            cancel_task(task, by=None, door=Door.AUTOMATION, why=f"called off by {message.sender}"[:200])
            changed(message, f"Called off the meeting “{task}”")
            tell(message, Notification.Kind.REPLY, None)
    elif task:
        facts = {"title": invite.title, "place": invite.place, "minutes": invite.minutes}
        was = task.due_at, task.due_on
        task = update_task(task, by=None, **facts, **when(invite))
        verb = "Changed" if (task.due_at, task.due_on) == was else "Moved"
        changed(message, f"{verb} the meeting “{task}”, now on {day_of(invite, message)}")
    else:
        meeting.task = planned(message, invite)
    meeting.save()


def planned(message: Message, invite: Invite) -> Task | None:
    subject = message.subject
    if subject is None:
        return None
    task = plan_task(
        subject,
        invite.title,
        by=None,
        assignee_id=owner_for(message, message.lead),
        type=Task.Type.MEETING,
        place=invite.place,
        minutes=invite.minutes,
        why=f"by the invitation of {message.sender}"[:200],
        **when(invite),
    )
    if not message.has_meeting:  # of several the first stands for what the mail brought
        note(message, Effect.Kind.TASK, f"Planned the meeting “{task}”", subject, by=None, task=task)
    message.has_meeting = True
    return task


def changed(message: Message, said: str) -> None:
    """Of several the first stands for what the mail brought."""
    if not message.effects.filter(kind=Effect.Kind.MEETING).exists():
        note(message, Effect.Kind.MEETING, said, message.subject, by=None)


def day_of(invite: Invite, message: Message) -> str:
    if invite.at is None:
        return f"{invite.on:%-d %B %Y}"
    return f"{invite.at.astimezone(ZoneInfo(message.workspace.time_zone)):%-d %B %Y, %H:%M %Z}"


def when(invite: Invite) -> dict[str, object]:
    return {"due_at": invite.at} if invite.at else {"due_on": invite.on}


def told(message: Message, text: str) -> None:
    if message.subject:
        record(message.subject, Activity.Kind.SYSTEM, by=None, door=Door.AUTOMATION, body=text)
