"""Many deals at once: what is to be done to them, the doing, and the page that says what became of each."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from activities.wording import in_words
from deals import actions
from deals.actions.many import tally
from deals.bulk_forms import FIELDS, BulkTagForm, BulkTaskForm, fact_for_many
from deals.filters import quick_days
from deals.forms import ClosingForm, reasons
from deals.models import BulkChange, Deal, DealChange, Kind, Pipeline, Stage, Verb
from deals.transitions import Missing
from deals.views.board import visible_deals
from deals.views.deal import LABELS, as_columns
from deals.views.listing import list_filter, tab_of
from workspaces.access import MemberRequest, member_required, visible_owners
from workspaces.action import Refused
from workspaces.dialogs import frame, is_script
from workspaces.formats import Formats
from workspaces.models import Role
from workspaces.numbers import parse_id

SURE = 50  # above it one is asked whether one is
NAMED = 100  # whose rows the answer names; of more the page is drawn anew


class Chosen:
    """Which deals: those that are ticked, or all that the list's filter finds."""

    def __init__(self, request: MemberRequest):
        data = request.POST
        self.is_all = bool(data.get("all"))
        self.ids = [] if self.is_all else [pk for text in data.getlist("ids") if (pk := parse_id(text))]
        found = visible_deals(request)
        self.deals: QuerySet[Deal] = (
            list_filter(request, tab_of(request)).qs if self.is_all else found.filter(pk__in=self.ids)
        )
        self.count = self.deals.order_by().count()

    def said(self) -> str:
        return f"{self.count} deal{'s' * (self.count != 1)}"


@member_required(methods=("POST",))
def deal_bulk(request: MemberRequest, verb: str) -> HttpResponse:
    """Without `go` the form that the verb needs, with it the doing. The list's own query stands in the address."""
    if verb not in Verb.values:
        raise Http404("No such verb")
    chosen = Chosen(request)
    if not chosen.count:
        raise Refused("None of these deals is there any more.")
    return SHOW[verb](request, chosen)


@member_required(methods=("POST",))
def deal_bulk_export(request: MemberRequest) -> HttpResponse:
    """On to the form for a file of the deals that are ticked, or of all that the filter finds."""
    chosen, query = Chosen(request), request.GET.copy()
    if not chosen.count:
        raise Refused("None of these deals is there any more.")
    if not chosen.is_all:
        query["ids"] = ",".join(str(pk) for pk in chosen.deals.values_list("pk", flat=True))
    return HttpResponseRedirect(f"{reverse('export_new', args=['deal'])}?{query.urlencode()}")


def form_page(
    request: MemberRequest, name: str, chosen: Chosen, *, status: int = 200, **context: object
) -> HttpResponse:
    context |= {"chosen": chosen, "frame": frame(request, "popover"), "action": request.get_full_path()}
    return render(request, f"deals/bulk/{name}.html", context, status=status)


def do(request: MemberRequest, chosen: Chosen, verb: str, facts: dict, summary: str) -> HttpResponse:
    """Above SURE, once more with the number confirmed."""
    if chosen.count > SURE and request.POST.get("sure") != str(chosen.count):
        left_out = ("csrfmiddlewaretoken", "sure")
        sent = [(name, value) for name, values in request.POST.lists() if name not in left_out for value in values]
        return form_page(request, "sure", chosen, sent=sent, summary=summary, status=422)
    bulk = actions.change_many(
        request.workspace, verb, chosen.deals, facts, by=request.member, summary=summary, expected=chosen.count
    )
    return answer(request, bulk)


def answer(request: MemberRequest, bulk: BulkChange) -> HttpResponse:
    """A toast with its undo, and which rows to draw again; a plain form goes to the page of the change."""
    if not is_script(request):
        return HttpResponseRedirect(bulk.get_absolute_url())
    done = bulk.items.exclude(state__in=("same", "refused"))
    ids = list(done.values_list("deal_id", flat=True)[: NAMED + 1])
    context = {"bulk": bulk, "ids": ids if len(ids) <= NAMED else [], "told": what_became(bulk), "why": why_not(bulk)}
    return render(request, "deals/bulk/done.html", context)


def what_became(bulk: BulkChange) -> str:
    """What became of them: 37 done, 2 refused."""
    words = {
        "waiting": "to do", "done": "done", "same": "were so already", "refused": "refused", "undone": "undone", "kept": "not undone",
    }  # fmt: skip
    found = tally(bulk)
    return ", ".join(f"{found[state]} {word}" for state, word in words.items() if state in found)


def why_not(bulk: BulkChange) -> str:
    """Why the first of those was refused, or not undone, that were."""
    state = DealChange.State.REFUSED if bulk.undone_at is None else DealChange.State.KEPT
    return bulk.items.filter(state=state).order_by("pk").values_list("reason", flat=True).first() or ""


# --- verbs --------------------------------------------------------------------------------------------


def show_move(request: MemberRequest, chosen: Chosen) -> HttpResponse:
    pipelines = Pipeline.objects.filter(workspace=request.workspace).prefetch_related("stages")
    if "stage" not in request.POST:
        return form_page(request, "move", chosen, pipelines=pipelines)
    pk = parse_id(request.POST["stage"])
    stage = get_object_or_404(Stage, workspace=request.workspace, pk=pk)
    form = ClosingForm(request.POST)
    if not form.is_valid() or stage.kind != Kind.OPEN and is_missing(form, stage, request):
        return form_page(request, "close", chosen, stage=stage, form=form, reasons=reasons(request.workspace, stage.kind), status=422)  # fmt: skip
    return do(request, chosen, Verb.MOVE, {"stage": stage.pk} | form.cleaned_data, f"Moved to {stage.name}")


def is_missing(form: ClosingForm, stage: Stage, request: MemberRequest) -> bool:
    """Whether more is to be said, before any of them is closed; asked for the first time, nothing is wrong yet."""
    try:
        actions.check_said(stage, **form.cleaned_data)
    except Missing as missing:
        for field, message in missing.fields.items():
            if "reason" in request.POST:
                form.add_error(field, message)
        return True
    return False


def show_edit(request: MemberRequest, chosen: Chosen) -> HttpResponse:
    field = request.POST.get("field", "")
    if field not in FIELDS:
        return form_page(request, "fields", chosen, fields=[(name, label(name)) for name in FIELDS])
    form = fact_for_many(field, request.workspace, request.POST if "go" in request.POST else None, Formats.of(request))
    context = {"field": field, "label": label(field), "form": form, "days": quick_days(Formats.of(request).today)}
    if "go" not in request.POST or not form.is_valid():
        return form_page(request, "edit", chosen, status=422 if form.is_bound else 200, **context)
    facts = as_columns(request, {field: form.cleaned_data["value"]})
    if note := form.cleaned_data.get("note"):
        facts["close_note"] = note
    kept = {
        name: value if value is None or isinstance(value, (int, str)) else str(value) for name, value in facts.items()
    }
    column, value = next(iter(facts.items()))
    said = in_words(Deal, column, actions.said(column, value), Formats.of(request), request.workspace.currency)
    summary = f"{label(field)}: {said or 'empty'}"
    return do(request, chosen, Verb.EDIT, {"set": kept, "hand_over": bool(form.cleaned_data.get("hand_over"))}, summary)


def label(field: str) -> str:
    return LABELS.get(field, field.replace("_", " ").capitalize())


def show_task(request: MemberRequest, chosen: Chosen) -> HttpResponse:
    form = BulkTaskForm(request.POST if "go" in request.POST else None, formats=Formats.of(request))
    if not form.is_valid():
        return form_page(request, "task", chosen, form=form, status=422 if form.is_bound else 200)
    data = form.cleaned_data
    facts = {"title": data["title"], "type": data["type"], "due_on": data["due_on"] and data["due_on"].isoformat()}
    return do(request, chosen, Verb.TASK, facts, f"Next step: {data['title']}")


def show_tag(request: MemberRequest, chosen: Chosen) -> HttpResponse:
    form = BulkTagForm(request.POST if "go" in request.POST else None, workspace=request.workspace)
    if not form.is_valid():
        return form_page(request, "tag", chosen, form=form, status=422 if form.is_bound else 200)
    data = form.cleaned_data
    new = actions.find_or_create_tags(request.workspace, data["new"].split(","), by=request.member)
    added, removed = [*data["add"], *new], list(data["remove"])
    facts = {"add": [tag.pk for tag in added], "remove": [tag.pk for tag in removed]}
    said = [*(f"+ {tag}" for tag in added), *(f"− {tag}" for tag in removed)]
    return do(request, chosen, Verb.TAG, facts, f"Tags: {', '.join(said)}")


def show_delete(request: MemberRequest, chosen: Chosen) -> HttpResponse:
    return do(request, chosen, Verb.DELETE, {}, "Deleted")


SHOW = {
    Verb.MOVE.value: show_move,
    Verb.EDIT.value: show_edit,
    Verb.TASK.value: show_task,
    Verb.TAG.value: show_tag,
    Verb.DELETE.value: show_delete,
}


# --- what became of it ----------------------------------------------------------------------------------


def visible_bulks(request: MemberRequest) -> QuerySet[BulkChange]:
    """One's own; managers see those of all whose deals they see."""
    found = BulkChange.objects.filter(workspace=request.workspace).select_related("by", "undone_by").order_by("-at")
    if not request.member.may(Role.MANAGER):
        return found.filter(by_id=request.member.user_id)
    owners = visible_owners(request.member)
    return found if owners is None else found.filter(by_id__in=owners)


@member_required()
def bulk_list(request: MemberRequest) -> HttpResponse:
    return render(request, "deals/bulk/list.html", {"bulks": visible_bulks(request)[:NAMED]})


@member_required()
def bulk_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """Each deal of the change that the reader may see, with its state and why; one `state` of them, or all."""
    bulk = get_object_or_404(visible_bulks(request), pk=pk)
    items = bulk.items.select_related("deal")
    if (owners := visible_owners(request.member)) is not None:
        items = items.filter(deal__owner_id__in=owners)
    state = request.GET.get("state", "")
    if state in DealChange.State.values:
        items = items.filter(state=state)
    after = parse_id(request.GET.get("after", "")) or 0
    shown = list(items.filter(Q(pk__gt=after)).order_by("pk")[: NAMED + 1])
    found = tally(bulk)
    context = {
        "bulk": bulk,
        "state": state,
        "states": [(key, label, found[key]) for key, label in DealChange.State.choices if key in found],
        "finished": bulk.count - found.get("waiting", 0)
        if bulk.state == "running"
        else bulk.count - found.get("done", 0),
        "items": shown[:NAMED],
        "next": shown[NAMED - 1].pk if len(shown) > NAMED else "",
        "may_undo": bulk.state == BulkChange.State.DONE and "done" in found and request.member.may(Role.REP),
    }
    return render(request, "deals/bulk/detail.html", context)


@member_required(methods=("POST",))
def bulk_undo(request: MemberRequest, pk: int) -> HttpResponse:
    bulk = get_object_or_404(visible_bulks(request), pk=pk)
    bulk = actions.undo_many(bulk, by=request.member)
    if is_script(request) and "board" not in request.POST and request.POST.get("page") != "bulk":
        return answer(request, bulk)
    why = why_not(bulk)
    say = messages.error if why else messages.success
    say(request, f"{bulk.summary}: {what_became(bulk)}. {why}".strip())
    return HttpResponseRedirect(bulk.get_absolute_url())


@member_required(methods=("POST",))
def deal_change_undo(request: MemberRequest, pk: int, version: int) -> HttpResponse:
    """Take back the change that made this version of a deal."""
    change = get_object_or_404(DealChange, workspace=request.workspace, deal_id=pk, version=version)
    if change.by_id != request.member.user_id:
        get_object_or_404(visible_deals(request, "all_objects"), pk=pk)
    deal = actions.undo_change(change, by=request.member)
    if is_script(request):
        return render(request, "deals/changed.html", {"deal": deal, "undone": True})
    messages.success(request, f"{deal.name} is as it was before.")
    return HttpResponseRedirect(deal.get_absolute_url())
