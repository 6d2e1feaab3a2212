"""Mailboxes, in the settings: admins see all, the others their own."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from automation import actions, oauth
from automation.health import health_of, how_long
from automation.imap import MailProblem
from automation.mailbox_forms import FetchedForm, InletForm, MailboxForm, PasswordForm
from automation.models import Mailbox, Provider, SignIn
from automation.own_words import learnt
from workspaces.access import MemberRequest, login_only, member_required
from workspaces.action import Refused
from workspaces.dialogs import dialog, done, form_refused
from workspaces.models import Role
from workspaces.mounting import root_url, workspace_url

FORM = "automation/mailbox_edit.html"
FETCHED = {"imap": SignIn.PASSWORD, "google": SignIn.GOOGLE, "microsoft": SignIn.MICROSOFT}
WAYS = {
    "imap": ("mail", "IMAP", "Any mailbox with a user name and a password. Mail is read there and left as it is."),
    "google": ("mail", "Google", "Gmail and Google Workspace: you allow it there, and keep your password."),
    "microsoft": ("mail", "Microsoft", "Outlook and Microsoft 365: you allow it there, and keep your password."),
    "mailgun": ("inbox", "Mailgun", "A route forwards what comes in, signed."),
    "sendgrid": ("inbox", "SendGrid", "Inbound Parse posts what comes in."),
    "postmark": ("inbox", "Postmark", "An inbound stream posts what comes in."),
    "ses": ("inbox", "Amazon SES", "A receipt rule publishes what comes in, signed, by SNS."),
    "api": ("arrow-right", "Your own program", "It posts each mail as it is, with a secret token."),
}
STATE = "mailbox_connect"  # in the session: the question that a service is being asked
Row = dict[str, Any]


@member_required(Role.REP)
def mailbox_list(request: MemberRequest) -> HttpResponse:
    found = Mailbox.objects.of(request.member).live().select_related("owner").prefetch_related("logins", "inlets")
    context = {"rows": [row(mailbox) for mailbox in found.order_by("name")], "learnt": learnt(request.workspace.pk)}
    return render(request, "automation/mailbox_list.html", context)


def row(mailbox: Mailbox) -> Row:
    login, inlet = next(iter(mailbox.logins.all()), None), next(iter(mailbox.inlets.all()), None)
    service = login.sign_in if login and login.sign_in in oauth.SERVICES else ""
    return {
        "mailbox": mailbox,
        "login": login,
        "inlet": inlet,
        "way": str(login.host if login and not service else SignIn(service).label if login else inlet.get_provider_display() if inlet else "Files"),
        "health": health_of(mailbox, timezone.now()),
        "lag": "" if mailbox.lag is None else how_long(timedelta(seconds=mailbox.lag)),
        "service": SignIn(service).label if login and service and not login.secret else "",
    }  # fmt: skip


@member_required(Role.REP)
def mailbox_new(request: MemberRequest) -> HttpResponse:
    """Which way: by IMAP, or sent by a service."""
    left_out = {name for name in oauth.SERVICES if name not in oauth.offered()}
    ways = [(kind, *said) for kind, said in WAYS.items() if kind not in left_out]
    return render(request, "automation/mailbox_new.html", {"ways": ways})


@member_required(Role.REP, methods=("GET", "POST"))
def mailbox_add(request: MemberRequest, kind: str) -> HttpResponse:
    form = form_for(kind, request)
    context = {"way": WAYS[kind][1]}
    if request.method == "GET" or not form.is_valid():
        return dialog(request, FORM, form, **context)
    try:
        mailbox, token = actions.add_mailbox(request.workspace, by=request.member, **form.facts())
    except Refused as refusal:
        return form_refused(request, FORM, form, refusal, **context)
    if token:
        return address_page(request, mailbox, token)
    if kind != "imap":
        return redirect("mailbox_connect", mailbox.pk)
    messages.success(request, f"Added {mailbox}. Its mail is being fetched.")
    return done(request, reverse("mailbox_list"))


def form_for(kind: str, request: MemberRequest) -> MailboxForm:
    data, member = request.POST or None, request.member
    if kind == "imap":
        return PasswordForm(data, member=member)
    if kind in oauth.offered():
        return FetchedForm(data, member=member, sign_in=FETCHED[kind])
    if kind in Provider.values:
        return InletForm(data, member=member, provider=kind)
    raise Http404("No such way")


@member_required(Role.REP, methods=("GET", "POST"))
def mailbox_edit(request: MemberRequest, pk: int) -> HttpResponse:
    mailbox = own(request, pk)
    form = edit_form(mailbox, request)
    context = {"mailbox": mailbox}
    if request.method == "GET" or not form.is_valid():
        return dialog(request, FORM, form, **context)
    try:
        mailbox = actions.change_mailbox(mailbox, by=request.member, **form.facts())
    except Refused as refusal:
        return form_refused(request, FORM, form, refusal, **context)
    messages.success(request, f"Saved {mailbox}.")
    return done(request, reverse("mailbox_list"))


def edit_form(mailbox: Mailbox, request: MemberRequest) -> MailboxForm:
    data, login, inlet = request.POST or None, mailbox.logins.first(), mailbox.inlets.first()
    if login:
        kind = PasswordForm if login.sign_in == SignIn.PASSWORD else FetchedForm
        return kind(data, member=request.member, edited=mailbox, login=login)
    if inlet:
        return InletForm(data, member=request.member, edited=mailbox, provider=inlet.provider)
    return MailboxForm(data, member=request.member, edited=mailbox)


@member_required(Role.REP, methods=("POST",))
def mailbox_test(request: MemberRequest, pk: int) -> HttpResponse:
    """A real round trip: logged in, the folder opened, its mails counted."""
    mailbox = own(request, pk)
    try:
        waiting = actions.try_mailbox(mailbox, by=request.member)
    except MailProblem as problem:
        messages.error(request, f"{mailbox}: {problem.words}")
    else:
        messages.success(request, f"{mailbox} works: {waiting} new mail{'s' * (waiting != 1)}.")
    return redirect("mailbox_list")


@member_required(Role.REP, methods=("POST",))
def mailbox_pause(request: MemberRequest, pk: int) -> HttpResponse:
    go_on = "go_on" in request.POST
    mailbox = actions.pause(own(request, pk), by=request.member, go_on=go_on)
    messages.success(request, f"{mailbox} goes on." if go_on else f"{mailbox} is paused.")
    return redirect("mailbox_list")


@member_required(Role.REP, methods=("POST",))
def mailbox_delete(request: MemberRequest, pk: int) -> HttpResponse:
    mailbox = actions.delete_mailbox(own(request, pk), by=request.member)
    undo = reverse("mailbox_restore", args=[pk])
    messages.success(request, f"{mailbox} was deleted; its mail is kept.", extra_tags=undo)
    return redirect("mailbox_list")


@member_required(Role.REP, methods=("POST",))
def mailbox_restore(request: MemberRequest, pk: int) -> HttpResponse:
    mailbox = get_object_or_404(Mailbox.objects.of(request.member), pk=pk)
    messages.success(request, f"{actions.restore_mailbox(mailbox, by=request.member)} is back.")
    return redirect("mailbox_list")


@member_required(Role.REP, methods=("GET", "POST"))
def mailbox_address(request: MemberRequest, pk: int) -> HttpResponse:
    """GET says how the service is set up; POST makes another address, which is shown in the answer and never again."""
    mailbox = own(request, pk)
    token = actions.renew_address(mailbox, by=request.member) if request.method == "POST" else ""
    return address_page(request, mailbox, token)


def address_page(request: MemberRequest, mailbox: Mailbox, token: str) -> HttpResponse:
    inlet = mailbox.inlets.first()
    if inlet is None:
        raise Http404("It is fetched")
    is_api = inlet.provider == Provider.API
    path = root_url("api_inbound") if is_api else root_url("inlet", inlet.provider, token or "…")
    context = {
        "mailbox": mailbox,
        "inlet": inlet,
        "is_api": is_api,
        "token": token,
        "address": request.build_absolute_uri(path) if token or is_api else "",
    }
    response = render(request, "automation/mailbox_address.html", context)
    response["Cache-Control"] = "no-store"
    return response


# --- Google and Microsoft ---------------------------------------------------------------------------


@member_required(Role.REP)
def mailbox_connect(request: MemberRequest, pk: int) -> HttpResponse:
    """Off to where the member says yes."""
    mailbox = own(request, pk)
    login = mailbox.logins.first()
    if login is None or login.sign_in not in oauth.offered():
        raise Http404("Nothing to connect")
    asked = {
        "state": secrets.token_urlsafe(32),
        "verifier": oauth.new_verifier(),
        "pk": pk,
        "slug": request.workspace.slug,
    }
    request.session[STATE] = asked
    redirect_to = request.build_absolute_uri(root_url("mail_connected"))
    return HttpResponseRedirect(
        oauth.authorize_url(
            login.sign_in, state=asked["state"], verifier=asked["verifier"], redirect=redirect_to, hint=mailbox.address
        )
    )


@login_only()
def mail_connected(request: HttpRequest) -> HttpResponse:
    """Back from there: one address for all workspaces, which leads on to the one that asked."""
    asked = request.session.get(STATE) or {}
    if not asked or not constant_time_compare(asked["state"], request.GET.get("state", "")):
        raise Http404("Nobody asked for this")
    return HttpResponseRedirect(
        f"{workspace_url(asked['slug'], 'mailbox_connected', asked['pk'])}?{request.GET.urlencode()}"
    )


@member_required(Role.REP)
def mailbox_connected(request: MemberRequest, pk: int) -> HttpResponse:
    asked = request.session.get(STATE) or {}
    is_asked = asked and asked["pk"] == pk and asked["slug"] == request.workspace.slug
    if not is_asked or not constant_time_compare(asked["state"], request.GET.get("state", "")):
        raise Http404("Nobody asked for this")
    del request.session[STATE]
    mailbox = own(request, pk)
    login = mailbox.logins.get()
    if "code" not in request.GET:
        messages.error(request, f"{SignIn(login.sign_in).label} did not allow it: {mailbox} is not connected.")
        return redirect("mailbox_list")
    redirect_to = request.build_absolute_uri(root_url("mail_connected"))
    try:
        tokens = oauth.exchange(login.sign_in, request.GET["code"], verifier=asked["verifier"], redirect=redirect_to)
    except MailProblem as problem:
        messages.error(request, f"{mailbox}: {problem.words}")
        return redirect("mailbox_list")
    actions.connect_login(mailbox, tokens, by=request.member)
    messages.success(request, f"{mailbox} is connected. Its mail is being fetched.")
    return redirect("mailbox_list")


def own(request: MemberRequest, pk: int) -> Mailbox:
    return get_object_or_404(Mailbox.objects.of(request.member).live(), pk=pk)
