"""Mail that members send: from the composer of a record, in answer to a message, and called back."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Model, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from activities.actions import people_of
from activities.composing import MAIL, Composer
from activities.file_views import files_of
from activities.models import Attachment
from activities.views import get_subject, subject_of, told
from automation import actions
from automation.actions.files import record_of
from automation.actions.sending import mailbox_for, silent, values_of
from automation.forms import MailForm
from automation.inbox import others_of
from automation.mail.quote import quoted, re_line
from automation.models import MailTemplate, Message, Sending
from automation.placeholders import FIELDS, fill
from automation.views import get_message
from leads.actions import find_contact
from workspaces.access import MemberRequest, member_required, visible_owners
from workspaces.action import Refused
from workspaces.dialogs import dialog, form_refused, is_script
from workspaces.formats import Formats
from workspaces.numbers import parse_id

PAGE = "automation/mail_new.html"


@member_required(methods=("GET", "POST"))
def mail_new(request: MemberRequest, kind: str, pk: int) -> HttpResponse:
    """From a record, ?inline in its page: the form, filled in from ?template, and sent."""
    subject = get_subject(request, kind, pk)
    people = people_of(subject) or people_of(subject, all_of_them=True)
    to = [email for email, _, _ in people[:1]]
    initial, context = prepared(request, {"to": ", ".join(to)}, deal=subject if kind == "deal" else None)
    form = form_of(request, initial, files_of(request, subject))
    context |= {"subject": subject}
    if request.method == "GET" or not form.is_valid():
        return shown(request, subject, form, context)
    try:
        sending = actions.send_mail(request.workspace, by=request.member, about=subject, **form.facts())
    except Refused as refusal:
        return shown(request, subject, form, context, refusal)
    return told(request, subject, "Sending", undo=reverse("mail_call_back", args=[sending.message_id]))


@member_required(methods=("GET", "POST"))
def mail_reply(request: MemberRequest, pk: int) -> HttpResponse:
    """In the thread of a message that came in, ?all to all that had it."""
    message = get_message(request, pk)
    initial = {"to": message.sender_email, "subject": re_line(message.subject_line)}
    if "all" in request.GET:
        initial["cc"] = ", ".join(others_of(message, request.user))
    initial, context = prepared(request, initial, message=message)
    subject = record_of(message, visible_owners(request.member))
    files = files_of(request, subject) if subject else Attachment.objects.none()
    form = form_of(request, initial, files)
    if request.method == "GET" or not form.is_valid():
        return dialog(request, PAGE, form, message=message, **context)
    try:
        sending = actions.send_mail(request.workspace, by=request.member, answers=message, **form.facts())
    except Refused as refusal:
        return form_refused(request, PAGE, form, refusal, message=message, **context)
    undo = reverse("mail_call_back", args=[sending.message_id])
    return told(
        request, None, "Sending", undo=undo, then="" if is_script(request) else reverse("message_detail", args=[pk])
    )


def form_of(request: MemberRequest, initial: dict[str, str], files: QuerySet[Attachment]) -> MailForm:
    sent = (request.POST, request.FILES) if request.method == "POST" else ()  # empty where all of it was too large
    form = MailForm(*sent, initial=initial, files=files)
    for name in getattr(request, "too_large", []):
        form.add_error("uploads", f"{name} is larger than {settings.UPLOAD_MAX_MB} MB.")
    return form


@member_required(methods=("POST",))
def mail_call_back(request: MemberRequest, pk: int) -> HttpResponse:
    sending, subject = get_sending(request, pk)
    actions.call_back(sending, by=request.member)
    return told(request, subject, "Called back: it was not sent")


@member_required(methods=("POST",))
def mail_again(request: MemberRequest, pk: int) -> HttpResponse:
    sending, subject = get_sending(request, pk)
    actions.send_again(sending, by=request.member)
    return told(request, subject, "Sending again")


def get_sending(request: MemberRequest, pk: int) -> tuple[Sending, Model | None]:
    """By its message: one's own, or about a record that one may see."""
    sending = get_object_or_404(Sending.objects.select_related("message"), workspace=request.workspace, message_id=pk)
    if sending.by_id == request.member.user_id:
        return sending, record_of(sending.message, visible_owners(request.member))
    if sending.message.subject is None:
        raise Http404("It is somebody else's mail.")
    return sending, subject_of(request, sending.message)


def shown(
    request: MemberRequest, subject: Model, form: MailForm, context: dict[str, Any], refusal: Refused | None = None
) -> HttpResponse:
    if not (is_script(request) and "inline" in request.GET):
        return (
            form_refused(request, PAGE, form, refusal, **context) if refusal else dialog(request, PAGE, form, **context)
        )
    composer = Composer(request, subject, MAIL, form)
    if chosen := context["chosen"]:
        composer.draft += f"/{chosen.pk}"
    context |= {"composer": composer, "may_edit": True, "inline": True}
    template = "automation/mail_composer.html"
    return (
        form_refused(request, template, form, refusal, **context)
        if refusal
        else dialog(request, template, form, **context)
    )


def prepared(
    request: MemberRequest, initial: dict[str, str], *, message: Message | None = None, deal: object = None
) -> tuple[dict[str, str], dict[str, Any]]:
    """What the form starts with, filled in from the template that is asked for; and what is shown beside it."""
    workspace, box = request.workspace, mailbox_for(request.workspace, request.member.user_id, message)
    offered = list(MailTemplate.objects.filter(workspace=workspace).offered().only("pk", "name"))
    asked = parse_id(request.GET.get("template", ""))
    chosen = next((template for template in offered if template.pk == asked), None)
    empty: list[str] = []
    body = ""
    if chosen:
        chosen.refresh_from_db()
        contact = find_contact(workspace, initial["to"].partition(",")[0])
        values = values_of(contact, request.user, workspace, deal)
        subject, missing = fill(chosen.subject, values)
        body, more = fill(chosen.body, values)
        empty = [FIELDS[name].lower() for name in dict.fromkeys(missing + more)]
        initial = {"subject": subject} | {name: value for name, value in initial.items() if value}
    if message:
        formats = Formats.of(request)
        body += quoted(
            message.visible_text or message.text, message.sender, formats.day_long(formats.local_day(message.at))
        )
    said = f"{request.user} <{box.address}>" if box else f"{request.user}, by the address of this site"
    context = {"templates": offered, "chosen": chosen, "empty": empty, "from": said, "here": request.path}
    context["to_all"] = "all" in request.GET
    context["silent"] = silent(workspace.pk, [initial["to"]]) if initial.get("to") else ""
    return initial | {"body": body}, context
