"""The inbox: what came in, what was made of it, and what a person decides."""

from __future__ import annotations

from csp.decorators import csp_replace
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin

from activities.file_views import as_download
from activities.views import told as say
from automation import actions
from automation.forms import LinkForm
from automation.inbox import NEW, Inbox, mine, new_replies, record_of
from automation.inbox_lines import tone_of
from automation.intents import Intent
from automation.mail.parsing import read
from automation.mail.parts import Attachment
from automation.models import Effect, Mailbox, Message
from automation.reply_report import ReplyReport
from leads.actions import named_contact
from workspaces.access import MemberRequest, member_required, visible_owners
from workspaces.dialogs import is_script, saved
from workspaces.pages import render_page

# The frame of a mail's HTML: text and its own look, and nothing that loads, runs or sends.
FRAMED = {"default-src": ["'none'"], "style-src": ["'none'"], "frame-ancestors": ["'self'"], "sandbox": [""]}


@member_required()
def inbox(request: MemberRequest) -> HttpResponse:
    """?tab: one of inbox.TABS, ?message: the open one, ?before: the next page."""
    return render_page(request, "automation/inbox.html", {"inbox": Inbox(request)})


@member_required()
def replies_new(request: MemberRequest) -> HttpResponse:
    """The part of Today."""
    found = new_replies(request)
    rows = [(message, tone_of(message.intent)) for message in found[:NEW]]
    boxes = Mailbox.objects.live().filter(workspace=request.workspace)
    context = {"rows": rows, "more": len(found) > NEW, "is_connected": bool(rows) or boxes.exists()}
    return render(request, "automation/replies_new.html", context)


@member_required()
def reply_report(request: MemberRequest) -> HttpResponse:
    return render(request, "automation/reply_report.html", {"report": ReplyReport(request)})


@member_required()
def message_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """One message by its own address, beside what needs somebody."""
    inbox = Inbox(request, pk)
    if inbox.open is None:
        raise Http404("No such message")
    return render_page(request, "automation/inbox.html", {"inbox": inbox})


def get_message(request: MemberRequest, pk: int) -> Message:
    return get_object_or_404(mine(request).defer("raw"), pk=pk)


def told(request: MemberRequest, message: Message, text: str, undo: str = "") -> HttpResponse:
    """A toast says so, with its undo; our JavaScript then draws the inbox again."""
    undo = reverse(undo, args=[message.pk]) if undo else ""
    then = "" if is_script(request) else reverse("message_detail", args=[message.pk])
    return say(request, None, text, undo=undo, then=then)


@member_required(methods=("POST",))
def message_accept(request: MemberRequest, pk: int) -> HttpResponse:
    message = get_message(request, pk)
    acts = message.state != Message.State.DONE
    message = actions.accept(message, by=request.member)
    return told(
        request, message, f"Accepted: {Intent(message.intent).label}", "message_undo" if acts else "message_reopen"
    )


@member_required(methods=("POST",))
def message_class(request: MemberRequest, pk: int) -> HttpResponse:
    """It is of another class than it was taken for."""
    message = actions.correct(get_message(request, pk), request.POST.get("intent", ""), by=request.member)
    return told(request, message, f"Changed to {Intent(message.intent).label}", "message_undo")


@member_required(methods=("POST",))
def message_undo(request: MemberRequest, pk: int) -> HttpResponse:
    message = actions.undo(get_message(request, pk), by=request.member)
    return told(request, message, "Taken back: decide anew")


@member_required(methods=("POST",))
def message_done(request: MemberRequest, pk: int) -> HttpResponse:
    message = actions.handle(get_message(request, pk), by=request.member)
    return told(request, message, "Done", "message_reopen")


@member_required(methods=("POST",))
def message_reopen(request: MemberRequest, pk: int) -> HttpResponse:
    return told(request, actions.reopen(get_message(request, pk), by=request.member), "Back in the inbox")


@member_required(methods=("POST",))
def message_again(request: MemberRequest, pk: int) -> HttpResponse:
    """What could not be read is read once more."""
    return told(request, actions.read_again(get_message(request, pk), by=request.member), "It is read again")


@member_required(methods=("GET", "POST"))
def message_link(request: MemberRequest, pk: int) -> HttpResponse:
    """Whose mail it is."""
    message = get_message(request, pk)

    def save(data: dict[str, str]) -> Message:
        return actions.link(message, named_contact(request.workspace, data["contact"]), by=request.member)

    then = reverse("message_detail", args=[pk])
    return saved(request, "automation/message_link.html", LinkForm(request.POST or None), save, then, message=message)


@member_required(methods=("POST",))
def message_lead(request: MemberRequest, pk: int) -> HttpResponse:
    message = actions.make_lead(get_message(request, pk), by=request.member)
    return told(request, message, f"{message.lead or message.sender} is a lead", "message_undo")


@member_required(methods=("POST",))
def effect_undo(request: MemberRequest, pk: int, effect_pk: int) -> HttpResponse:
    message = get_message(request, pk)
    effect = get_object_or_404(Effect.objects.select_related("message"), message=message, pk=effect_pk)
    return told(request, message, f"Taken back: {actions.undo_one(effect, by=request.member)}")


@member_required()
@xframe_options_sameorigin
@csp_replace(FRAMED)
def message_html(request: MemberRequest, pk: int) -> HttpResponse:
    """The cleaned HTML, for a sandboxed frame: it may not run, load or send anything, whoever opens its address."""
    return render(request, "automation/message_html.html", {"message": get_message(request, pk)})


@member_required()
def message_raw(request: MemberRequest, pk: int) -> HttpResponse:
    """The bytes as they came, to keep and to look into; never shown as a page."""
    message = get_object_or_404(mine(request), pk=pk)
    return as_download(bytes(message.raw), f"message-{message.pk}.eml")


@member_required()
def message_file(request: MemberRequest, pk: int, number: int) -> HttpResponse:
    """One of the files that came with it, to be saved."""
    part = part_of(get_object_or_404(mine(request), pk=pk), number)
    return as_download(part.content, part.name or "file")


def part_of(message: Message, number: int) -> Attachment:
    """Read from the bytes of the mail, which are kept once."""
    found = read(bytes(message.raw)).attachments
    if number >= len(found):
        raise Http404("No such file")
    return found[number]


@member_required(methods=("POST",))
def message_keep(request: MemberRequest, pk: int, number: int) -> HttpResponse:
    """One of its files is kept with the deal, lead, contact or company that it is about."""
    message = get_object_or_404(mine(request).select_related("deal", "lead", "contact", "company"), pk=pk)
    subject = record_of(message, visible_owners(request.member))
    kept = actions.keep_file(part_of(message, number), subject, by=request.member)
    undo = reverse("file_delete", args=[kept.pk])
    then = "" if is_script(request) else reverse("message_detail", args=[pk])
    return say(request, None, f"Kept {kept}", undo=undo, then=then)
