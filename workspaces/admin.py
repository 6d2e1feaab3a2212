"""Users, workspaces, members; and the system's own tables, for super admins."""

from __future__ import annotations

from allauth.account.forms import ResetPasswordForm
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django_celery_beat.admin import PeriodicTaskAdmin as BeatTaskAdmin
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule
from unfold.widgets import UnfoldAdminSelectWidget

from workspaces import actions
from workspaces.action import Refused
from workspaces.admin_base import CrmAdmin, ReadOnlyAdmin, TenantAdmin, without_link
from workspaces.admin_bulk import BulkForm
from workspaces.admin_forms import RefusableForm
from workspaces.admin_site import site
from workspaces.models import CustomField, Invitation, Membership, Role, Team, User, Workspace

DOOR = "admin"


# --- inside a workspace, and over all -------------------------------------------------------------


@admin.register(Team, site=site)
class TeamAdmin(TenantAdmin):
    menu = ("Setup", 30, "groups")
    list_display = ("name",)
    search_fields = ("name",)
    ordering = ("name",)

    def delete_model(self, request: HttpRequest, obj: Team) -> None:
        super().delete_model(request, obj)
        actions.end_streams(obj.workspace_id)  # whoever was in it sees less now


class RoleForm(BulkForm):
    role = forms.ChoiceField(choices=Role.choices, initial=Role.REP, widget=UnfoldAdminSelectWidget)


@admin.register(Membership, site=site)
class MembershipAdmin(ReadOnlyAdmin):
    menu = ("Setup", 20, "badge")
    list_display = ("user", "role", "team", "status", "joined_at")
    list_filter = ("status", "role")
    search_fields = ("user__name", "user__email")
    ordering = ("user__name",)
    actions = ("change_role", "suspend", "reactivate")
    readonly_preprocess_fields = {"user": without_link}

    def ranked(self, request: HttpRequest, member: Membership) -> Membership:
        """As whom members are changed: a super admin ranks as an owner."""
        return request.member or Membership(workspace_id=member.workspace_id, user=request.user, role=Role.OWNER)

    def set(self, request: HttpRequest, member: Membership, **changes: object) -> Membership:
        return actions.change_member(member, by=self.ranked(request, member), **({"team": member.team} | changes))

    @admin.action(description="Change the role…")
    def change_role(self, request: HttpRequest, queryset: models.QuerySet) -> HttpResponse | None:
        return self.ask(
            request,
            queryset,
            title="Change the role…",
            form=RoleForm,
            verb=lambda member, data: self.set(request, member, role=Role(data["role"])),
            done="changed",
        )

    @admin.action(description="Suspend")
    def suspend(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        suspended = Membership.Status.SUSPENDED
        self.each(request, queryset, lambda member: self.set(request, member, status=suspended), "suspended")

    @admin.action(description="Reactivate")
    def reactivate(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        active = Membership.Status.ACTIVE
        self.each(request, queryset, lambda member: self.set(request, member, status=active), "active again")


@admin.register(Invitation, site=site)
class InvitationAdmin(TenantAdmin):
    menu = ("Setup", 21, "mail")
    list_display = ("email", "role", "team", "invited_by", "expires_at", "accepted_at", "revoked_at")
    list_filter = ("role",)
    search_fields = ("email",)
    ordering = ("-created_at",)
    can_change = can_delete = False
    actions = ("withdraw",)

    def get_fields(self, request: HttpRequest, obj: Invitation | None = None):
        times = ("created_at", "sent_at", "expires_at", "accepted_at", "revoked_at")
        return ("email", "role", "team", *(("invited_by", *times) if obj else ()))

    def has_add_permission(self, request: HttpRequest) -> bool:
        # Whoever invites is a member: the mail and the row name them.
        return request.member is not None and super().has_add_permission(request)

    def add_row(self, request: HttpRequest, obj: Invitation, form: RefusableForm) -> Invitation:
        return actions.invite(request.workspace, email=obj.email, role=Role(obj.role), team=obj.team, by=request.member)

    @admin.action(description="Withdraw")
    def withdraw(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        self.each(
            request,
            queryset.filter(accepted_at=None, revoked_at=None),
            lambda invitation: actions.revoke_invitation(invitation, by=self.actor(request)),
            "withdrawn",
        )


# --- super admins only ------------------------------------------------------------------------------


class GlobalAdmin(CrmAdmin):
    """Tables that belong to no workspace."""

    def may_enter(self, request: HttpRequest) -> bool:
        return request.workspace is None and super().may_enter(request)


class WorkspaceForm(RefusableForm):
    """A new workspace needs somebody who owns it."""

    owner = forms.ModelChoiceField(User.objects.filter(is_active=True))


@admin.register(Workspace, site=site)
class WorkspaceAdmin(GlobalAdmin):
    menu = ("System", 10, "domain")
    list_display = ("name", "slug", "currency", "time_zone", "visibility", "created_at")
    search_fields = ("name", "slug")
    ordering = ("name",)
    fields = (
        "name",
        "time_zone",
        "work_start",
        "work_end",
        "work_days",
        "visibility",
        "slug",
        "currency",
        "created_at",
    )
    readonly_fields = ("slug", "currency", "created_at")
    can_delete = False

    def get_fields(self, request: HttpRequest, obj: Workspace | None = None):
        return self.fields if obj else ("name", "slug", "currency", "time_zone", "owner")

    def get_readonly_fields(self, request: HttpRequest, obj: Workspace | None = None):
        return self.readonly_fields if obj else ()

    def get_form(self, request: HttpRequest, obj: Workspace | None = None, change: bool = False, **kwargs):
        return super().get_form(request, obj, change=change, **({} if obj else {"form": WorkspaceForm}) | kwargs)

    def add_row(self, request: HttpRequest, obj: Workspace, form: RefusableForm) -> Workspace:
        return actions.create_workspace(**form.cleaned_data)

    def change_row(self, request: HttpRequest, obj: Workspace, form: RefusableForm) -> Workspace:
        return actions.change_settings(obj, by=None, **form.facts())


class UserForm(RefusableForm):
    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()


@admin.register(User, site=site)
class UserAdmin(GlobalAdmin):
    menu = ("System", 11, "person")
    form = UserForm
    list_display = ("name", "email", "is_active", "is_superuser", "last_login", "date_joined")
    list_filter = ("is_active", "is_superuser")
    search_fields = ("email", "name")
    ordering = ("name", "pk")
    fields = ("name", "email", "is_active", "is_superuser", "time_zone", "locale", "theme", "last_login", "date_joined")
    readonly_fields = ("last_login", "date_joined")
    # Memberships point at users for good: who goes is made inactive.
    can_delete = False
    actions = ("send_reset_link",)

    def get_fields(self, request: HttpRequest, obj: User | None = None):
        return self.fields if obj else ("name", "email")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None):
        # Addresses are confirmed by mail (see email addresses); nobody locks themselves out.
        own = ("is_active", "is_superuser") if obj and obj.pk == request.user.pk else ()
        return (*self.readonly_fields, *(("email",) if obj else ()), *own)

    def add_row(self, request: HttpRequest, obj: User, form: RefusableForm) -> User:
        """An account without a password; its owner sets one by the link of "Send a link to set a password"."""
        return User.objects.create_user(obj.email, None, name=obj.name)

    def change_row(self, request: HttpRequest, obj: User, form: RefusableForm) -> User:
        obj.is_staff = obj.is_superuser
        if not obj.is_active:
            actions.end_streams(None, obj.pk)
        return actions.change_profile(obj, **{name: getattr(obj, name) for name in (*form.changed_data, "is_staff")})

    @admin.action(description="Send a link to set a password")
    def send_reset_link(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        def send(user: User) -> None:
            form = ResetPasswordForm({"email": user.email})
            if not user.is_active or not form.is_valid():
                raise Refused("This account is not active.")
            form.save(request)

        self.each(request, queryset, send, "sent a link")


@admin.register(EmailAddress, site=site)
class EmailAddressAdmin(GlobalAdmin):
    menu = ("System", 12, "alternate_email")
    list_display = ("email", "user", "primary", "verified")
    list_filter = ("verified", "primary")
    search_fields = ("email", "user__name")
    can_add = can_change = can_delete = False
    actions = ("mark_verified",)

    @admin.action(description="Mark as verified")
    def mark_verified(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        def verify(address: EmailAddress) -> None:
            if not address.set_verified():
                raise Refused("Somebody else has verified this address.")

        self.each(request, queryset.filter(verified=False), verify, "verified")


@admin.register(Authenticator, site=site)
class AuthenticatorAdmin(GlobalAdmin):
    """Second factors: what they are, never their secrets. Deleting one lets in somebody who lost theirs."""

    menu = ("System", 13, "key")
    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    search_fields = ("user__email", "user__name")
    fields = ("user", "type", "created_at", "last_used_at")
    can_add = can_change = False


@admin.register(PeriodicTask, site=site)
class PeriodicTaskAdmin(GlobalAdmin, BeatTaskAdmin):
    menu = ("System", 30, "schedule")
    # The library's has a script in the page.
    change_form_template = None
    form = BeatTaskAdmin.form
    actions = ("enable_tasks", "disable_tasks", "run_tasks")
    search_fields = ("name", "task")
    ordering = ("name",)


@admin.register(IntervalSchedule, CrontabSchedule, ClockedSchedule, SolarSchedule, site=site)
class ScheduleAdmin(GlobalAdmin):
    menu = ("System", 31, "timer")
    list_display = ("__str__",)


@admin.register(CustomField, site=site)
class CustomFieldAdmin(ReadOnlyAdmin):
    """Kept on the settings page; the rules of changing them are there."""

    menu = ("Setup", 45, "list_alt")
    list_display = ("label", "entity", "type", "key", "required", "position", "archived_at")
    list_filter = ("entity", "type")
    search_fields = ("label", "key")
