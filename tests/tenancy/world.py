"""Two full workspaces: in each a row of every tenant table, and in every text column a string found nowhere else.

`build()` fails by name when a tenant model has no row in both: add one to `fill`, else nothing is proved about it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from allauth.account.models import EmailAddress
from django.apps import apps
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, models, transaction
from django.test import Client
from django.utils import timezone

from activities.actions import (
    add_note,
    attach,
    complete_task,
    delete_logged,
    delete_note,
    invite_people,
    log_call,
    make_feed,
    notify,
    people_of,
    plan_task,
    remove_attachment,
)
from activities.models import Activity, Attendee, Delivery, Follow, Mention, Notification, NotificationMail, Task
from automation import actions as automation
from automation.intents import Intent
from automation.models import (
    InletEvent,
    Mailbox,
    MailTemplate,
    Meeting,
    Message,
    Pace,
    Rule,
    RuleRun,
    StepMail,
    WebhookCall,
)
from automation.rules import editing as rules
from connectors.exports.actions import ask_for_export
from connectors.models import ExternalId
from deals.actions import (
    add_contact,
    add_item,
    change_many,
    convert_lead,
    create_product,
    delete_deal,
    delete_view,
    find_or_create_tags,
    move_to_stage,
    remove_contact,
    remove_item,
    save_view,
    set_rate,
    update_deal,
)
from deals.models import CloseReason, Deal, DealContact, DealTag, Pipeline, PlaybookTask, Product, Stage
from deals.playbooks import follow
from deals.setup import add_pipeline, add_playbook_task, archive_reason, delete_playbook_task, delete_stage
from insights.actions import adjust_forecast, set_goal
from leads.actions import capture, create_company, create_contact, update_lead
from leads.models import Campaign, CampaignMember, Company, Contact, ContactEmail, Lead, Segment, SegmentMember
from tests.automation.mails import read_as, with_file
from tests.factories import make_cast, make_deal
from workspaces.actions import invite
from workspaces.custom.actions import archive_field, create_field
from workspaces.custom.values import Entity
from workspaces.models import Membership, Role, Team, User, Workspace
from workspaces.tenancy import all_workspaces, tenant
from workspaces.tenant import TenantModel

CANARY = re.compile(r"zq[0-9a-f]{5}x")
# What the product computes with, or what must have a form of its own.
UNTOUCHED = {"rank", "path", "slug", "url", "currency", "said", "band", "time_zone", "locale", "password"}
# acme's people beside the cast; `dual` is a member of both workspaces, `suspended` was one of acme.
INSIDERS = {
    "owner": Role.OWNER, "admin": Role.ADMIN, "manager": Role.MANAGER, "rep": Role.REP, "dual": Role.REP,
    "viewer": Role.VIEWER,
}  # fmt: skip
STAFF = (("admin", Role.ADMIN), ("manager", Role.MANAGER), ("dual", Role.REP), ("suspended", Role.REP))


VERSIONED = {
    "deal": Deal, "neighbour": Deal, "binned": Deal, "company": Company, "contact": Contact, "lead": Lead,
    "qualified_lead": Lead, "task": Task,
    "done_task": Task, "pipeline": Pipeline, "spare_pipeline": Pipeline, "stage": Stage,
    "playbook_task": PlaybookTask, "reason": CloseReason,
    "product": Product, "mailbox": Mailbox, "rule": Rule,
}  # fmt: skip


@dataclass
class Rows:
    """Ids of one workspace, one for each part that a URL or a form can name."""

    workspace: int = 0
    slug: str = ""
    pipeline: int = 0
    spare_pipeline: int = 0  # one with a deal in it, that may be deleted
    first_stage: int = 0
    pipelines: str = ""  # their ids in order
    stages: str = ""  # those of `pipeline`
    playbook: str = ""  # the tasks of `stage`
    playbook_task: int = 0
    archived_task: int = 0
    reasons: str = ""  # of lost deals
    reason: int = 0
    archived_reason: int = 0
    archived_stage: int = 0
    stage: int = 0  # an open one, where `deal` does not stand
    deal: int = 0
    neighbour: int = 0  # a deal that stands in `stage`
    binned: int = 0
    edited: int = 0  # a deal whose last change can be undone
    tagged: int = 0
    tag: int = 0
    view: int = 0
    view_gone: int = 0
    bulk: int = 0  # a change of many deals, still to be undone
    company: int = 0
    contact: int = 0
    stranger: int | str = 0  # a contact who is in no deal; in the end their name, which is what pages ask for
    person: str = ""  # the address of `contact`
    link: int = 0  # contact in deal
    lead: int = 0
    qualified_lead: int = 0
    converted_lead: int = 0
    campaign: int = 0
    segment: int = 0
    spare_campaign: int = 0
    spare_segment: int = 0
    task: int = 0
    done_task: int = 0
    gathering: int = 0
    note: int = 0
    call: int = 0
    gone_call: int = 0
    deleted_note: int = 0
    file: int = 0
    binned_file: int = 0
    product: int = 0
    item: int = 0
    gone_item: int = 0  # a line of `deal` that was deleted
    gone_link: int = 0  # somebody who was taken out of it
    notification: int = 0
    mailbox: int = 0  # fetched, of the workspace
    posted_mailbox: int = 0
    gone_mailbox: int = 0
    message: int = 0  # a reply that a deal was made of
    effect: int = 0  # the task it brought
    handled: int = 0  # one that somebody is through with
    broken: int = 0  # one that could not be read
    stray: int = 0  # one from somebody unknown
    mail: int = 0  # one that is about to leave
    unsent: int = 0  # one that was given up
    template: int = 0
    archived_template: int = 0
    suppressed: int = 0
    sequence: int = 0  # a campaign with steps, running
    step: int = 0
    gone_step: int = 0
    steps: str = ""  # of `sequence`
    enrolled: int = 0  # a member of it who is still to get something
    stopped: int = 0  # one who gets nothing more
    rule: int = 0  # one that is on
    rules: str = ""  # their ids in order
    gone_rule: int = 0
    failed_run: int = 0
    failed_call: int = 0
    lifted: str = ""  # what an address that was taken off the list is put back by
    event: int = 0  # the last change of `deal`, still to be undone
    versions: dict[str, int] = field(default_factory=dict)  # of the rows in VERSIONED
    rate: int = 0
    goal: int = 0
    change: int = 0  # of the expected close date of a deal, still to be taken back
    invitation: int = 0
    team: int = 0
    member: int = 0
    user: int = 0  # of `member`
    custom: int = 0  # a custom field of deals
    custom_archived: int = 0
    export: int = 0  # asked for by `owner`


@dataclass
class World:
    acme: Rows
    rival: Rows
    users: dict[str, User]
    members: dict[str, Membership]
    canaries: dict[str, tuple[int, str]] = field(default_factory=dict)  # {canary: (workspace id, where it stands)}
    clients: dict[str, Client] = field(default_factory=dict)  # by actor; logged in by walk.py
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def both(self) -> tuple[int, int]:
        return self.acme.workspace, self.rival.workspace

    def leaks(self, actor: str, text: str) -> list[str]:
        """Where the canaries in `text` stand that are none of the actor's business."""
        found = {self.canaries[canary] for canary in CANARY.findall(text) if canary in self.canaries}
        return sorted(where for workspace, where in found if not self.may_read(actor, workspace, where))

    def planted(self, rows: Rows, column: str) -> set[str]:
        """The canaries in a column ("deals.Deal.name") of one workspace."""
        own = ((canary, where) for canary, (workspace, where) in self.canaries.items() if workspace == rows.workspace)
        return {canary for canary, where in own if where.startswith(f"{column} of ")}

    def may_read(self, actor: str, workspace: int, where: str) -> bool:
        if actor == "foreign":
            return workspace == self.rival.workspace
        if actor == "dual" and where.startswith("workspaces.Workspace.name"):
            return True  # it stands in the list of one's workspaces
        if actor == "super":
            return True  # over all workspaces; inside one they are strangers, whom the walk expects to get 404
        return actor in INSIDERS and workspace == self.acme.workspace


def build() -> World:
    cast = make_cast()
    users = {"owner": cast.alice.user, "rep": cast.bob.user, "viewer": cast.vera.user, "foreign": cast.charlie.user}
    members = {"owner": cast.alice, "rep": cast.bob, "viewer": cast.vera, "foreign": cast.charlie}
    users["super"] = User.objects.create_superuser("root@crm.example", "demo", name="Root")
    with tenant(cast.workspace, cast.alice.user):
        for name, role in STAFF:
            users[name] = User.objects.create_user(f"{name}@acme.example", "demo", name=name.title())
            members[name] = join(cast.workspace, users[name], role)
        Membership.objects.filter(pk=members["suspended"].pk).update(status=Membership.Status.SUSPENDED)
        acme = fill(Rows(cast.workspace.pk, "acme"), cast.alice, cast.bob, cast.north, cast.stages)
    with tenant(cast.rival, cast.charlie.user):
        south = Team.objects.create(workspace=cast.rival, name="South")
        rudi = join(cast.rival, User.objects.create_user("rudi@rival.example", "demo", name="Rudi"), Role.REP, south)
        members["dual abroad"] = join(cast.rival, users["dual"], Role.VIEWER)
        rival = fill(Rows(cast.rival.pk, "rival"), cast.charlie, rudi, south, cast.rival_stages)
    world = World(acme, rival, users, members)
    for user in {member.user for member in members.values()} | set(users.values()) | {rudi.user}:
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    plant(world)
    with all_workspaces():
        for rows in (world.acme, world.rival):
            rows.stranger = Contact.objects.get(pk=rows.stranger).name
            rows.person = ContactEmail.objects.get(contact=rows.contact).email
    assert_full(world)
    return world


def join(workspace: Workspace, user: User, role: Role, team: Team | None = None) -> Membership:
    made = Membership.objects.create(workspace=workspace, user=user, role=role, team=team)
    return Membership.objects.select_related("user", "workspace", "team").get(pk=made.pk)


def fill(rows: Rows, owner: Membership, rep: Membership, team: Team, stages: dict[str, Stage]) -> Rows:
    """A row of every kind, made by the product's own actions where there are any. Inside the workspace's scope."""
    workspace = owner.workspace
    rows.team, rows.member, rows.user = team.pk, rep.pk, rep.user_id
    rows.pipeline, rows.stage = stages["New"].pipeline_id, stages["Qualified"].pk
    company = create_company(workspace, name="Brightwater", domain=f"{rows.slug}.test", industry="Fish", by=owner)
    contact = create_contact(
        workspace, first_name="Ida", emails=[f"ida@{rows.slug}.test"], phones=["+4930123456"], company=company, by=owner
    )
    rows.company, rows.contact = company.pk, contact.pk
    for entity in Entity.values:
        field = create_field(workspace, entity=entity, label="Colour", type="choice", choices=["Red", "Blue"], by=owner)
    create_field(workspace, entity=Entity.DEAL, label="Size", type="number", by=owner)
    rows.export = ask_for_export(workspace, entity="deal", format="csv", by=owner, query="tab=all").pk
    rows.custom_archived = archive_field(field, by=owner).pk
    rows.custom = workspace.custom_fields.get(entity=Entity.DEAL, label="Colour").pk
    rows.stranger = create_contact(workspace, first_name="Otto", by=owner).pk
    campaign = Campaign.objects.create(workspace=workspace, name="Spring")
    segment = Segment.objects.create(workspace=workspace, name="Nordics", filter={"source": ["event"]})
    rows.campaign, rows.segment = campaign.pk, segment.pk
    rows.spare_campaign = Campaign.objects.create(workspace=workspace, name="Autumn").pk
    rows.spare_segment = Segment.objects.create(workspace=workspace, name="Alps").pk
    lead = capture(workspace, email=f"ida@{rows.slug}.test", campaign=campaign, owner_id=owner.user_id, by=owner)
    rows.lead = lead.pk
    for part in ("qualified_lead", "converted_lead"):
        other = capture(
            workspace, last_name=part, email=f"{part}@{rows.slug}-lead.test", owner_id=owner.user_id, by=owner
        )
        setattr(rows, part, update_lead(other, by=owner, version=1, status=Lead.Status.QUALIFIED).pk)
    SegmentMember.objects.create(workspace=workspace, segment=segment, lead=lead)
    CampaignMember.objects.create(workspace=workspace, campaign=campaign, lead=lead)
    # What holds no text to be marked has a line in its audit table all the same.
    SegmentMember.objects.update(added_at=timezone.now())
    CampaignMember.objects.update(state="sent")
    rows.invitation = invite(workspace, email=f"new@{rows.slug}.test", role=Role.REP, team=team, by=owner).pk
    ExternalId.objects.create(workspace=workspace, source="hubspot", kind="company", external_id="1", object_id=1)
    fill_settings(rows, owner, stages)
    fill_mail(rows, owner)
    return fill_deals(
        rows, owner, stages, company=company, lead_id=lead.pk, campaign=campaign, segment=segment, product="Cold chain"
    )


def fill_settings(rows: Rows, owner: Membership, stages: dict[str, Stage]) -> None:
    """What managers and admins keep for everybody."""
    first = {"first": date(2026, 1, 1)}
    rows.goal = set_goal(owner.workspace, metric="revenue", period="month", target=Decimal(9), by=owner, **first).pk
    rows.goal = set_goal(owner.workspace, metric="revenue", period="month", target=Decimal(8), by=owner, **first).pk
    for amount in (7, 6):
        month = {"month": date(2026, 1, 1), "amount": Decimal(amount), "note": "Late"}
        adjust_forecast(owner.workspace, by=owner, **month)
    rate = set_rate(owner.workspace, currency="USD", rate=Decimal("0.9"), by=owner)
    rows.rate = set_rate(owner.workspace, currency="USD", rate=Decimal("0.8"), day=rate.day, by=owner).pk
    spare = add_pipeline(owner.workspace, name="Spare", template="classic", by=owner)
    first, second, *_ = spare.stages.all()
    move_to_stage(make_deal(owner, first, "Elsewhere"), second, by=owner)
    delete_stage(first, by=owner)
    rows.pipelines, rows.stages = (
        ",".join(str(row.pk) for row in found)
        for found in (Pipeline.objects.all(), stages["New"].pipeline.stages.all())
    )
    fill_setup(rows, owner, stages)
    rows.spare_pipeline, rows.archived_stage, rows.first_stage = spare.pk, first.pk, stages["New"].pk


def fill_mail(rows: Rows, owner: Membership) -> None:
    """A reply that became a deal, one from a stranger, and somebody who wants no more mail."""
    box, rows.posted_mailbox, rows.gone_mailbox = mailboxes(rows, owner)
    lead = capture(
        owner.workspace, last_name="Reply", email=f"reply@{rows.slug}-lead.test", owner_id=owner.user_id, by=owner
    )
    message = read_as(Intent.INTERESTED, lead, owner, mailbox=box)
    automation.act(message)
    message.save()
    asked = read_as(Intent.UNSUBSCRIBE, None, owner)
    automation.act(asked)
    rows.handled = automation.handle(asked, by=owner).pk
    stray = read_as(Intent.INFO_REQUEST, None, owner, mailbox=box)
    Message.objects.filter(pk=stray.pk).update(state=Message.State.UNMATCHED, sender_email=f"stray@{rows.slug}.test")
    broken = read_as(Intent.UNCLEAR, None, owner)
    Message.objects.filter(pk=broken.pk).update(state=Message.State.FAILED)
    rows.broken = broken.pk
    Meeting.objects.create(workspace=owner.workspace, uid="abc", message=message)
    rows.mailbox, rows.message, rows.stray = box.pk, message.pk, stray.pk
    Message.objects.filter(pk=message.pk).update(raw=with_file())
    rows.effect = message.effects.get(kind="task").pk
    fill_outbox(rows, owner, lead)
    fill_campaign(rows, owner)


def fill_outbox(rows: Rows, owner: Membership, lead: Lead) -> None:
    """Mail of our own: one that can still be called back, and one that no server took."""
    facts = {"by": owner, "to": [f"reply@{rows.slug}-lead.test"], "about": lead}
    sent, given_up = (
        automation.send_mail(owner.workspace, subject_line=subject, body="Dear all", **facts) for subject in ("A", "B")
    )
    type(given_up).objects.filter(pk=given_up.pk).update(next_try_at=None, attempts=10, problem="refused")
    rows.mail, rows.unsent = sent.message_id, given_up.message_id
    for part in ("template", "archived_template"):
        template = automation.create_template(owner.workspace, name=part, subject="Hi", body="Dear {name}", by=owner)
        setattr(rows, part, template.pk)
        rows.versions[part] = template.version
    automation.archive_template(template, by=owner)
    kept, lifted = (
        automation.suppress_address(owner.workspace, f"{name}@{rows.slug}.test", by=owner)
        for name in ("kept", "lifted")
    )
    rows.suppressed = kept.pk
    salt = f"suppression-back/{owner.workspace_id}"
    rows.lifted = signing.dumps(automation.lift_suppression(lifted, by=owner), salt=salt)


def mailboxes(rows: Rows, owner: Membership) -> tuple[Mailbox, int, int]:
    """One that is fetched, one that a service posts to, and one that was deleted."""
    login = {"host": "imap.test", "username": rows.slug, "password": f"secret-{rows.slug}"}
    facts = {"by": owner, "owner_id": None, "address": f"sales@{rows.slug}.test"}
    box, _ = automation.add_mailbox(owner.workspace, name="Sales", login=login, **facts)
    posted, _ = automation.add_mailbox(owner.workspace, name="Posted", provider="mailgun", key="signs", **facts)
    InletEvent.objects.create(workspace=owner.workspace, inlet=posted.inlets.get(), event="told")
    gone, _ = automation.add_mailbox(owner.workspace, name="Gone", provider="postmark", **facts)
    automation.delete_mailbox(gone, by=owner)
    return box, posted.pk, gone.pk


def fill_campaign(rows: Rows, owner: Membership) -> None:
    """A campaign that runs: one who was sent a step, and one who was stopped."""
    workspace = owner.workspace
    campaign = automation.create_campaign(workspace, name="Sequence", by=owner)
    template = MailTemplate.objects.get(pk=rows.template)
    facts = {"by": owner, "template": template, "unit": "days"}
    step, second, gone = (automation.add_step(campaign, delay=days, **facts) for days in (0, 1, 2))
    automation.edit_step(step, delay=1, **facts)
    automation.remove_step(gone, by=owner)
    automation.start_campaign(campaign, by=owner)
    leads = [
        capture(workspace, last_name=part, email=f"{part}@{rows.slug}-lead.test", owner_id=owner.user_id, by=owner)
        for part in ("enrolled", "stopped")
    ]
    automation.add_members(campaign, leads, by=owner)
    enrolled, stopped = campaign.members.order_by("pk")
    automation.stop_member(stopped, by=owner)
    message = Message.objects.get(pk=rows.mail)
    StepMail.objects.create(workspace=workspace, member=stopped, step=gone, message=message)
    automation.set_pace(workspace, Mailbox.objects.get(pk=rows.mailbox), by=owner, per_hour=7, per_day=70)
    Pace.objects.update(per_hour=8)
    rows.sequence, rows.step, rows.gone_step = campaign.pk, step.pk, gone.pk
    rows.steps = f"{step.pk},{second.pk}"
    rows.enrolled, rows.stopped = enrolled.pk, stopped.pk


def fill_rules(rows: Rows, owner: Membership) -> None:
    """One that ran, one that was deleted; a run that failed."""
    task = rules.Step("task", text="Call {name}", type="call", who="owner")
    call = rules.Step("webhook", url="https://hooks.example/in", secret="secret-that-signs")
    said = rules.Said("deal_created", steps=[task, call])
    made = [rules.create_rule(owner.workspace, by=owner, name=name, said=said) for name in ("First", "Second", "Gone")]
    rules.delete_rule(made[2], by=owner)
    rules.switch_rule(made[0], by=owner, on=True)
    line = Activity.objects.filter(deal__isnull=False).order_by("pk").first()
    facts = {"workspace": owner.workspace, "rule": made[0], "version": made[0].versions.get(), "activity": line}
    failed = RuleRun.objects.create(**facts, deal=line.deal, state=RuleRun.State.FAILED, problem="It broke")
    step = failed.steps.create(workspace=owner.workspace, step=failed.version.steps.last(), said="Called it")
    given_up = {"state": WebhookCall.State.FAILED, "problem": "Away"}
    call = WebhookCall.objects.create(workspace=owner.workspace, run_step=step, key="call_1", body="{}", **given_up)
    rows.failed_call = call.pk
    rows.rule, rows.gone_rule, rows.failed_run = made[0].pk, made[2].pk, failed.pk
    rows.rules = f"{made[0].pk},{made[1].pk}"


def fill_deals(rows: Rows, owner: Membership, stages: dict[str, Stage], **facts: object) -> Rows:
    convert_lead(Lead.objects.get(pk=rows.converted_lead), by=owner, next_step="Call")
    if owner.may(Role.ADMIN):
        fill_rules(rows, owner)
    neighbour = make_deal(owner, stages["Qualified"], "Neighbour")
    rows.neighbour = neighbour.pk
    rows.tagged = make_deal(owner, stages["Qualified"], "Tagged").pk
    put_off = make_deal(owner, stages["Qualified"], "Put off")
    update_deal(put_off, by=owner, version=1, expected_close_date=date(2031, 2, 3))
    rows.change = put_off.changes.get().pk
    binned = make_deal(owner, stages["New"], "Binned")
    rows.binned = delete_deal(binned, by=owner).pk
    won = make_deal(owner, stages["Qualified"], "Won once", 500)
    why = CloseReason.objects.filter(workspace=owner.workspace, kind="won").values_list("label", flat=True)[0]
    move_to_stage(won, stages["Won"], by=owner, reason=why, note="Signed")
    deal = make_deal(owner, stages["New"], "Cold-chain monitoring", next_step="Call", **facts)
    deal = update_deal(deal, by=owner, version=1, competitor="Somebody")
    rows.item, rows.gone_item = (
        add_item(deal, name=name, unit_price=Decimal(500), by=owner).pk for name in ("Probe", "Cable")
    )
    remove_item(deal.items.get(pk=rows.gone_item), by=owner)
    add_item(deal, name="Spare", unit_price=Decimal(5), by=owner)  # two change places
    product = Product.objects.filter(name="Gateway").first() or create_product(
        owner.workspace, name="Gateway", unit_price=Decimal(80), by=None
    )
    rows.product = product.pk
    rows.link = add_contact(deal, facts["company"].contacts.get(), by=owner).pk
    gone = add_contact(deal, create_contact(owner.workspace, first_name="Gone", by=owner), by=owner)
    rows.gone_link = gone.pk
    remove_contact(gone, by=owner)
    DealContact.objects.update(role="champion")
    rows.note = add_note(deal, "What was said", by=owner).pk
    rows.deleted_note = delete_note(add_note(deal, "Not said", by=owner), by=owner).pk
    rows.call = log_call(deal, by=owner, outcome="connected", body="Called", minutes=4).pk
    rows.gone_call = delete_logged(log_call(deal, by=owner, body="Not called"), by=owner).pk
    rows.file = attach(deal, SimpleUploadedFile("offer.txt", b"An offer"), by=owner).pk
    binned_file = attach(deal, SimpleUploadedFile("old.txt", b"An old offer"), by=owner)
    rows.binned_file = remove_attachment(binned_file, by=owner).pk
    rows.task = plan_task(deal, "Send the offer", by=owner).pk
    meeting = plan_task(
        deal, "Demo", by=owner, type="meeting", due_at=timezone.now() + timedelta(days=9), place="Room 1"
    )
    rows.gathering = invite_people(meeting, people_of(deal), by=owner).pk
    Attendee.objects.update(answer="accepted")
    make_feed(owner)
    rows.done_task = complete_task(plan_task(deal, "Prepare", by=owner), by=owner).pk
    for subject in (facts["company"], facts["company"].contacts.get(), deal.lead):
        add_note(subject, "A note", by=owner)
        plan_task(subject, "A task", by=owner)
    deal, event = move_to_stage(deal, stages["Contacted"], by=owner)
    rows.deal, rows.event = deal.pk, event.pk
    tell(rows, owner, deal)
    change_and_tag(rows, owner)
    for name, model in VERSIONED.items():
        rows.versions[name] = model._base_manager.get(pk=getattr(rows, name)).version
    return rows


def change_and_tag(rows: Rows, owner: Membership) -> None:
    """A tag that is on two deals, put there by a change of both that can still be undone, and one that was edited by hand."""
    workspace = owner.workspace
    [pilot, gone] = find_or_create_tags(workspace, ["Pilot", "Gone"], by=owner)
    both = Deal.objects.filter(pk__in=[rows.tagged, rows.neighbour])
    facts = {"add": [pilot.pk, gone.pk], "remove": []}
    rows.tag, rows.bulk = pilot.pk, change_many(workspace, "tag", both, facts, by=owner, summary="Tagged").pk
    gone.delete()
    DealTag.objects.update(tag=pilot)
    edited = update_deal(
        make_deal(owner, Stage.objects.get(pk=rows.stage), "Edited"), by=owner, version=1, product="Ice"
    )
    rows.view = save_view(workspace, by=owner, name="Big", query="tab=open", shared=owner.may(Role.MANAGER)).pk
    rows.view_gone = delete_view(save_view(workspace, by=owner, name="Gone", query="tab=won"), by=owner).pk
    rows.edited, rows.versions["edited"] = edited.pk, edited.version


def tell(rows: Rows, owner: Membership, deal: Deal) -> None:
    """The owner has heard of their deal, though nobody else did anything."""
    notify(
        [owner.user_id], Notification.Kind.STAGE_CHANGED, subject=deal, key="told", data={"from": "New", "to": "Won"}
    )
    notify([owner.user_id], Notification.Kind.NOTE, subject=deal, key="read")
    Notification.objects.filter(key="read").update(read_at=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC))
    rows.notification = Notification.objects.get(recipient_id=owner.user_id, deal=deal, key="told").pk
    Notification.objects.filter(pk=rows.notification).update(
        mail=NotificationMail.objects.create(workspace=owner.workspace, recipient_id=owner.user_id, problem="refused")
    )
    Mention.objects.create(workspace=owner.workspace, note_id=rows.note, user_id=owner.user_id, text="Alice")
    Delivery.objects.create(workspace=owner.workspace, user_id=owner.user_id, choices={"note": "now"})
    Follow.objects.create(workspace=owner.workspace, deal=deal, user_id=owner.user_id, state=Follow.State.FOLLOWING)


def fill_setup(rows: Rows, owner: Membership, stages: dict[str, Stage]) -> None:
    """What admins set up besides stages; and a playbook that has run."""
    for title in ("Call", "Write"):
        rows.playbook_task = add_playbook_task(stages["Qualified"], title=title, by=owner).pk
    gone = add_playbook_task(stages["Qualified"], title="Gone", by=owner)
    delete_playbook_task(gone, by=owner)
    rows.archived_task = gone.pk
    won, *lost = CloseReason.objects.order_by("-kind", "position")
    lost = [reason for reason in (won, *lost) if reason.kind == "lost"]
    archive_reason(lost[-1], by=owner)
    rows.reason, rows.archived_reason = lost[0].pk, lost[-1].pk
    rows.reasons = ",".join(str(reason.pk) for reason in lost[:-1])
    rows.playbook = ",".join(str(task.pk) for task in PlaybookTask.objects.filter(stage=stages["Qualified"]))
    _, event = move_to_stage(make_deal(owner, stages["New"], "Played"), stages["Qualified"], by=owner)
    follow(event)


# --- canaries ---------------------------------------------------------------------------------------


def tenant_models() -> list[type[models.Model]]:
    """Every model whose rows belong to a workspace, without their audit tables."""
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def plant(world: World) -> None:
    """Twice: what the first round wrote is then in the audit tables too."""
    with all_workspaces():
        for workspace in 2 * (world.acme.workspace, world.rival.workspace):
            for model in tenant_models():
                for row in model._base_manager.filter(workspace_id=workspace):
                    mark(world, workspace, row)
            mark(world, workspace, Workspace.objects.get(pk=workspace))
    for workspace, rows in ((world.acme, ("owner", "rep")), (world.rival, ("foreign",))):
        for user in [world.users[name] for name in rows]:
            mark(world, workspace.workspace, user)
            EmailAddress.objects.filter(user=user).update(email=user.email)


def mark(world: World, workspace: int, row: models.Model) -> None:
    changes = {}
    for column in row._meta.concrete_fields:
        canary = f"zq{len(world.canaries):05x}x"
        value = marked(column, getattr(row, column.attname), canary)
        if value is not None:
            changes[column.attname] = value
            world.canaries[canary] = (workspace, f"{row._meta.label}.{column.name} of {row.pk}")
    type(row)._base_manager.filter(pk=row.pk).update(**changes)
    for name, value in changes.items():
        setattr(row, name, value)


def marked(column: models.Field, value: object, canary: str) -> object:
    """The value that carries the canary; None leaves the column alone."""
    if column.choices or column.name in UNTOUCHED:
        return None
    if isinstance(column, models.EmailField):
        return f"{canary}@canary.test"
    if isinstance(column, (models.CharField, models.TextField)):
        return canary if (column.max_length or 99) >= len(canary) else None
    if isinstance(column, models.JSONField) and isinstance(value, dict):
        # A line of a timeline says these of its change.
        return {**value, "canary": canary, "changes": {"name": [canary, canary]}, "from": canary, "to": canary}
    return None


def assert_full(world: World) -> None:
    with all_workspaces():
        for model in tenant_models():
            for rows in (world.acme, world.rival):
                assert model._base_manager.filter(workspace_id=rows.workspace).exists(), (
                    f"no {model._meta.label} in {rows.slug}: add one to tests/tenancy/world.py"
                )
    for rows in (world.acme, world.rival):
        empty = [part.name for part in fields(rows) if not getattr(rows, part.name)]
        assert not empty, f"{rows.slug} has no {', '.join(empty)}"


# --- what is in the tables --------------------------------------------------------------------------

TABLES = """
SELECT c.relname, EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'workspace_id')
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY 1
"""
# How many rows of each table this transaction has written so far, taken back or not.
WRITTEN = """
SELECT relname, pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_updated(oid)
  + pg_stat_get_xact_tuples_deleted(oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""
# Sessions change with every visit.
PASSING = {"django_session", "django_migrations"}


def fingerprint(only: Collection[str] | None = None) -> dict[tuple[str, str], str]:
    """{(table, workspace id): hash of all its rows}; tables of no workspace have the workspace "". Of all, or `only` these."""
    if only is not None and not only:
        return {}
    with all_workspaces(), connection.cursor() as cursor:
        tables = [(name, tenanted) for name, tenanted in cursor.execute(TABLES).fetchall() if name not in PASSING]
        wanted = [hash_of(*table) for table in tables if only is None or table[0] in only]
        hashes = cursor.execute(" UNION ALL ".join(wanted)).fetchall()
        return {(table, workspace): digest for table, workspace, digest in hashes}


class Trial:
    """What is done within it is taken back; then `before` and `after` hold the fingerprints of the tables it wrote to.

    PostgreSQL counts the rows written, so that the others need no look: most of what is tried here may write nothing.
    """

    def __enter__(self) -> Trial:
        self.counted = rows_written()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        if error == (None, None, None):
            self.touched = touched_since(self.counted)
            self.after = fingerprint(self.touched)
            transaction.set_rollback(True)
        self.savepoint.__exit__(*error)
        if error == (None, None, None):
            self.before = fingerprint(self.touched)

    def changes(self, workspaces: Sequence[int | str] = ()) -> list[str]:
        return list(differences(self.before, self.after, workspaces))


def rows_written() -> dict[str, int]:
    with connection.cursor() as cursor:
        return dict(cursor.execute(WRITTEN).fetchall())


def touched_since(counted: dict[str, int]) -> set[str]:
    """The tables that were written to since they were counted, and those that were made since."""
    return {table for table, count in rows_written().items() if counted.get(table) != count} - PASSING


def hash_of(table: str, tenanted: bool) -> str:
    owner = {"workspaces_workspace": "id::text", "workspaces_workspacehistory": "id::text"}.get(
        table, "workspace_id::text" if tenanted else "''"
    )
    return f"SELECT '{table}', {owner}, md5(string_agg(t::text, '|' ORDER BY t::text)) FROM \"{table}\" t GROUP BY 2"


def differences(before: dict, after: dict, workspaces: Sequence[int | str] = ()) -> Iterator[str]:
    """Names of the tables that changed; of these workspaces only, if any are given ("": tables of no workspace)."""
    wanted = {str(workspace) for workspace in workspaces}
    for table, workspace in sorted(before.keys() | after.keys()):
        key = (table, workspace)
        if (not wanted or workspace in wanted) and before.get(key) != after.get(key):
            yield f"{table} of workspace {workspace or '-'}"
