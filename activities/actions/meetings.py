"""Who is asked to a meeting, and what they are mailed: each version once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from email.utils import formataddr, parseaddr
from zoneinfo import ZoneInfo

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.db.models import Model
from django.template.loader import render_to_string
from django.utils import timezone

from activities.actions.recording import record
from activities.ics import invitation
from activities.letters import message_id
from activities.models import Activity, Attendee, Door, Task
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.background import after_commit
from workspaces.formats import Formats, locale_of
from workspaces.models import Membership, Role, User
from workspaces.standins import NO_MAIL, receives_no_mail

MOST = 50  # people of one meeting
# What they hear of when it changes.
TOLD = frozenset(("title", "due_on", "due_at", "minutes", "place", "status"))
Person = tuple[str, str, int | None]  # address, name, contact id


@action
def invite_people(task: Task, people: Sequence[Person], *, by: Membership, door: Door = Door.WEB) -> Task:
    """These are asked to the meeting, and nobody else: who was asked before and is not among them is told that it is off."""
    check_may(by, Role.REP, "invite people to meetings")
    task = Task.objects.select_for_update().get(pk=task.pk)
    if task.type != Task.Type.MEETING or task.status != Task.Status.OPEN or task.due_at is None:
        raise Refused("People are invited to a meeting that has a day and is still to be held.")
    wanted = {email.strip().lower(): (name, contact) for email, name, contact in people}
    check_people(wanted)
    known = {person.email: person for person in Attendee.objects.select_for_update().filter(task=task)}
    check_consent(task, wanted.keys() - {email for email, person in known.items() if not person.is_off})
    asked = []
    for email, (name, contact) in wanted.items():
        person = known.pop(email, None) or Attendee(workspace_id=task.workspace_id, task=task, email=email)
        if person.pk and not person.is_off:
            continue
        person.name, person.contact_id = " ".join(name.split())[:200], contact
        person.is_off, person.answer = False, ""
        asked.append(person)
    gone = [person for person in known.values() if not person.is_off]
    if not asked and not gone:
        return task
    # A version of its own: a calendar takes what is newer than what it has.
    task.version += 1
    task.save(update_fields=["version"])
    for person in (*asked, *gone):
        person.is_off = person in gone
        person.due_version = task.version
        person.save()
    ring(task, [person.pk for person in (*asked, *gone)])
    if task.subject:
        named = {"invited": asked, "invitation taken back from": gone}
        words = "; ".join(f"{what} {', '.join(map(str, who))}" for what, who in named.items() if who)
        record(task.subject, Activity.Kind.SYSTEM, by=by, door=door, body=f"{task.title}: {words}")
    return task


def check_people(wanted: Collection[str]) -> None:
    if len(wanted) > MOST:
        raise Refused(f"At most {MOST} people.", fields={"others": f"At most {MOST} people."})
    for email in wanted:
        try:
            validate_email(email)
        except ValidationError:
            wrong = f"“{email[:80]}” is no address."
            raise Refused(wrong, fields={"others": wrong}) from None
        if receives_no_mail(email):
            raise Refused(NO_MAIL, fields={"others": NO_MAIL})


def check_consent(task: Task, emails: Collection[str]) -> None:
    """Typed or chosen: who asked for no mail gets none."""
    addresses = apps.get_model("leads", "ContactEmail").objects.filter(workspace_id=task.workspace_id)
    silent = addresses.filter(email__in=emails, contact__do_not_email=True).order_by("email")
    if found := list(silent.values_list("email", flat=True)):
        say = f"{', '.join(found)} asked for no mail."
        raise Refused(say, fields={"others": say})


def tell_attendees(task: Task, changed: Collection[str]) -> None:
    """In the transaction that changed the meeting: who is asked to it will be mailed how it is now."""
    if task.type != Task.Type.MEETING or not TOLD & set(changed) or task.status == Task.Status.DONE:
        return
    ring(task, Attendee.objects.filter(task=task, is_off=False).values_list("pk", flat=True))


def ring(task: Task, people: Iterable[int]) -> None:
    """They are to know this version, and are mailed it at once."""
    pks = list(people)
    fresh = {"attempts": 0, "next_try_at": timezone.now(), "problem": ""}
    Attendee.objects.filter(pk__in=pks).update(due_version=task.version, **fresh)
    for pk in pks:
        after_commit("activities.tasks.send_meeting_mail", task.workspace_id, pk)


def write_invitation(person: Attendee) -> EmailMultiAlternatives | None:
    """How the meeting is now; None for who does not know of it and need not hear that it is off."""
    task, never = person.task, person.sent_version == 0
    cancelled = person.is_off or task.status == Task.Status.CANCELLED or task.due_at is None
    organiser = task.assignee or task.created_by
    if organiser is None or task.due_at is None or (cancelled and never):
        return None
    return message(person, task, organiser, "Cancelled" if cancelled else "Invitation" if never else "Updated")


def message(person: Attendee, task: Task, organiser: User, what: str) -> EmailMultiAlternatives:
    """From the address of this site, for the sake of mail servers; answers go to whoever holds the meeting."""
    others = list(Attendee.objects.filter(task=task, is_off=False).order_by("pk"))
    cancelled, workspace = what == "Cancelled", person.workspace
    zone = ZoneInfo(organiser.time_zone or workspace.time_zone)
    formats = Formats(locale_of(organiser.locale), zone, workspace.currency, timezone.localdate(timezone=zone))
    when = formats.day_long(task.due_on) if task.due_on else formats.moment_full(task.due_at)
    context = {"task": task, "organiser": organiser, "what": what, "when": when}
    mail = EmailMultiAlternatives(
        subject=_line(f"{what}: {task.title}"),
        body=render_to_string("mail/meeting.txt", context),
        from_email=formataddr((_line(f"{organiser} ({workspace})"), parseaddr(settings.DEFAULT_FROM_EMAIL)[1])),
        to=[person.email],
        reply_to=[organiser.email],
        headers={"Message-ID": message_id("meeting", task.uid, person.pk, person.due_version)},
    )
    method = "CANCEL" if cancelled else "REQUEST"
    calendar = invitation(task, organiser, [person] if cancelled else others, cancelled=cancelled)
    mail.attach_alternative(calendar, f"text/calendar; method={method}")
    return mail


def _line(text: str) -> str:
    """Names may hold line breaks, headers may not."""
    return " ".join(text.split())


def people_of(subject: Model | None, *, all_of_them: bool = False) -> list[Person]:
    """Whom one would ask to a meeting about it: the people of a deal, a lead or a company who have an address; `all_of_them`:
    those too who asked for no mail."""
    if subject is None:
        return []
    kind = subject._meta.model_name
    contacts = {
        "deal": lambda deal: deal.people.all(),
        "lead": lambda lead: [lead.contact] if lead.contact else [],
        "contact": lambda contact: [contact],
        "company": lambda company: company.contacts.all(),
    }[str(kind)](subject)
    found: list[Person] = []
    for contact in contacts[:MOST]:
        email = contact.emails.order_by("-is_primary", "pk").first()
        if email and (all_of_them or not contact.do_not_email):
            found.append((email.email.lower(), str(contact), contact.pk))
    return found
