"""Pages of people and workspaces, and the error pages."""

from __future__ import annotations

from copy import copy

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from workspaces import actions
from workspaces.access import MemberRequest, login_only, member_required, public
from workspaces.action import Refused
from workspaces.dialogs import dialog, done, form_refused, frame, is_script, refusal_said
from workspaces.forms import InvitationForm, MemberForm, ProfileForm, TeamForm, WorkspaceForm, WorkspaceSettingsForm
from workspaces.models import Invitation, Membership, Role
from workspaces.mounting import root_url, workspace_url
from workspaces.tenancy import tenant


@public(reason="the front door: sends everybody where they belong")
def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect("account_login")
    slugs = list(my_memberships(request).values_list("workspace__slug", flat=True)[:2])
    last = request.COOKIES.get("workspace")
    if len(slugs) == 1:
        return redirect(workspace_url(slugs[0], "workspace_home"))
    if last and my_memberships(request).filter(workspace__slug=last).exists():
        return redirect(workspace_url(last, "workspace_home"))
    return redirect("workspace_list")


def my_memberships(request: HttpRequest):
    return (
        Membership.objects.active()
        .filter(user_id=request.user.pk)
        .select_related("workspace")
        .order_by("workspace__name")
    )


@login_only()
def workspace_list(request: HttpRequest) -> HttpResponse:
    return render(request, "workspaces/workspace_list.html", {"memberships": my_memberships(request)})


@login_only(methods=("GET", "POST"))
def workspace_new(request: HttpRequest) -> HttpResponse:
    form = WorkspaceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            workspace = actions.create_workspace(owner=request.user, **form.cleaned_data)
        except Refused as refusal:
            return form_refused(request, "workspaces/workspace_new.html", form, refusal)
        return redirect(workspace_url(workspace, "workspace_home"))
    return render(request, "workspaces/workspace_new.html", {"form": form}, status=422 if form.errors else 200)


@public(reason="whoever got the link by mail; the row behind it says what it opens", methods=("GET", "POST"))
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    found = actions.read_invitation_token(token)
    with tenant(found[0] if found else None, request.user.pk):
        invitation = (
            Invitation.objects.filter(pk=found[1]).select_related("workspace", "invited_by").first() if found else None
        )
        if invitation is None or not invitation.is_open:
            return render(request, "workspaces/invitation_gone.html", status=410)
        mailed = actions.was_mailed(token)
        proven = mailed
        if not request.user.is_authenticated:
            # Opens the sign-up for this address; whose it is, only the link of the mail says.
            request.session["invitation"] = invitation.email
            if mailed:
                request.session["invitation_email"] = invitation.email
        else:
            own = EmailAddress.objects.filter(user=request.user, email__iexact=invitation.email)
            proven = mailed or own.filter(verified=True).exists()
            if request.method == "POST":
                actions.accept_invitation(invitation, user=request.user, proven=proven)
                own.update(verified=True)
                request.session.pop("invitation", None)
                request.session.pop("invitation_email", None)
                return redirect(workspace_url(invitation.workspace, "workspace_home"))
        return render(request, "workspaces/invitation_accept.html", {"invitation": invitation, "proven": proven})


@login_only(methods=("GET", "POST"))
def profile(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=copy(request.user))
    if request.method == "POST" and form.is_valid():
        actions.change_profile(request.user, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("profile")
    context = {"form": form, "memberships": my_memberships(request)}
    return render(request, "workspaces/profile.html", context, status=422 if form.errors else 200)


# --- inside a workspace -----------------------------------------------------------------------------


@member_required()
def workspace_home(request: MemberRequest) -> HttpResponse:
    # Managers begin with how it goes, others with what there is to do.
    response = redirect("dashboard" if request.member.may(Role.MANAGER) else "today")
    response.set_cookie(
        "workspace", request.workspace.slug, max_age=31536000, httponly=True, samesite="Lax", secure=request.is_secure()
    )
    return response


@member_required(Role.ADMIN, methods=("GET", "POST"))
def workspace_settings(request: MemberRequest) -> HttpResponse:
    # A copy: a form writes what was typed into its row, and the frame around it would show that as true.
    form = WorkspaceSettingsForm(request.POST or None, instance=copy(request.workspace))
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_settings(request.workspace, by=request.member, **form.cleaned_data)
        except Refused as refusal:
            return form_refused(request, "workspaces/workspace_settings.html", form, refusal)
        messages.success(request, "Saved.")
        return redirect("workspace_settings")
    return render(request, "workspaces/workspace_settings.html", {"form": form}, status=422 if form.errors else 200)


@member_required()
def member_list(request: MemberRequest) -> HttpResponse:
    workspace = request.workspace
    members = workspace.memberships.exclude(status=Membership.Status.LEFT).select_related("user", "team")
    invitations = (
        workspace.invitations.filter(accepted_at=None, revoked_at=None).order_by("-created_at")
        if request.member.may(Role.ADMIN)
        else []
    )
    context = {"members": members, "invitations": invitations, "teams": workspace.teams.all()}
    return render(request, "workspaces/member_list.html", context)


@member_required(Role.ADMIN, methods=("GET", "POST"))
def member_invite(request: MemberRequest) -> HttpResponse:
    form = InvitationForm(request.POST or None, member=request.member)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data | {"role": Role(form.cleaned_data["role"])}
        try:
            invitation = actions.invite(request.workspace, by=request.member, **data)
        except Refused as refusal:
            return form_refused(request, "workspaces/member_invite.html", form, refusal)
        messages.success(request, f"Invited {invitation.email}. The link works for {actions.INVITATION_DAYS} days.")
        return done(request, reverse("member_list"))
    return dialog(request, "workspaces/member_invite.html", form)


@member_required(Role.ADMIN)
def invitation_link(request: MemberRequest, pk: int) -> HttpResponse:
    """The link itself, for when the mail did not arrive."""
    invitation = get_object_or_404(request.workspace.invitations, pk=pk, accepted_at=None, revoked_at=None)
    return render(
        request,
        "workspaces/invitation_link.html",
        {"invitation": invitation, "link": actions.invitation_link(invitation), "frame": frame(request, "popover")},
    )


@member_required(Role.ADMIN, methods=("POST",))
def invitation_revoke(request: MemberRequest, pk: int) -> HttpResponse:
    actions.revoke_invitation(get_object_or_404(request.workspace.invitations, pk=pk), by=request.member)
    messages.success(request, "Invitation withdrawn.")
    return redirect("member_list")


@member_required(Role.ADMIN, methods=("GET", "POST"))
def member_edit(request: MemberRequest, pk: int) -> HttpResponse:
    stays = request.workspace.memberships.exclude(status=Membership.Status.LEFT)
    member = get_object_or_404(stays.select_related("user"), pk=pk)
    initial = {"role": member.role, "team": member.team_id, "status": member.status}
    form = MemberForm(request.POST or None, member=request.member, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_member(member, by=request.member, **form.cleaned_data)
        except Refused as refusal:
            return form_refused(request, "workspaces/member_edit.html", form, refusal, edited=member)
        messages.success(request, f"{member.user} changed.")
        return done(request, reverse("member_list"))
    return dialog(request, "workspaces/member_edit.html", form, edited=member)


@member_required(methods=("GET", "POST"), writer=Role.VIEWER)
def workspace_leave(request: MemberRequest) -> HttpResponse:
    if request.method == "POST":
        actions.leave(request.member)
        return redirect(root_url("workspace_list"))
    return render(request, "workspaces/workspace_leave.html")


@member_required(Role.ADMIN, methods=("GET", "POST"))
def team_new(request: MemberRequest) -> HttpResponse:
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            team = actions.create_team(request.workspace, by=request.member, **form.cleaned_data)
        except Refused as refusal:
            return form_refused(request, "workspaces/team_new.html", form, refusal)
        messages.success(request, f"Made the team {team}.")
        return done(request, reverse("member_list"))
    return dialog(request, "workspaces/team_new.html", form)


# --- errors -----------------------------------------------------------------------------------------


def error_page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    if is_script(request):
        return refusal_said(request, Refused(text), status)
    return render(request, "error.html", {"status": status, "title": title, "text": text}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(
        request, 400, "This request cannot be read", "Something in it is malformed. Go back and try again."
    )


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(
        request,
        403,
        "You may not do this",
        str(exception) or "Your role does not reach so far. An admin of the workspace can change it.",
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    text = "It was moved or deleted, or you may not see it."
    return error_page(request, 404, "Nothing here", text if request.method == "GET" else f"{text} Nothing was saved.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_page(
        request,
        403,
        "This page was open for too long",
        "Your session changed since it was loaded. Go back, reload it and send it again; nothing was saved.",
    )


def server_error(request: HttpRequest) -> HttpResponse:
    # No context processors: whatever broke may break them too.
    return render(None, "500.html", status=500)
