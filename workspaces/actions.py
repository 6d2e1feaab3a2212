"""What people do with workspaces, members and invitations."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.module_loading import import_string

from workspaces.access import check_may
from workspaces.action import NotAllowed, Refused, action
from workspaces.background import after_commit
from workspaces.models import Invitation, Membership, Role, Team, User, Workspace
from workspaces.mounting import root_url
from workspaces.tenancy import tenant

INVITATION_DAYS = 14


@action
def create_workspace(*, name: str, slug: str, owner: User, currency: str = "EUR", time_zone: str = "UTC") -> Workspace:
    """A workspace with its first member; what else a new one needs, settings.WORKSPACE_STARTERS make (a pipeline)."""
    if Workspace.objects.filter(slug=slug).exists() or slug_is_taken(slug):
        raise Refused("That address is taken.", fields={"slug": "Another workspace has this address."})
    with connection.cursor() as cursor:
        # A row of one's own workspace is all one may write, so the id comes before the row.
        pk = cursor.execute("SELECT nextval(pg_get_serial_sequence('workspaces_workspace', 'id'))").fetchone()[0]
    with tenant(pk, owner, door="web"):
        workspace = Workspace(pk=pk, name=name, slug=slug, currency=currency, time_zone=time_zone)
        workspace.full_clean(validate_unique=False, validate_constraints=False)
        workspace.save(force_insert=True)
        Membership.objects.create(workspace=workspace, user=owner, role=Role.OWNER)
        for starter in settings.WORKSPACE_STARTERS:
            import_string(starter)(workspace)
    return workspace


def slug_is_taken(slug: str) -> bool:
    """Asked of all workspaces, the ones the user may not see included; the answer is a yes or no, as a URL would give too."""
    with connection.cursor() as cursor:
        return cursor.execute("SELECT workspace_slug_taken(%s)", [slug]).fetchone()[0]


@action
def invite(workspace: Workspace, *, email: str, role: Role, team: Team | None, by: Membership) -> Invitation:
    """Invite by email link; an open invitation to the same address is replaced."""
    check_may(by, Role.ADMIN, "invite people")
    check_rank(by, role)
    email = email.strip().lower()
    if Membership.objects.active().filter(workspace=workspace, user__email=email).exists():
        raise Refused(f"{email} is a member already.", fields={"email": "This person is a member already."})
    Invitation.objects.filter(workspace=workspace, email=email, accepted_at=None, revoked_at=None).update(
        revoked_at=timezone.now()
    )
    invitation = Invitation.objects.create(
        workspace=workspace,
        email=email,
        role=role,
        team=team,
        invited_by_id=by.user_id,
        expires_at=timezone.now() + timedelta(days=INVITATION_DAYS),
    )
    after_commit("workspaces.tasks.send_invitation_mail", workspace.pk, invitation.pk)
    return invitation


def invitation_link(invitation: Invitation) -> str:
    token = signing.dumps([invitation.workspace_id, invitation.pk], salt="invitation")
    return settings.SITE_URL + root_url("invitation_accept", token)


def read_invitation_token(token: str) -> tuple[int, int] | None:
    """(workspace id, invitation id) of a link, None for a forged one. Whether it is still open is said by the row."""
    try:
        workspace_id, pk = signing.loads(token, salt="invitation")
    except (signing.BadSignature, ValueError):
        return None
    return workspace_id, pk


@action
def send_invitation(invitation: Invitation) -> None:
    """Mail the link, once: the row is claimed before the mail goes out."""
    claimed = Invitation.objects.filter(pk=invitation.pk, sent_at=None, accepted_at=None, revoked_at=None).update(
        sent_at=timezone.now()
    )
    if not claimed:
        return
    context = {"invitation": invitation, "link": invitation_link(invitation), "days": INVITATION_DAYS}
    mail = EmailMultiAlternatives(
        subject=f"{invitation.invited_by} invites you to {invitation.workspace} on Dealwright",
        body=render_to_string("mail/invitation.txt", context),
        to=[invitation.email],
    )
    mail.attach_alternative(render_to_string("mail/invitation.html", context), "text/html")
    mail.send()


@action
def accept_invitation(invitation: Invitation, *, user: User) -> Membership:
    """The invited person becomes a member; someone who had left comes back with the invited role."""
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if not invitation.is_open:
        raise Refused("This invitation was used, withdrawn or has expired. Ask for a new one.")
    if user.email.lower() != invitation.email:
        raise Refused(
            f"This invitation is for {invitation.email}; you are logged in as {user.email}. Log out and follow the link again."
        )
    member, created = Membership.objects.get_or_create(
        workspace_id=invitation.workspace_id,
        user=user,
        defaults={"role": invitation.role, "team_id": invitation.team_id},
    )
    if not created:
        member.role, member.team_id, member.status = invitation.role, invitation.team_id, Membership.Status.ACTIVE
        member.save()
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at"])
    return member


@action
def revoke_invitation(invitation: Invitation, *, by: Membership) -> None:
    check_may(by, Role.ADMIN, "withdraw invitations")
    Invitation.objects.filter(pk=invitation.pk, accepted_at=None).update(revoked_at=timezone.now())


@action
def change_member(
    member: Membership, *, by: Membership, role: Role | None = None, team: Team | None = None, status: str | None = None
) -> Membership:
    """Set role, team and status. Never above one's own role, and the last owner stays one. `team` None means no team."""
    check_may(by, Role.ADMIN, "change members")
    # All owners are locked, so that two owners cannot demote each other at once and leave none.
    owners = list(
        Membership.objects.select_for_update().filter(workspace_id=member.workspace_id, role=Role.OWNER).order_by("pk")
    )
    member = Membership.objects.select_for_update().get(pk=member.pk)
    role, status = Role(role or member.role), status or member.status
    check_rank(by, Role(member.role))
    check_rank(by, role)
    check_owner_stays(member, owners, role, status)
    member.role, member.team, member.status = role, team, status
    member.save()
    end_streams(member.workspace_id, member.user_id)
    return member


@action
def leave(member: Membership) -> None:
    """One's own way out. Deals keep their owner's name until somebody hands them over."""
    owners = list(
        Membership.objects.select_for_update().filter(workspace_id=member.workspace_id, role=Role.OWNER).order_by("pk")
    )
    check_owner_stays(member, owners, Role(member.role), Membership.Status.LEFT)
    Membership.objects.filter(pk=member.pk).update(status=Membership.Status.LEFT)
    end_streams(member.workspace_id, member.user_id)


def check_rank(by: Membership, role: Role) -> None:
    if not by.may(role):
        raise NotAllowed(
            f"You are {Role(by.role).label.lower()}: you cannot give or change the role {role.label.lower()}."
        )


def check_owner_stays(member: Membership, owners: list[Membership], role: Role, status: str) -> None:
    others = [owner for owner in owners if owner.pk != member.pk and owner.status == Membership.Status.ACTIVE]
    stays = role == Role.OWNER and status == Membership.Status.ACTIVE
    if member.role == Role.OWNER and not stays and not others:
        raise Refused("A workspace needs an owner: make somebody else one first.")


def end_streams(workspace_id: int, user_id: int | None = None) -> None:
    """Close open event streams of one member, or of all: what they may see has changed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify('live', json_build_object('workspace', %s::bigint, 'kind', 'member', 'user', %s::bigint)::text)",
            [workspace_id, user_id],
        )


@action
def change_settings(workspace: Workspace, *, by: Membership, **changes: object) -> Workspace:
    """Name, time zone, working hours, visibility. The currency can be changed while there is no amount in it (see deals)."""
    check_may(by, Role.ADMIN, "change the settings")
    for field, value in changes.items():
        setattr(workspace, field, value)
    workspace.full_clean(exclude=["slug"], validate_unique=False, validate_constraints=False)
    workspace.save(update_fields=list(changes))
    end_streams(workspace.pk)
    return workspace
