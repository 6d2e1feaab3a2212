"""The board, and what is done on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.contrib import messages
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from activities.composing import usual_step
from activities.following import followed
from deals import actions
from deals.board import Board
from deals.duplicates import like_deal
from deals.forms import DealForm, MoveForm, VersionForm, reasons
from deals.links import way_back
from deals.models import Deal, Kind, Pipeline, Stage, StageEvent
from deals.transitions import Missing
from leads.actions import find_or_create_company
from workspaces.access import MemberRequest, member_required, visible_owners
from workspaces.action import Refused
from workspaces.custom.forms import take_values
from workspaces.dialogs import dialog, done, form_refused, frame, is_script, warned
from workspaces.filtering import filter_panel
from workspaces.formats import Formats
from workspaces.numbers import parse_id
from workspaces.pages import render_page

MANY = 100  # cards that one answer names


def visible_deals(request: MemberRequest, manager: str = "objects"):
    """The deals of the workspace that the member may see: fetch and permission in one."""
    return getattr(Deal, manager).filter(workspace=request.workspace).owned_by(visible_owners(request.member))


def pipeline_parameter(request: MemberRequest) -> int | None:
    text = request.GET.get("pipeline", "")
    pipeline = parse_id(text)
    if text and pipeline is None:
        raise Http404("No such pipeline")
    return pipeline


@member_required()
def deal_board(request: MemberRequest) -> HttpResponse:
    board = Board(request, pipeline_parameter(request))
    if query := board.filter.plain():
        return HttpResponseRedirect(f"?{query}")
    context = {"board": board, "lanes": board.lanes(), "total": board.said(), "event": undoable(request)}
    return render_page(request, "deals/deal_board.html", context)


def undoable(request: MemberRequest) -> StageEvent | None:
    """After a move without JavaScript the page comes again and offers its undo."""
    pk = parse_id(request.GET.get("undo", ""))
    if pk is None:
        return None
    event = StageEvent.objects.filter(workspace=request.workspace, pk=pk).select_related("deal", "to_stage").first()
    return event if event and visible_deals(request).filter(pk=event.deal_id, version=event.version).exists() else None


@member_required()
def deal_lane(request: MemberRequest, pk: int) -> HttpResponse:
    """One more page of a column."""
    stage = get_object_or_404(Stage, workspace=request.workspace, pk=pk)
    board = Board(request, stage.pipeline_id)
    lane = board.page(stage, request.GET.get("after", ""))
    return render(request, "deals/deal_board.html#cards", {"board": board, "lane": lane})


@member_required()
def deal_filter(request: MemberRequest, name: str) -> HttpResponse:
    """One filter's choices, in a popover or (without JavaScript) on a page."""
    board = Board(request, pipeline_parameter(request))
    board.filter.queryset = board.filter.queryset.open().filter(pipeline=board.pipeline)
    return filter_panel(request, board.filter, name, reverse("deal_board"))


@member_required()
def deal_changes(request: MemberRequest) -> HttpResponse:
    """The cards of `ids`, or of all deals changed since a moment, as they stand now, and the heads: what a page asks
    for when the event stream names them or has just been opened."""
    ids = [pk for text in request.GET.get("ids", "").split(",")[:MANY] if (pk := parse_id(text))]
    if "since" in request.GET:
        ids = changed_since(request, request.GET["since"])
        if len(ids) > MANY:
            return HttpResponse(status=205)  # too many to name: the page is loaded anew
    response = changes(request, Board(request, pipeline_parameter(request)), ids)
    response["X-About"] = ",".join(map(str, ids))
    return response


def changed_since(request: MemberRequest, horizon: str) -> list[int]:
    """Ids of deals written by the transaction `horizon` (see board.HORIZON) or a later one."""
    if parse_id(horizon) is None:
        raise Http404("No such moment")
    # age() counts transactions back from now. The time only bounds the search: no page is open that long unconnected.
    late = RawSQL("age(deals_deal.xmin) <= age(%s::text::xid8::xid)", [horizon], output_field=BooleanField())
    lately = timezone.now() - timedelta(hours=1)
    found = visible_deals(request, "all_objects").filter(late, updated_at__gte=lately)
    return list(found.values_list("pk", flat=True)[: MANY + 1])


def changes(
    request: MemberRequest,
    board: Board,
    ids: list[int],
    *,
    stages: Sequence[Stage] = (),
    status: int = 200,
    **context: object,
) -> HttpResponse:
    """Cards, heads (of all columns, if not of some `stages`) and a toast; static/js/cards.js puts each where it belongs."""
    context |= {
        "board": board,
        "changed": board.cards(ids) if ids else [],
        "lanes": board.heads(stages or board.stages),
        "total": board.said(),
    }
    return render(request, "deals/deal_board.html#changes", context, status=status)


@member_required(methods=("GET", "POST"))
def deal_move(request: MemberRequest, pk: int) -> HttpResponse:
    """GET: the menu of stages. POST: the move, by drop, key or menu."""
    deal = get_object_or_404(visible_deals(request).annotate(followed=followed(request.member)), pk=pk)
    if request.method == "GET":
        context = {
            "deal": deal,
            "stages": deal.pipeline.stages.all(),
            "elsewhere": elsewhere(deal),
            "step": usual_step(Formats.of(request).today),
            "frame": frame(request, "popover"),
        }
        return render(request, "deals/deal_move.html", context)
    form = MoveForm(request.POST)
    if not form.is_valid():
        return refused(
            request, deal, Refused("; ".join(message for errors in form.errors.values() for message in errors))
        )
    data = form.cleaned_data.copy()
    try:
        moved, event = actions.move_to_stage(deal, Stage(pk=data.pop("stage")), by=request.member, **data)
    except Missing as missing:
        return ask_why(request, deal, form, missing)
    except Refused as refusal:
        return refused(request, deal, refusal)
    if is_script(request):
        stages = [event.from_stage, event.to_stage] if event else [moved.stage]
        return changes(request, Board(request, moved.pipeline_id), [moved.pk], stages=stages, deal=moved, event=event)
    return HttpResponseRedirect(
        reverse("deal_board") + f"?pipeline={moved.pipeline_id}" + (f"&undo={event.pk}" if event else "")
    )


def elsewhere(deal: Deal) -> list[tuple[Pipeline, list[Stage]]]:
    """Open stages of the other pipelines, for the menu of an open deal."""
    if deal.status != Kind.OPEN:
        return []
    others = (
        Pipeline.objects.filter(workspace_id=deal.workspace_id).exclude(pk=deal.pipeline_id).prefetch_related("stages")
    )
    return [(pipeline, [stage for stage in pipeline.stages.all() if stage.is_open]) for pipeline in others]


def ask_why(request: MemberRequest, deal: Deal, form: MoveForm, missing: Missing) -> HttpResponse:
    """The drop dialog; at its first showing nothing was typed yet, so nothing is wrong yet."""
    if "asked" in request.POST:
        for field, message in missing.fields.items():
            form.add_error(field, message)
    stage = get_object_or_404(Stage, workspace=request.workspace, pk=form.cleaned_data["stage"])
    context = {
        "deal": deal,
        "form": form,
        "stage": stage,
        "reasons": reasons(request.workspace, stage.kind),
        "frame": frame(request),
    }
    return render(request, "deals/deal_close.html", context, status=422)


def refused(request: MemberRequest, deal: Deal, refusal: Refused) -> HttpResponse:
    """The true card, the heads, and why: the page puts the card back."""
    if not is_script(request):
        raise refusal
    return changes(
        request, Board(request, deal.pipeline_id), [deal.pk], status=refusal.status, refusal=refusal, deal=deal
    )


@member_required(methods=("POST",))
def deal_undo(request: MemberRequest, pk: int) -> HttpResponse:
    event = get_object_or_404(StageEvent, workspace=request.workspace, pk=pk)
    deal = get_object_or_404(visible_deals(request), pk=event.deal_id)
    try:
        deal = actions.undo_stage_change(event, by=request.member)
    except Refused as refusal:
        return refused(request, deal, refusal)
    if is_script(request):
        return changes(request, Board(request, deal.pipeline_id), [deal.pk], deal=deal, undone=True)
    messages.success(request, f"{deal.name} is back in {deal.stage.name}.")
    return HttpResponseRedirect(reverse("deal_board") + f"?pipeline={deal.pipeline_id}")


@member_required(methods=("GET", "POST"))
def deal_new(request: MemberRequest) -> HttpResponse:
    initial = {"stage": request.GET.get("stage"), "owner": request.member.user_id, "name": request.GET.get("name", "")}
    form = DealForm(request.POST or None, workspace=request.workspace, formats=Formats.of(request), initial=initial)
    if request.method == "GET" or not form.is_valid():
        return dialog(request, "deals/deal_new.html", form)
    data = form.cleaned_data
    data["custom"] = take_values(data, form.asked)
    if warning := warned(request, "deals/deal_new.html", form, like_deal(request.member, data)):
        return warning
    try:
        company = find_or_create_company(request.workspace, data.pop("company_name"), by=request.member)
        owner = data.pop("owner") or request.member
        deal = actions.create_deal(
            request.workspace, by=request.member, company=company, owner_id=owner.user_id, **data
        )
    except Refused as refusal:
        return form_refused(request, "deals/deal_new.html", form, refusal)
    if is_script(request) and "board" in request.POST:
        return changes(request, Board(request, deal.pipeline_id), [deal.pk], deal=deal, created=True)
    return done(request, deal.get_absolute_url())


@member_required(methods=("POST",))
def deal_delete(request: MemberRequest, pk: int) -> HttpResponse:
    deal = get_object_or_404(visible_deals(request), pk=pk)
    form = VersionForm(request.POST if "version" in request.POST else request.GET)
    if not form.is_valid():
        return refused(request, deal, Refused("Reload the page and try again."))
    try:
        actions.delete_deal(deal, by=request.member, version=form.cleaned_data["version"])
    except Refused as refusal:
        return refused(request, deal, refusal)
    if is_script(request) and "board" in request.POST:
        return changes(request, Board(request, deal.pipeline_id), [], deal=deal, deleted=True)
    if is_script(request) and "list" in request.POST:
        return render(request, "deals/changed.html", {"deal": deal, "deleted": True})
    messages.success(
        request,
        f"{deal.name} is in the bin. It can be restored for 30 days.",
        extra_tags=reverse("deal_restore", args=[deal.pk]),
    )
    # A copy that is taken back leads to what it was a copy of.
    other = visible_deals(request).filter(pk=parse_id(request.GET.get("copied", ""))).first()
    return done(request, other.get_absolute_url() if other else way_back(request, deal))


@member_required(methods=("POST",))
def deal_restore(request: MemberRequest, pk: int) -> HttpResponse:
    deal = get_object_or_404(visible_deals(request, "all_objects"), pk=pk)
    deal = actions.restore_deal(deal, by=request.member)
    if is_script(request) and "board" in request.POST:
        return changes(request, Board(request, deal.pipeline_id), [deal.pk], deal=deal, undone=True)
    if is_script(request) and "list" in request.POST:
        return render(request, "deals/changed.html", {"deal": deal, "undone": True})
    messages.success(request, f"{deal.name} is back.")
    return done(request, deal.get_absolute_url())
