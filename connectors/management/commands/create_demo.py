"""Live the demo's two years through the product's own actions, in the order of time."""

from __future__ import annotations

from datetime import datetime
from functools import singledispatchmethod
from typing import Any
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from activities import actions as activities
from activities.models import Activity, Door
from connectors import demo
from connectors import demo_rows as rows
from deals.actions import add_contact, create_deal, move_to_stage, set_rate, update_deal
from deals.models import Deal, Stage
from leads import actions as leads
from leads.models import Campaign, CampaignMember, Lead, Segment, SegmentMember
from workspaces.action import Refused
from workspaces.actions import create_workspace, slug_is_taken
from workspaces.models import Membership, Role, Team, User, Workspace
from workspaces.tasks import workspace_ids
from workspaces.tenancy import tenant

PASSWORD = "demo"  # noqa: S105 - printed by ./run, and never made in production
# How far a lead in a campaign got, by the lead's status.
STATES = {
    Lead.Status.NEW: CampaignMember.State.OPENED,
    Lead.Status.ATTEMPTED: CampaignMember.State.DELIVERED,
    Lead.Status.UNQUALIFIED: CampaignMember.State.OPENED,
    Lead.Status.DO_NOT_CONTACT: CampaignMember.State.UNSUBSCRIBED,
}


class Command(BaseCommand):
    help = (
        "Make the workspace `demo`: two years of an invented company, with the logins alice, bob and "
        "vera@demo.example whose password is `demo`. Not in production."
    )

    def add_arguments(self, parser):
        parser.add_argument("--if-empty", action="store_true", help="make nothing where there is any workspace already")

    def handle(self, *args, **options):
        if settings.CRM_ENV not in ("development", "test"):
            raise CommandError(
                "Everybody knows the passwords of the demo, so it is made only where CRM_ENV is development."
            )
        if options["if_empty"] and workspace_ids():
            self.stdout.write("there is a workspace already, so no demo")
            return
        story = demo.make(timezone.now())
        if slug_is_taken(story.slug):
            raise CommandError(f"There is a workspace {story.slug} already.")
        try:
            with transaction.atomic():
                users = make_users(story)
                workspace = create_workspace(
                    name=story.name,
                    slug=story.slug,
                    owner=users["alice"],
                    currency=story.currency,
                    time_zone=story.time_zone,
                )
                with tenant(workspace, users["alice"], door="system"):
                    Replay(workspace, make_members(workspace, story, users)).run(story)
                    # By name: goals live in a sibling, which is not imported.
                    call_command("create_demo_goals", workspace=workspace.slug)
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"made the workspace {workspace.slug}: /w/{workspace.slug}/")


def make_users(story: rows.Demo) -> dict[str, User]:
    """By key. Those who do not log in get no password and no verified address."""
    emails = [member.email for member in story.members]
    if taken := User.objects.filter(email__in=emails).values_list("email", flat=True).first():
        raise CommandError(f"There is an account {taken} already, and the demo would need it.")
    users = {}
    for member in story.members:
        user = User.objects.create_user(member.email, PASSWORD if member.logs_in else None, name=member.name)
        if member.logs_in:
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        users[member.key] = user
    return users


def make_members(workspace: Workspace, story: rows.Demo, users: dict[str, User]) -> dict[str, Membership]:
    """By key, with user and workspace loaded; the owner is a member since the workspace was made."""
    teams = {
        name: Team.objects.create(workspace=workspace, name=name)
        for name in sorted({member.team for member in story.members} - {""})
    }
    for member in story.members:
        if member.role != Role.OWNER:
            Membership.objects.create(
                workspace=workspace, user=users[member.key], role=member.role, team=teams.get(member.team)
            )
    members = Membership.objects.filter(workspace=workspace).select_related("user", "workspace")
    found = {member.user_id: member for member in members}
    return {key: found[user.pk] for key, user in users.items()}


class Replay:
    """Makes our rows from the story's; `made` has them by the story's keys."""

    def __init__(self, workspace: Workspace, members: dict[str, Membership]):
        self.workspace, self.members = workspace, members
        self.stages = {stage.name: stage for stage in Stage.objects.filter(workspace=workspace)}
        self.campaigns: dict[str, Campaign] = {}
        self.segments: dict[str, Segment] = {}
        self.made: dict[str, Any] = {}

    def run(self, story: rows.Demo) -> None:
        for campaign in story.campaigns:
            self.campaigns[campaign.name] = Campaign.objects.create(workspace=self.workspace, **vars(campaign))
        for segment in story.segments:
            self.segments[segment.name] = Segment.objects.create(
                workspace=self.workspace, name=segment.name, filter=segment.filter
            )
        for rate in story.rates:
            set_rate(self.workspace, by=None, **vars(rate))
        for row in story.history:
            self.live(row)
        self.fill_segments(story.segments)
        self.fill_campaigns(story.of(rows.Lead))

    def by(self, row: rows.Row) -> Any:
        """The member who acts; None for a lead that came through a form."""
        return self.members[row.by] if row.by else None

    def user_id(self, key: str | None) -> int | None:
        return self.members[key].user_id if key else None

    @singledispatchmethod
    def live(self, row: rows.Row) -> None:
        raise TypeError(f"the demo cannot live a {type(row).__name__}")

    # --- people and companies -----------------------------------------------------------------------

    @live.register
    def _(self, row: rows.Company) -> None:
        self.made[row.key] = leads.create_company(
            self.workspace,
            by=self.by(row),
            at=row.at,
            owner_id=self.user_id(row.owner),
            name=row.name,
            domain=row.key,
            industry=row.industry,
            size=row.size,
            country=row.country,
            annual_revenue=row.annual_revenue,
            phone=row.phone,
        )

    @live.register
    def _(self, row: rows.Person) -> None:
        self.made[row.key] = leads.create_contact(
            self.workspace,
            by=self.by(row),
            at=row.at,
            owner_id=self.user_id(row.owner),
            first_name=row.first,
            last_name=row.last,
            emails=[row.key],
            phones=list(row.phones),
            title=row.title,
            company=self.made[row.company],
            time_zone=row.time_zone,
        )

    # --- leads --------------------------------------------------------------------------------------

    @live.register
    def _(self, row: rows.Lead) -> None:
        self.made[row.key] = leads.capture(
            self.workspace,
            by=self.by(row),
            at=row.at,
            email=row.person,
            owner_id=self.user_id(row.owner),
            source=row.source,
            campaign=self.campaigns.get(row.campaign),
            score=row.score,
            estimated_amount=row.estimated_amount,
        )

    @live.register
    def _(self, row: rows.LeadChange) -> None:
        lead = self.made[row.lead]
        changes: dict[str, Any] = {"unqualified_reason": row.reason} if row.reason else {}
        self.made[row.lead] = leads.update_lead(
            lead, by=self.by(row), version=lead.version, at=row.at, status=row.status, **changes
        )

    @live.register
    def _(self, row: rows.Conversion) -> None:
        """The lead as a conversion leaves it; its deal is there already and points at it."""
        lead = self.made[row.lead]
        lead.status, lead.converted_at, lead.version = Lead.Status.CONVERTED, row.at, lead.version + 1
        lead.save()
        data = {"deal": self.made[row.deal].pk}
        activities.record(lead, Activity.Kind.LEAD_CONVERTED, by=self.by(row), door=Door.WEB, at=row.at, data=data)

    # --- deals --------------------------------------------------------------------------------------

    @live.register
    def _(self, row: rows.Deal) -> None:
        deal = self.made[row.key] = create_deal(
            self.workspace,
            name=row.name,
            stage=self.stages[row.stage],
            by=self.by(row),
            at=row.at,
            owner_id=self.user_id(row.owner),
            company=self.made[row.company],
            lead=self.made[row.lead] if row.lead else None,
            amount=row.amount,
            currency=row.currency,
            product=row.product,
            source=row.source,
            campaign=self.campaigns.get(row.campaign),
            segment=self.segments.get(row.segment),
            expected_close_date=row.expected_close_date,
            next_step=row.next_step,
        )
        for person in row.people:
            add_contact(deal, self.made[person.key], by=self.by(row), role=person.role, at=row.at)

    @live.register
    def _(self, row: rows.Move) -> None:
        move_to_stage(
            self.made[row.deal],
            self.stages[row.stage],
            by=self.by(row),
            at=row.at,
            reason=row.reason,
            note=row.note,
            competitor=row.competitor,
        )

    @live.register
    def _(self, row: rows.PutOff) -> None:
        deal = Deal.objects.get(pk=self.made[row.deal].pk)
        update_deal(deal, by=self.by(row), version=deal.version, at=row.at, expected_close_date=row.day)

    @live.register
    def _(self, row: rows.Place) -> None:
        above = type(self.made[row.below]).objects.select_related("stage").get(pk=self.made[row.below].pk)
        move_to_stage(self.made[row.deal], above.stage, by=self.by(row), after=above.pk)

    # --- what is said and done ----------------------------------------------------------------------

    @live.register
    def _(self, row: rows.Talk) -> None:
        subject, by = self.made[row.about], self.by(row)
        match row.kind:
            case Activity.Kind.NOTE:
                activities.add_note(subject, row.body, by=by, at=row.at)
            case Activity.Kind.CALL:
                activities.log_call(subject, by=by, at=row.at, outcome=row.outcome, body=row.body, minutes=row.minutes)
            case Activity.Kind.MEETING:
                activities.log_meeting(subject, by=by, at=row.at, body=row.body, minutes=row.minutes)
            case Activity.Kind.EMAIL_OUT:
                activities.log_email(subject, by=by, at=row.at, body=row.body)
            case Activity.Kind.EMAIL_IN:
                activities.record(subject, Activity.Kind.EMAIL_IN, by=by, door=Door.WEB, at=row.at, body=row.body)

    @live.register
    def _(self, row: rows.Task) -> None:
        due = {"due_on": row.due}
        if row.clock:
            due = {"due_at": datetime.combine(row.due, row.clock, ZoneInfo(self.workspace.time_zone))}
        self.made[row.key] = activities.plan_task(
            self.made[row.about],
            row.title,
            by=self.by(row),
            at=row.at,
            assignee_id=self.user_id(row.assignee),
            type=row.type,
            **due,
            priority=row.priority,
        )

    @live.register
    def _(self, row: rows.TaskDone) -> None:
        activities.complete_task(self.made[row.task], by=self.by(row), at=row.at)

    # --- groups -------------------------------------------------------------------------------------

    def fill_segments(self, segments: tuple[rows.Segment, ...]) -> None:
        for segment in segments:
            SegmentMember.objects.bulk_create(
                SegmentMember(workspace=self.workspace, segment=self.segments[segment.name], lead=self.made[key])
                for key in segment.leads
            )
            if segment.filter is not None:
                leads.refresh_segment(self.segments[segment.name])

    def fill_campaigns(self, captured: list[rows.Lead]) -> None:
        """The leads that a campaign brought are in it; most of them had replied."""
        CampaignMember.objects.bulk_create(
            CampaignMember(
                workspace=self.workspace,
                campaign=self.campaigns[row.campaign],
                lead=self.made[row.key],
                state=STATES.get(self.made[row.key].status, CampaignMember.State.REPLIED),
                state_at=row.at,
            )
            for row in captured
            if row.campaign
        )
