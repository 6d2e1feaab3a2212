"""What people do with workspaces, members and invitations."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from zoneinfo import available_timezones

from babel.numbers import list_currencies
from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, connection, transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.module_loading import import_string

from workspaces.access import check_may
from workspaces.action import NotAllowed, Refused, action
from workspaces.background import after_commit
from workspaces.models import Invitation, Membership, Role, Team, User, Workspace
from workspaces.mounting import root_url
from workspaces.standins import NO_MAIL, receives_no_mail
from workspaces.tenancy import all_workspaces, tenant

# Where a day ends, and what goes by the clock there, follows from a zone.
SETTLE_DAYS = "activities.tasks.settle_days"
INVITATION_DAYS = 14
# Invitations in 24 hours that nobody has accepted yet.
DAILY_OF_INVITER, DAILY_OF_WORKSPACE = 50, 200
# What the two kinds of links are signed with.
SHOWN, MAILED = "invitation", "invitation-mailed"


@action
def create_workspace(*, name: str, slug: str, owner: User, currency: str = "EUR", time_zone: str = "UTC") -> Workspace:
    """A workspace with its first member; what else a new one needs, settings.WORKSPACE_STARTERS make (a pipeline)."""
    with connection.cursor() as cursor:
        # A row of one's own workspace is all one may write, so the id comes before the row.
        pk = cursor.execute("SELECT nextval(pg_get_serial_sequence('workspaces_workspace', 'id'))").fetchone()[0]
    workspace = Workspace(pk=pk, name=name, slug=slug, currency=currency, time_zone=time_zone)
    check_workspace(workspace)
    with tenant(pk, owner, door="web"):
        try:
            with transaction.atomic():
                workspace.save(force_insert=True)
        except IntegrityError as error:
            # Past row-level security the database alone knows.
            taken = {"slug": "Another workspace has this address."}
            raise Refused("That address is taken.", fields=taken) from error
        Membership.objects.create(workspace=workspace, user=owner, role=Role.OWNER)
        for starter in settings.WORKSPACE_STARTERS:
            import_string(starter)(workspace)
    return workspace


def check_workspace(workspace: Workspace) -> None:
    """Refuse what no page could work with, whatever door it came through."""
    problems = {}
    try:
        workspace.full_clean(validate_unique=False)
    except ValidationError as error:
        problems = {field: " ".join(texts) for field, texts in error.message_dict.items()}
    if workspace.time_zone not in available_timezones():
        problems["time_zone"] = f"There is no time zone “{workspace.time_zone}”: write it like Europe/Berlin."
    if workspace.currency not in list_currencies():
        problems["currency"] = f"There is no currency “{workspace.currency}”: write it like EUR."
    if problems:
        raise Refused(" ".join(problems.values()), fields=problems)


def slug_is_taken(slug: str) -> bool:
    """Asked of all workspaces, the ones the user may not see included; the answer is a yes or no, as a URL would give too."""
    with connection.cursor() as cursor:
        return cursor.execute("SELECT workspace_slug_taken(%s)", [slug]).fetchone()[0]


@action
def invite(workspace: Workspace, *, email: str, role: Role, team: Team | None, by: Membership) -> Invitation:
    """Invite by email link; an open invitation to the same address is replaced."""
    check_may(by, Role.ADMIN, "invite people")
    check_rank(by, role)
    check_invitations_left(workspace, by)
    email = email.strip().lower()
    if receives_no_mail(email):
        raise Refused(NO_MAIL, fields={"email": NO_MAIL})
    known = Membership.objects.filter(workspace=workspace, user__email=email).exclude(status=Membership.Status.LEFT)
    if member := known.first():
        what = (
            "suspended: make them active again instead"
            if member.status != Membership.Status.ACTIVE
            else "a member already"
        )
        raise Refused(f"{email} is {what}.", fields={"email": f"This person is {what}."})
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


def check_invitations_left(workspace: Workspace, by: Membership) -> None:
    """Mail to strangers is the one thing an account could be misused for; what was accepted was welcome."""
    recent = Invitation.objects.filter(created_at__gt=timezone.now() - timedelta(days=1), accepted_at=None)
    if recent.filter(workspace=workspace).count() >= DAILY_OF_WORKSPACE:
        raise Refused(f"{DAILY_OF_WORKSPACE} invitations went out in the last 24 hours. Try again tomorrow.")
    with all_workspaces(by.user_id):
        mine = recent.filter(invited_by_id=by.user_id).count()
    if mine >= DAILY_OF_INVITER:
        raise Refused(f"You have sent {DAILY_OF_INVITER} invitations in the last 24 hours. Try again tomorrow.")


def invitation_link(invitation: Invitation, *, mailed: bool = False) -> str:
    """The link for the inviter to hand on, or the one of the mail: only that one proves whose the address is."""
    token = signing.dumps([invitation.workspace_id, invitation.pk], salt=MAILED if mailed else SHOWN)
    return settings.SITE_URL + root_url("invitation_accept", token)


def read_invitation_token(token: str) -> tuple[int, int] | None:
    """(workspace id, invitation id) of a link, None for a forged one. Whether it is still open is said by the row."""
    for salt in (SHOWN, MAILED):
        with suppress(signing.BadSignature, ValueError):
            workspace_id, pk = signing.loads(token, salt=salt)
            return workspace_id, pk
    return None


def was_mailed(token: str) -> bool:
    """Whoever holds this token reads the mail of the invited address; the other kind the inviter has seen too."""
    with suppress(signing.BadSignature):
        return bool(signing.loads(token, salt=MAILED))
    return False


@action
def send_invitation(invitation: Invitation) -> None:
    """Mail the link, once: the row is claimed before the mail goes out."""
    if not Invitation.objects.unsent().filter(pk=invitation.pk).update(sent_at=timezone.now()):
        return
    context = {"invitation": invitation, "link": invitation_link(invitation, mailed=True), "days": INVITATION_DAYS}
    mail = EmailMultiAlternatives(
        # Names may hold line breaks, headers may not.
        subject=" ".join(f"{invitation.invited_by} invites you to {invitation.workspace} on Dealwright".split()),
        body=render_to_string("mail/invitation.txt", context),
        to=[invitation.email],
    )
    mail.attach_alternative(render_to_string("mail/invitation.html", context), "text/html")
    mail.send()


@action
def accept_invitation(invitation: Invitation, *, user: User, proven: bool = True) -> Membership:
    """The invited person becomes a member; someone who had left comes back with the invited role.

    `proven`: the address is known to be theirs, by the link in the mail or because it was confirmed before.

    Who is a member already, under an address they had before, stays what they are: only change_member changes that.
    """
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if not invitation.is_open:
        raise Refused("This invitation was used, withdrawn or has expired. Ask for a new one.")
    if user.email.lower() != invitation.email:
        raise Refused(
            f"This invitation is for {invitation.email}; you are logged in as {user.email}. Log out and follow the link again."
        )
    if not proven:
        raise Refused("Confirm your address first, by the mail you got when you made your account. Then join.")
    member, _ = Membership.objects.get_or_create(
        workspace_id=invitation.workspace_id,
        user=user,
        defaults={"role": invitation.role, "team_id": invitation.team_id},
    )
    if member.status == Membership.Status.SUSPENDED:
        raise Refused("Your access to this workspace is suspended. An admin of it can lift that.")
    if member.status == Membership.Status.LEFT:
        member.role, member.team_id, member.status = invitation.role, invitation.team_id, Membership.Status.ACTIVE
        member.save()
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at"])
    if member.team_id:
        end_streams(invitation.workspace_id)  # their team sees more from now on
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
    if member.status == Membership.Status.LEFT:
        raise Refused(f"{member} has left. Invite them, if they want to come back.")
    role, status = Role(role or member.role), status or member.status
    check_rank(by, Role(member.role))
    check_rank(by, role)
    check_owner_stays(member, owners, role, status)
    teams = {member.team_id, team.pk if team else None}
    member.role, member.team, member.status = role, team, status
    member.save()
    # Whoever is in one of the teams sees other deals now.
    end_streams(member.workspace_id, member.user_id if len(teams) == 1 else None)
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


def end_streams(workspace_id: int | None, user_id: int | None = None) -> None:
    """Close open event streams of one member, or of all: what they may see has changed. Without a workspace in all of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify('live', json_build_object('workspace', %s::bigint, 'kind', 'member', 'user', %s::bigint)::text)",
            [workspace_id, user_id],
        )


@action
def create_team(workspace: Workspace, *, name: str, by: Membership | None) -> Team:
    check_may(by, Role.ADMIN, "make teams")
    team, created = Team.objects.get_or_create(workspace=workspace, name=name)
    if not created:
        raise Refused(f"There is a team {name} already.", fields={"name": "Another team has this name."})
    return team


@action
def change_settings(workspace: Workspace, *, by: Membership, **changes: object) -> Workspace:
    """Name, time zone, working hours, visibility. The currency can be changed while there is no amount in it (see deals)."""
    check_may(by, Role.ADMIN, "change the settings")
    zone = Workspace.objects.values_list("time_zone", flat=True).get(pk=workspace.pk)
    for field, value in changes.items():
        setattr(workspace, field, value)
    check_workspace(workspace)
    workspace.save(update_fields=list(changes))
    if workspace.time_zone != zone:
        after_commit(SETTLE_DAYS, workspace.pk)
    end_streams(workspace.pk)
    return workspace


@action
def change_profile(user: User, **changes: object) -> User:
    """What somebody chooses for themselves, in all their workspaces: name, time zone, formats, theme, keys."""
    before = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    for field, value in changes.items():
        setattr(user, field, value)
    user.save(update_fields=list(changes))
    if user.time_zone != before.time_zone:
        for workspace_id in Membership.objects.filter(user_id=user.pk).values_list("workspace_id", flat=True):
            after_commit(SETTLE_DAYS, workspace_id)
    return user
