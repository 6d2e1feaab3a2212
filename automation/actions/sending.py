"""Mail goes out: written as a message, put into the one outbox (activities/actions/mailing.py), called back while it can be.

What is sent is made of the row alone, so that a second try is the first one again, under the same Message-ID.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import timedelta
from email import message_from_bytes
from email.encoders import encode_base64
from email.mime.base import MIMEBase
from email.policy import default
from email.utils import format_datetime, formataddr, parseaddr
from mimetypes import guess_type
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.core.mail import EmailMessage
from django.db.models import EmailField, F, Q
from django.utils import timezone

from activities import files as kinds
from activities.actions.recording import written
from activities.letters import message_id
from activities.models import Attachment, Door
from automation.actions.files import keep_file, record_of
from automation.actions.handling import lock as lock_message
from automation.actions.handling import reopen, through
from automation.actions.processing import write_line
from automation.mail.identity import key_of
from automation.mail.parts import Attachment as Part
from automation.models import Mailbox, Message, Sending, Suppression
from automation.reply_address import reply_address
from leads.actions import find_contact
from leads.models import Company, Contact, ContactEmail, Lead
from leads.names import normalise_email
from workspaces.access import check_may, visible_owners
from workspaces.action import Refused, action
from workspaces.background import after_commit
from workspaces.models import Membership, Role, User, Workspace
from workspaces.standins import NO_MAIL, receives_no_mail
from workspaces.tenant import TenantModel

HOLD = timedelta(seconds=10)  # so long a mail can be called back
MOST = 20  # addresses of one mail
LARGEST = 20 * 2**20  # bytes of its files
LONGEST_SUBJECT = 250
ADDRESS = EmailField(max_length=254)
ID = re.compile(r"(?!.*=\?)[!-;=?-~]{1,250}")  # of a message: it comes out of mail of others, and goes into a header


@action
def send_mail(
    workspace: Workspace,
    *,
    by: Membership,
    to: Sequence[str],
    subject_line: str,
    body: str,
    about: TenantModel | None = None,
    answers: Message | None = None,
    cc: Sequence[str] = (),
    files: Sequence[Attachment] = (),
    uploads: Sequence[UploadedFile] = (),
) -> Sending:
    """`about` a deal, lead, contact or company; or in answer to a message, then about what that is, and with what was done
    because of it accepted. It leaves in HOLD, with these `files` that are kept here, and `uploads`, which are kept from
    now on with what it is about."""
    check_may(by, Role.REP, "send mail")
    emails, copied = check_addresses(workspace, to, cc)
    message = Message(workspace=workspace, subject_line=line(subject_line)[:LONGEST_SUBJECT], text=written(body))
    if not message.text:
        raise Refused("An empty mail was not sent.", fields={"body": "What do you write?"})
    if not message.subject_line:
        raise Refused("A mail without a subject was not sent.", fields={"subject": "What is it about?"})
    belong(message, about, answers, emails[0])
    mailbox = mailbox_for(workspace, by.user_id, answers)
    check_size(files, uploads)
    new = [uploaded(file) for file in uploads]
    if subject := record_of(message, visible_owners(by)):
        for part in new:
            keep_file(part, subject, by=by)
    if answers and answers.state == Message.State.DONE:
        answers = lock_message(answers, by)  # before its deal and lead, as whoever decides about it does
    sending = queue(message, emails, by=by, mailbox=mailbox, hold=HOLD, copied=copied, parts=[*parts_of(files), *new])
    if answers and answers.state == Message.State.DONE:
        # Whoever answers accepts what was done by itself. What waits for a decision goes on waiting for it.
        sending.answered = answers if answers.handled_at else through(answers, by, sending.queued_at)
        sending.save(update_fields=["answered"])
    return sending


def check_size(files: Sequence[Attachment], uploads: Sequence[UploadedFile]) -> None:
    if sum(file.size or 0 for file in (*files, *uploads)) > LARGEST:
        say = f"At most {LARGEST // 2**20} MB in a mail: more is not taken by mail servers."
        raise Refused(say, fields={"uploads" if uploads else "files": say})


def uploaded(file: UploadedFile) -> Part:
    """Of the kinds that are kept here, and no other: what we send is what others trust us with."""
    try:
        name = kinds.check(file)
    except Refused as refusal:
        raise Refused(refusal.message, fields={"uploads": refusal.message}) from refusal
    return part(name, file.read())


def part(name: str, content: bytes) -> Part:
    return Part(name, guess_type(name)[0] or "application/octet-stream", content)


def parts_of(files: Sequence[Attachment]) -> list[Part]:
    """Their bytes, as they are kept now."""
    parts = []
    for file in files:
        if file.deleted_at is not None or not default_storage.exists(file.path):
            raise Refused(f"{file} is gone.", fields={"files": f"{file} is gone."})
        with default_storage.open(file.path) as stored:
            parts.append(part(file.name, stored.read()))
    return parts


def queue(
    message: Message,
    emails: Sequence[str],
    *,
    by: Membership,
    mailbox: Mailbox | None,
    hold: timedelta = timedelta(),
    opt_out: str = "",
    door: Door = Door.WEB,
    copied: Sequence[str] = (),
    parts: Sequence[Part] = (),
) -> Sending:
    """The message as it will leave, its line in the timeline, and its place in the outbox."""
    workspace, user, now = message.workspace, by.user, timezone.now()
    message.direction, message.state, message.tries_left = Message.Direction.OUT, Message.State.DONE, 0
    message.is_proven = True
    message.sent_at = message.received_at = message.handled_at = now.replace(microsecond=0)
    message.message_id = message_id("mail", workspace.pk, uuid4()).strip("<>")
    message.sender_name = line(str(user) if mailbox else f"{user} ({workspace})")[:200]
    message.sender_email = mailbox.address if mailbox else parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    message.recipients = [[name_of(workspace, email), email] for email in (*emails, *copied)]
    message.visible_text = message.text
    message.key = key_of(f"From: <{message.sender_email}>\nMessage-ID: <{message.message_id}>\n\n".encode())
    message.attachments = [{"name": part.name, "type": part.type, "size": len(part.content)} for part in parts]
    message.save()
    reply_to = reply_address(mailbox.address, workspace.pk, message.pk) if mailbox else user.email
    sending = Sending.objects.create(
        workspace=workspace, message=message, mailbox=mailbox, by_id=by.user_id, reply_to=reply_to, opt_out=opt_out,
        copied=copied, queued_at=now, next_try_at=now + hold,
    )  # fmt: skip
    write_line(message, by=by, door=door)
    message.raw = letter(sending, parts).message().as_bytes()
    message.save(update_fields=["raw", "line"])
    sending.settled()
    after_commit("automation.tasks.send_mail", workspace.pk, sending.pk, delay=int(hold.total_seconds()))
    return sending


@action
def call_back(sending: Sending, *, by: Membership) -> Sending:
    """It does not leave, and what it answered is back in the inbox; refused once a worker has it."""
    sending = lock(sending, by)
    if sending.cancelled_at:
        return sending
    if sending.attempts or sending.next_try_at is None:
        raise Refused("It has left already.")
    sending.cancelled_at, sending.next_try_at = timezone.now(), None
    sending.save(update_fields=["cancelled_at", "next_try_at"])
    sending.settled()
    if sending.answered:
        answered = lock_message(sending.answered, by)  # as it is now: somebody may be through with it this moment
        if not is_settled(answered):
            reopen(answered, by=by)
    return sending


def is_settled(answered: Message) -> bool:
    """Somebody was through with it without an answer, or another answer goes out."""
    answers = Sending.objects.filter(answered=answered)
    by_answer = answers.filter(queued_at=answered.handled_at).exists()
    return not by_answer or answers.filter(cancelled_at=None).exists()


@action
def send_again(sending: Sending, *, by: Membership) -> Sending:
    """What was given up is tried anew, under the same Message-ID."""
    sending = lock(sending, by)
    if sending.state != Sending.State.FAILED:
        raise Refused("Only a mail that was given up is sent again.")
    check_addresses(sending.workspace, [email for _, email in sending.message.recipients])
    sending.attempts, sending.problem, sending.next_try_at = 0, "", timezone.now()
    sending.save(update_fields=["attempts", "problem", "next_try_at"])
    sending.settled()
    after_commit("automation.tasks.send_mail", sending.workspace_id, sending.pk)
    return sending


def lock(sending: Sending, by: Membership) -> Sending:
    check_may(by, Role.REP, "send mail")
    locked = Sending.objects.select_for_update(of=("self",), no_key=True)
    return locked.select_related("workspace", "message__line", "answered").get(pk=sending.pk)


# --- the letter ---------------------------------------------------------------------------------------


def write_mail(sending: Sending) -> EmailMessage | None:
    """For the outbox; None where it was called back, or somebody asked for no mail meanwhile."""
    if sending.cancelled_at:
        return None
    emails = [email for _, email in sending.message.recipients]
    if problem := silent(sending.workspace_id, emails):
        sending.problem = problem[:200]
        return None
    message = sending.message
    return letter(sending, files_in(bytes(message.raw)) if message.attachments else ())


def letter(sending: Sending, parts: Sequence[Part] = ()) -> EmailMessage:
    """By Django's own class alone: it folds, encodes, and refuses a line break in a header (safety.md, T14)."""
    message = sending.message
    headers = {"Message-ID": f"<{message.message_id}>", "Date": format_datetime(message.sent_at)}
    if message.answers:
        first, *others = message.answers
        headers["In-Reply-To"] = f"<{first}>"
        headers["References"] = " ".join(f"<{each}>" for each in (*others, first))
    if message.line and "cause" in message.line.data:  # a rule's: robots answer it no more than we answer robots
        headers["Auto-Submitted"] = "auto-replied"
    body = message.text
    if sending.opt_out:
        headers |= {"List-Unsubscribe": f"<{sending.opt_out}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        body = f"{body}\n\n-- \nNo more of these mails: {sending.opt_out}\n"
    people = {email: formataddr((name, email)) for name, email in message.recipients}
    mail = EmailMessage(
        subject=message.subject_line,
        body=body,
        from_email=formataddr((message.sender_name, message.sender_email)),
        to=[person for email, person in people.items() if email not in sending.copied],
        cc=[people[email] for email in sending.copied],
        reply_to=[sending.reply_to],
        headers=headers,
    )
    for part in parts:
        mail.attach(encoded(part))
    return mail


def encoded(part: Part) -> MIMEBase:
    """Byte for byte, whatever the lines and letters of a text are."""
    file = MIMEBase(*part.type.split("/", 1))
    file.set_payload(part.content)
    encode_base64(file)
    file.add_header("Content-Disposition", "attachment", filename=part.name)
    return file


def files_in(raw: bytes) -> list[Part]:
    """Those of a mail that we wrote ourselves."""
    found = message_from_bytes(raw, policy=default).iter_attachments()
    return [Part(file.get_filename(""), file.get_content_type(), file.get_payload(decode=True)) for file in found]


def line(text: str) -> str:
    """One line without signs that are not seen, but for what joins letters: what may stand in a header."""
    return " ".join("".join(" " if is_unseen(sign) else sign for sign in text).split())


def is_unseen(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Cf", "Cs") and sign not in "\u200c\u200d"


def answered(message: Message) -> list[str]:
    """What an answer to it names: it, and what it answers itself (first In-Reply-To, then the rest of References)."""
    known = [each for each in (*message.answers[1:], *message.answers[:1]) if ID.fullmatch(each)]
    return list(dict.fromkeys(filter(ID.fullmatch, (message.message_id, *known))))[:50]


# --- who gets it, who it is from ----------------------------------------------------------------------


def check_addresses(workspace: Workspace, to: Sequence[str], cc: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """As they are written to, and copied in; refused with the reason, beside the field."""
    emails = list(dict.fromkeys(filter(None, map(normalise_email, to))))
    copied = [email for email in dict.fromkeys(filter(None, map(normalise_email, cc))) if email not in emails]
    if not emails:
        raise Refused("To whom?", fields={"to": "To whom?"})
    for field, named in (("to", emails), ("cc", copied)):
        if problem := wrong(workspace.pk, named):
            raise Refused(problem, fields={field: problem})
    if len(emails) + len(copied) > MOST:
        raise Refused(say := f"At most {MOST} people.", fields={"to": say})
    return emails, copied


def wrong(workspace_id: int, emails: Sequence[str]) -> str:
    """Why a mail cannot go to these; empty where it can."""
    for email in emails:
        try:
            ADDRESS.run_validators(email)
        except ValidationError:
            return f"“{email[:80]}” is no address."
        if receives_no_mail(email):
            return NO_MAIL
    return silent(workspace_id, emails)


def silent(workspace_id: int, emails: Sequence[str]) -> str:
    """Why these get no mail; empty where they may."""
    found = Suppression.objects.filter(workspace_id=workspace_id, email__in=emails).order_by("email").first()
    if found:
        return f"{found.email} gets no mail from here: {found.get_reason_display().lower()}."
    asked = ContactEmail.objects.filter(workspace_id=workspace_id, email__in=emails)
    asked = asked.filter(Q(contact__do_not_email=True) | Q(contact__leads__status=Lead.Status.DO_NOT_CONTACT))
    names = sorted(set(asked.values_list("email", flat=True)))
    return f"{', '.join(names)} asked for no mail." if names else ""


def mailbox_for(workspace: Workspace, user_id: int, answers: Message | None = None) -> Mailbox | None:
    """The one that the thread came in by, else the member's own, else the workspace's."""
    boxes = Mailbox.objects.live().filter(workspace=workspace, is_active=True).exclude(address="")
    boxes = boxes.filter(Q(owner=None) | Q(owner_id=user_id)).order_by(F("owner").asc(nulls_last=True), "pk")
    of_thread = boxes.filter(pk=answers.mailbox_id).first() if answers and answers.mailbox_id else None
    return of_thread or boxes.first()


def name_of(workspace: Workspace, email: str) -> str:
    contact = find_contact(workspace, email)
    return line(contact.name)[:200] if contact and contact.name != email else ""


def belong(message: Message, about: TenantModel | None, answers: Message | None, email: str) -> None:
    """Whose timeline it stands in."""
    if answers:
        message.answers = answered(answers)
        message.contact, message.company, message.lead = answers.contact, answers.company, answers.lead
        message.deal = answers.deal if answers.deal and not answers.deal.deleted_at else None
        return
    if about is None:
        return
    kind = about._meta.model_name
    setattr(message, str(kind), about)
    contact = find_contact(message.workspace, email)
    if kind == "deal":
        message.lead, message.company = about.lead, about.company  # type: ignore[attr-defined]
    elif kind == "lead":
        message.contact, message.company = about.contact, about.company  # type: ignore[attr-defined]
    elif isinstance(about, Contact):
        message.company = about.company
    if message.contact is None and contact and belongs(contact, message.company, kind):
        message.contact = contact


def belongs(contact: Contact, company: Company | None, kind: str | None) -> bool:
    """A person who is only copied in does not get the deal's mail in their own timeline, unless of its company."""
    return kind == "deal" or company is not None and contact.company_id == company.pk


# --- templates filled in --------------------------------------------------------------------------------


def values_of(contact: Contact | None, by: User, workspace: Workspace, deal: object = None) -> dict[str, str]:
    """What the placeholders of a template stand for (automation/placeholders.py)."""
    company = contact.company if contact else None
    return {
        "first_name": contact.first_name if contact else "",
        "last_name": contact.last_name if contact else "",
        "name": contact.name if contact else "",
        "title": contact.title if contact else "",
        "company": str(company or ""),
        "deal": str(deal or ""),
        "sender_name": str(by),
        "sender_email": by.email,
        "workspace": str(workspace),
    }
