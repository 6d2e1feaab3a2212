"""Users, workspaces, teams, roles, invitations. Rules: domain.md section 1."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo, available_timezones

import pghistory
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import RegexValidator
from django.db import connection, models
from django.db.models.functions import Lower
from django.utils import timezone

from workspaces.custom.values import Choice, Entity, Field, Type
from workspaces.rows import columns_of, row_of
from workspaces.tenant import MemberForeignKey, RowSecurity, TenantForeignKey, TenantModel, workspace_key


class UserManager(BaseUserManager):
    use_in_migrations = False

    def create_user(self, email: str, password: str | None = None, **fields) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields) -> User:
        """A super admin: Django admin over every workspace."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get(self, *args, **named) -> User:
        """By its key alone it is asked for by every page: whose session is it?"""
        if args or named.keys() != {"pk"}:
            return super().get(*args, **named)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {columns_of(self.model)} FROM workspaces_user WHERE id = %s", [named["pk"]])  # noqa: S608
            found = cursor.fetchone()
        if found is None:
            raise self.model.DoesNotExist(f"No user has the key {named['pk']}.")
        return row_of(self.model, found)

    def get_by_natural_key(self, email: str) -> User:
        return self.get(email=email.lower())


def time_zone_choices() -> list[tuple[str, str]]:
    return [
        (name, name.replace("_", " "))
        for name in sorted(available_timezones())
        if "/" in name and not name.startswith(("Etc/", "posix", "right"))
    ] + [("UTC", "UTC")]


class User(AbstractBaseUser, PermissionsMixin):
    """A person who logs in by email; what they may do is said by their memberships."""

    class Theme(models.TextChoices):
        SYSTEM = "", "Like the system"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    is_standin = models.BooleanField(default=False, editable=False)  # nobody at all, see standins.py
    date_joined = models.DateTimeField(default=timezone.now, editable=False)
    time_zone = models.CharField(max_length=50, blank=True, help_text="Empty: that of the workspace.")
    locale = models.CharField(max_length=12, default="en", help_text="How dates, numbers and money are written.")
    theme = models.CharField(max_length=5, choices=Theme, blank=True)
    single_keys = models.BooleanField("single-key shortcuts", default=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    objects = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self):
        return self.name or self.email

    def get_full_name(self):
        return str(self)

    def get_short_name(self):
        return str(self).split(" ")[0]


WORKSPACE_OF_MEMBER = "id IN (SELECT m.workspace_id FROM workspaces_membership m WHERE m.user_id = (SELECT nullif(current_setting('app.user_id', true), '')::bigint) AND m.status = 'active')"


@pghistory.track(exclude=["custom_token"])
class Workspace(models.Model):
    """One company's CRM. Not a tenant row itself, but sealed too: seen from inside it and by its members."""

    class Visibility(models.TextChoices):
        ALL = "all", "Everything"
        TEAM = "team", "What their team owns"
        OWN = "own", "What they own"

    tenant_column = "id"

    name = models.CharField(max_length=100)
    slug = models.SlugField(
        max_length=50,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9]+(-[a-z0-9]+)*$", "Small letters, digits and single hyphens.")],
    )
    currency = models.CharField(max_length=3, default="EUR")
    time_zone = models.CharField(max_length=50, default="UTC")
    work_start = models.TimeField(default=time(9))
    work_end = models.TimeField(default=time(18))
    work_days = models.JSONField(default=list, blank=True, help_text="Monday is 0; empty: Monday to Friday.")
    visibility = models.CharField("reps see", max_length=4, choices=Visibility, default=Visibility.ALL)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # Another one after each change of custom fields; empty while there are none (workspaces/custom/fields.py).
    custom_token = models.CharField(max_length=16, blank=True, default="", editable=False)

    class Meta:
        constraints = [
            RowSecurity(name="workspaces_workspace_rls", column="id", also_select=WORKSPACE_OF_MEMBER),
            models.CheckConstraint(
                condition=models.Q(work_end__gt=models.F("work_start")),
                name="workspace_works",
                violation_error_message="Work ends later than it starts.",
            ),
        ]

    def __str__(self):
        return self.name


@pghistory.track()
class Team(TenantModel):
    name = models.CharField(max_length=80)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="team_once")]

    def __str__(self):
        return self.name


class Role(models.TextChoices):
    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    MANAGER = "manager", "Manager"
    REP = "rep", "Rep"
    VIEWER = "viewer", "Viewer"

    @property
    def rank(self) -> int:
        """Higher may do more."""
        return {"viewer": 0, "rep": 1, "manager": 2, "admin": 3, "owner": 4}[self.value]


class MembershipQuerySet(models.QuerySet):
    def active(self) -> MembershipQuerySet:
        return self.filter(status=Membership.Status.ACTIVE)

    def admins(self) -> MembershipQuerySet:
        """Who looks after the workspace: its active admins and owners."""
        return self.active().filter(role__in=(Role.ADMIN, Role.OWNER))

    def working(self, and_user: int | None = None) -> MembershipQuerySet:
        """Who is given work: viewers read only. `and_user`: and who has it now, and keeps it until somebody else is chosen
        even if they left."""
        works = models.Q(status=Membership.Status.ACTIVE) & ~models.Q(role=Role.VIEWER)
        return self.filter(works | models.Q(user_id=and_user)).select_related("user")


@pghistory.track()
class Membership(TenantModel):
    """A user in a workspace. Never deleted: deals and history point at it; who leaves is `left`."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"
        LEFT = "left", "Left"

    # One's own memberships are seen everywhere: they are the list of one's workspaces.
    also_select = "user_id = (SELECT nullif(current_setting('app.user_id', true), '')::bigint)"

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=7, choices=Role, default=Role.REP)
    team = TenantForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="members")
    status = models.CharField(max_length=9, choices=Status, default=Status.ACTIVE)
    joined_at = models.DateTimeField(default=timezone.now, editable=False)
    # With the member, for every page shows what they pinned: {"pinned": [[key, name]], "default": key, "columns": [name]}.
    lists = models.JSONField("how they like lists", default=dict, blank=True, editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["user__name"]
        constraints = [models.UniqueConstraint(fields=["workspace", "user"], name="membership_once")]

    def __str__(self):
        return str(self.user)

    @property
    def zone(self) -> ZoneInfo:
        """Where their days begin and end: their own zone, else that of the workspace."""
        return ZoneInfo(self.user.time_zone or self.workspace.time_zone)

    @property
    def works(self) -> bool:
        """See MembershipQuerySet.working."""
        return self.status == self.Status.ACTIVE and self.role != Role.VIEWER

    def may(self, role: Role) -> bool:
        """Does this member's role reach `role`?"""
        return Role(self.role).rank >= role.rank


class InvitationQuerySet(models.QuerySet):
    def unsent(self) -> InvitationQuerySet:
        """Whose mail has yet to go out."""
        return self.filter(sent_at=None, accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())


@pghistory.track()
class Invitation(TenantModel):
    """A link by email. The link is the signed id of this row; what it opens is said here."""

    email = models.EmailField()
    role = models.CharField(max_length=7, choices=Role, default=Role.REP)
    team = TenantForeignKey(Team, models.SET_NULL, null=True, blank=True)
    invited_by = MemberForeignKey()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, editable=False)
    accepted_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "email"],
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="invitation_open_once",
            ),
        ]

    def __str__(self):
        return self.email

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.revoked_at is None and self.expires_at > timezone.now()


@pghistory.track(exclude=["version"])
class CustomField(TenantModel):
    """A field that a workspace has given its deals, leads, contacts or companies. Never deleted: values and history name
    it. `choices` is a list of {"key", "label", "archived"} in order; keys stay when labels change."""

    workspace = workspace_key("custom_fields")
    entity = models.CharField("of", max_length=7, choices=Entity)
    key = models.CharField(max_length=40, editable=False, help_text="What imports and programs call it; it stays.")
    label = models.CharField(max_length=60)
    type = models.CharField(max_length=8, choices=Type)
    choices = models.JSONField(default=list, blank=True)
    help = models.CharField("help text", max_length=200, blank=True)
    required = models.BooleanField(default=False, help_text="Asked for when a record is created.")
    position = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "entity", "key"], name="custom_field_key_once"),
            models.UniqueConstraint(
                "workspace",
                "entity",
                Lower("label"),
                condition=models.Q(archived_at=None),
                name="custom_field_label_once",
            ),
            models.CheckConstraint(
                condition=models.Q(key__regex=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"), name="custom_field_key"
            ),
            models.CheckConstraint(condition=~models.Q(label=""), name="custom_field_labelled"),
            models.CheckConstraint(
                condition=~models.Q(type=Type.CHECKBOX, required=True), name="custom_field_checkbox_free"
            ),
        ]

    def __str__(self):
        return self.label

    @property
    def field(self) -> Field:
        """As forms, filters and actions take it."""
        choices = tuple(Choice(each["key"], each["label"], bool(each.get("archived"))) for each in self.choices)
        return Field(
            self.key, self.label, Type(self.type), choices, self.help, self.required, self.archived_at is not None
        )
