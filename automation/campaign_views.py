"""Campaigns: what they send, to whom, and how far each has got. Of the members each sees whose leads they see."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from automation import actions
from automation.actions.campaigns import figures, steps_of, without_mail
from automation.actions.matching import lead_id_of
from automation.actions.sending import mailbox_for
from automation.forms import AddMembersForm, CampaignForm, PaceForm, StepForm
from automation.models import CampaignStep, Mailbox, Pace
from automation.models.sequence import PER_DAY, PER_HOUR
from deals.views.ordering import reordered
from leads.actions import named_contact
from leads.models import Campaign, CampaignMember, Contact, Lead
from workspaces.access import MemberRequest, member_required, visible_owners
from workspaces.action import Refused
from workspaces.dialogs import done, saved
from workspaces.models import Role
from workspaces.numbers import parse_id

FORM = ("GET", "POST")
PAGE = 50
TONES = {"queued": "grey", "sent": "blue", "replied": "green", "bounced": "red", "unsubscribed": "amber"}


def members_of(request: MemberRequest, **of: object) -> QuerySet[CampaignMember]:
    owners = visible_owners(request.member)
    found = CampaignMember.objects.filter(workspace=request.workspace, **of)
    return found if owners is None else found.filter(lead__owner_id__in=owners)


def get_campaign(request: MemberRequest, pk: int) -> Campaign:
    return get_object_or_404(Campaign.objects.select_related("workspace"), workspace=request.workspace, pk=pk)


def get_step(request: MemberRequest, pk: int) -> CampaignStep:
    steps = CampaignStep.objects.select_related("campaign__workspace", "template")
    return get_object_or_404(steps, workspace=request.workspace, pk=pk)


def page_of(pk: int) -> str:
    return reverse("campaign_detail", args=[pk])


@member_required()
def campaign_list(request: MemberRequest) -> HttpResponse:
    campaigns = list(Campaign.objects.filter(workspace=request.workspace).order_by("status", "name")[:200])
    counted = members_of(request, campaign__in=campaigns).order_by().values_list("campaign_id", "state")
    numbers: dict[int, dict[str, int]] = {}
    for campaign_id, state, count in counted.annotate(count=Count("pk")):
        of = numbers.setdefault(campaign_id, {"all": 0})
        of[state], of["all"] = count, of["all"] + count
    rows = [(campaign, numbers.get(campaign.pk, {})) for campaign in campaigns]
    return render(request, "automation/campaign_list.html", {"rows": rows})


@member_required(Role.MANAGER, methods=FORM)
def campaign_new(request: MemberRequest) -> HttpResponse:
    return saved(
        request,
        "automation/campaign_new.html",
        CampaignForm(request.POST or None),
        lambda facts: actions.create_campaign(request.workspace, by=request.member, **facts),
        lambda campaign: page_of(campaign.pk),
    )


@member_required()
def campaign_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """?after is the last member of the page before."""
    campaign = get_campaign(request, pk)
    members = members_of(request, campaign=campaign)
    rows = members.select_related("lead__company", "lead__owner").prefetch_related("enrolments", "step_mails")
    rows = list(rows.filter(pk__gt=parse_id(request.GET.get("after", "")) or 0).order_by("pk")[: PAGE + 1])
    box = mailbox_for(request.workspace, request.member.user_id)
    context = {
        "campaign": campaign,
        "steps": list(steps_of(campaign)),
        "figures": figures(members),
        "rows": [(row, next(iter(row.enrolments.all()), None), TONES.get(row.state, "grey")) for row in rows[:PAGE]],
        "silent": without_mail([row.lead_id for row in rows[:PAGE]]),
        "next": rows[PAGE - 1].pk if len(rows) > PAGE else "",
        "mailbox": box,
        "pace": Pace.objects.filter(workspace=request.workspace, mailbox=box).first(),
        "usual": (PER_HOUR, PER_DAY),
    }
    return render(request, "automation/campaign_detail.html", context)


@member_required(Role.MANAGER, methods=("POST",))
def campaign_start(request: MemberRequest, pk: int) -> HttpResponse:
    campaign = actions.start_campaign(get_campaign(request, pk), by=request.member)
    return said(request, campaign.pk, f"{campaign} is running", "campaign_pause", pk)


@member_required(Role.MANAGER, methods=("POST",))
def campaign_pause(request: MemberRequest, pk: int) -> HttpResponse:
    campaign = actions.pause_campaign(get_campaign(request, pk), by=request.member)
    return said(request, campaign.pk, f"{campaign} is paused: nothing is sent", "campaign_start", pk)


def said(request: MemberRequest, campaign_id: int, text: str, undo: str = "", pk: int = 0) -> HttpResponse:
    messages.success(request, text, extra_tags=reverse(undo, args=[pk]) if undo else "")
    return done(request, page_of(campaign_id))


# --- steps ------------------------------------------------------------------------------------------------


@member_required(Role.MANAGER, methods=FORM)
def step_new(request: MemberRequest, pk: int) -> HttpResponse:
    campaign = get_campaign(request, pk)
    return saved(
        request,
        "automation/campaign_step.html",
        StepForm(request.POST or None, workspace=request.workspace),
        lambda facts: actions.add_step(campaign, by=request.member, **facts),
        page_of(pk),
        campaign=campaign,
    )


@member_required(Role.MANAGER, methods=FORM)
def step_edit(request: MemberRequest, pk: int) -> HttpResponse:
    step = get_step(request, pk)
    return saved(
        request,
        "automation/campaign_step.html",
        StepForm(request.POST or None, workspace=request.workspace, step=step),
        lambda facts: actions.edit_step(step, by=request.member, **facts),
        page_of(step.campaign_id),
        campaign=step.campaign,
        step=step,
    )


@member_required(Role.MANAGER, methods=("POST",))
def step_order(request: MemberRequest, pk: int) -> HttpResponse:
    def act(order: Sequence[int], seen: Sequence[int]) -> None:
        actions.reorder_steps(campaign, order, seen=seen, by=request.member)

    campaign = get_campaign(request, pk)
    return reordered(request, act, page_of(pk))


@member_required(Role.MANAGER, methods=("POST",))
def step_remove(request: MemberRequest, pk: int) -> HttpResponse:
    step = actions.remove_step(get_step(request, pk), by=request.member)
    return said(request, step.campaign_id, f"“{step.template}” is sent no more", "step_restore", pk)


@member_required(Role.MANAGER, methods=("POST",))
def step_restore(request: MemberRequest, pk: int) -> HttpResponse:
    step = actions.restore_step(get_step(request, pk), by=request.member)
    return said(request, step.campaign_id, f"“{step.template}” is sent again")


# --- members ----------------------------------------------------------------------------------------------


@member_required(Role.MANAGER, methods=FORM)
def campaign_add(request: MemberRequest, pk: int) -> HttpResponse:
    """The leads of a segment, or those that this campaign is named for, as far as the member sees them."""
    campaign = get_campaign(request, pk)

    def save(facts: dict) -> Campaign:
        leads = Lead.objects.filter(workspace=request.workspace).owned_by(visible_owners(request.member))
        if facts["contact"]:
            chosen = leads_of(leads, named_contact(request.workspace, facts["contact"]))
        elif facts["segment"]:
            chosen = leads.filter(segments__segment=facts["segment"])
        else:
            chosen = leads.filter(campaign=campaign)
        new = actions.add_members(campaign, chosen.order_by("pk")[:5001], by=request.member)
        silent = len(without_mail(new))
        but = f", {silent} of them get{'s' if silent == 1 else ''} no mail" if silent else ""
        messages.success(request, f"{len(new)} lead{'' if len(new) == 1 else 's'} added{but}.")
        return campaign

    form = AddMembersForm(request.POST or None, workspace=request.workspace)
    return saved(request, "automation/campaign_add.html", form, save, page_of(pk), campaign=campaign)


def leads_of(leads: QuerySet[Lead], contact: Contact) -> QuerySet[Lead]:
    """The lead that the person is now."""
    found = leads.filter(pk=lead_id_of(contact) or 0)
    if not found.exists():
        say = f"{contact} is no lead of those that you see."
        raise Refused(say, fields={"contact": say})
    return found


@member_required(methods=("POST",))
def member_stop(request: MemberRequest, pk: int) -> HttpResponse:
    member = get_object_or_404(members_of(request).select_related("lead"), pk=pk)
    actions.stop_member(member, by=request.member)
    return said(request, member.campaign_id, f"Nothing more is sent to {member.lead}", "member_resume", pk)


@member_required(methods=("POST",))
def member_resume(request: MemberRequest, pk: int) -> HttpResponse:
    member = get_object_or_404(members_of(request).select_related("lead", "workspace"), pk=pk)
    actions.resume_member(member, by=request.member)
    return said(request, member.campaign_id, f"{member.lead} gets what is next", "member_stop", pk)


@member_required(Role.MANAGER, methods=FORM)
def pace_edit(request: MemberRequest) -> HttpResponse:
    """How many mails an hour and a day: of ?mailbox, else of what goes out by the address of this site."""
    asked = parse_id(request.GET.get("mailbox", ""))
    box = get_object_or_404(Mailbox, workspace=request.workspace, pk=asked) if asked else None
    pace = Pace.objects.filter(workspace=request.workspace, mailbox=box).first() or Pace()
    form = PaceForm(request.POST or None, initial={"per_hour": pace.per_hour, "per_day": pace.per_day})
    return saved(
        request,
        "automation/pace.html",
        form,
        lambda facts: actions.set_pace(request.workspace, box, by=request.member, **facts),
        reverse("campaign_list"),
        mailbox=box,
    )
