"""Settings of admins: rules, what they would have done, and what they did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django import forms
from django.contrib import messages
from django.db.models import Count, Max, Prefetch, Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from automation.models import Rule, RuleRun, RuleVersion, RunStep, WebhookCall
from automation.placeholders import FIELDS
from automation.rule_forms import Editor, Lists
from automation.rules import calling, conditions, editing, events, running, trying, words
from automation.rules.editing import Said
from automation.rules.starters import STARTERS
from deals.views.ordering import reordered
from workspaces.access import MemberRequest, member_required
from workspaces.action import Refused
from workspaces.cursors import cursor, older_than
from workspaces.dialogs import dialog, done
from workspaces.formats import Formats
from workspaces.models import Role
from workspaces.numbers import parse_id

FORM = ("GET", "POST")
EDIT = "automation/rule_edit.html"
PAGE = 50
DAYS = timedelta(days=30)
TONES = {"done": "green", "failed": "red", "stopped": "amber", "waiting": "blue"}


def get_rule(request: MemberRequest, pk: int) -> Rule:
    rules = Rule.objects.live().select_related("workspace")
    return get_object_or_404(rules, workspace=request.workspace, pk=pk)


@member_required(Role.ADMIN)
def rule_list(request: MemberRequest) -> HttpResponse:
    current = RuleVersion.objects.filter(is_current=True).prefetch_related("steps")
    rules = Rule.objects.live().filter(workspace=request.workspace)
    rules = list(rules.prefetch_related(Prefetch("versions", current, to_attr="now")))
    lately = RuleRun.objects.filter(workspace=request.workspace, rule__in=rules, at__gt=timezone.now() - DAYS)
    counted = lately.order_by().values("rule_id").annotate(
        runs=Count("pk"), last=Max("at"), failed=Count("pk", filter=Q(state="failed")), stopped=Count("pk", filter=Q(state="stopped"))
    )  # fmt: skip
    numbers = {each["rule_id"]: each for each in counted}
    names = Lists(request.workspace).stage_names
    rows = [
        {"rule": rule, "when": events.in_words(said.event, said.of, names), "steps": said.steps.all(), "is_narrowed": said.query, "figures": numbers.get(rule.pk, {})}
        for rule in rules
        for said in rule.now
    ]  # fmt: skip
    context = {"rows": rows, "starters": STARTERS, "seen": ",".join(str(rule.pk) for rule in rules)}
    return render(request, "automation/rule_list.html", context)


@member_required(Role.ADMIN, methods=FORM)
def rule_new(request: MemberRequest) -> HttpResponse:
    """?from names a ready-made one."""
    starter = STARTERS.get(request.GET.get("from", ""))
    blank = Said("deal_created", steps=[editing.Step("task", type="todo")])
    return edited(request, None, starter.said if starter else blank, starter.name if starter else "")


@member_required(Role.ADMIN, methods=FORM)
def rule_edit(request: MemberRequest, pk: int) -> HttpResponse:
    rule = get_rule(request, pk)
    return edited(request, rule, editing.said_of(editing.current(rule)), rule.name)


def edited(request: MemberRequest, rule: Rule | None, said: Said, name: str) -> HttpResponse:
    formats = Formats.of(request)
    if request.method != "POST":
        return editor_page(
            request, rule, Editor(request.workspace, formats, said, name, rule.version if rule else None)
        )
    editor, what = Editor.sent(request.workspace, formats, request.POST), request.POST.get("do", "")
    if what:
        editor.do(what, request.POST)
        return editor_page(request, rule, editor)
    if (wanted := editor.said()) is None:
        return editor_page(request, rule, editor, 422)
    facts = {"by": request.member, "name": editor.form.cleaned_data["name"], "said": wanted}
    try:
        if rule:
            editing.change_rule(rule, version=editor.form.cleaned_data["version"] or 0, **facts)
        else:
            rule = editing.create_rule(request.workspace, **facts)
            messages.success(request, f"{rule} is saved. It is off until you switch it on.")
    except Refused as refusal:
        editor.refuse(refusal)
        return editor_page(request, rule, editor, refusal.status)
    return HttpResponseRedirect(reverse("rule_edit", args=[rule.pk]))


def editor_page(request: MemberRequest, rule: Rule | None, editor: Editor, status: int = 200) -> HttpResponse:
    versions = list(rule.versions.select_related("by")[:10]) if rule else []
    context = {"rule": rule, "editor": editor, "versions": versions, "placeholders": FIELDS}
    return render(request, EDIT, context, status=status)


# --- buttons --------------------------------------------------------------------------------------------------


@member_required(Role.ADMIN, methods=("POST",))
def rule_switch(request: MemberRequest, pk: int) -> HttpResponse:
    on = request.POST.get("on") == "1"
    rule = editing.switch_rule(get_rule(request, pk), by=request.member, on=on)
    messages.success(request, f"{rule} is {'on' if on else 'off'}.")
    return done(request, reverse("rule_edit", args=[pk]) if request.POST.get("here") else reverse("rule_list"))


@member_required(Role.ADMIN, methods=FORM)
def rule_delete(request: MemberRequest, pk: int) -> HttpResponse:
    rule = get_rule(request, pk)
    if request.method != "POST":
        return dialog(request, "automation/rule_delete.html", forms.Form(), rule=rule)
    editing.delete_rule(rule, by=request.member)
    messages.success(request, f"{rule} is deleted.", extra_tags=reverse("rule_restore", args=[pk]))
    return done(request, reverse("rule_list"))


@member_required(Role.ADMIN, methods=("POST",))
def rule_restore(request: MemberRequest, pk: int) -> HttpResponse:
    editing.restore_rule(get_object_or_404(Rule, workspace=request.workspace, pk=pk), by=request.member)
    return done(request, reverse("rule_list"))


@member_required(Role.ADMIN, methods=("POST",))
def rule_copy(request: MemberRequest, pk: int) -> HttpResponse:
    copy = editing.copy_rule(get_rule(request, pk), by=request.member)
    return done(request, reverse("rule_edit", args=[copy.pk]))


@member_required(Role.ADMIN, methods=("POST",))
def rule_order(request: MemberRequest) -> HttpResponse:
    def act(order: Sequence[int], seen: Sequence[int]) -> None:
        editing.reorder_rules(request.workspace, order, seen=seen, by=request.member)

    return reordered(request, act, reverse("rule_list"))


# --- what it would have done, and what it did -----------------------------------------------------------------


@member_required(Role.ADMIN)
def rule_try(request: MemberRequest, pk: int) -> HttpResponse:
    """?from is how many are before this page."""
    rule = get_rule(request, pk)
    version = editing.current(rule)
    said, start = editing.said_of(version), parse_id(request.GET.get("from", "")) or 0
    trial = trying.try_out(request.workspace, said, timezone.now())
    lines, steps = trial.lines[start : start + PAGE], editing.steps_of(version) if version else []
    subjects = trying.subjects_of(trial.about, request.workspace, lines)
    rows = [
        {"line": line, "subject": subject, "steps": [(words.in_words(step), trying.nothing_to_do(step, subject)) for step in steps]}
        for line in lines
        if (subject := subjects.get(getattr(line, f"{trial.about}_id")))
    ]  # fmt: skip
    context = {
        "rule": rule,
        "trial": trial,
        "rows": rows,
        "days": trying.DAYS,
        "most": trying.MOST,
        "when": events.in_words(said.event, said.of, Lists(request.workspace).stage_names),
        "conditions": conditions.in_words(trial.about, said.query, request.workspace, Formats.of(request)),
        "next": start + PAGE if len(trial.lines) > start + PAGE else "",
    }
    return render(request, "automation/rule_try.html", context)


@member_required(Role.ADMIN)
def rule_runs(request: MemberRequest) -> HttpResponse:
    """The log: of ?rule, in ?state; ?before is where the page before ended."""
    runs = RuleRun.objects.filter(workspace=request.workspace)
    asked, state = parse_id(request.GET.get("rule", "")), request.GET.get("state", "")
    rules = list(Rule.objects.filter(workspace=request.workspace))
    if asked:
        runs = runs.filter(rule_id=asked)
    if state in RuleRun.State.values:
        runs = runs.filter(state=state)
    if before := request.GET.get("before"):
        runs = runs.filter(older_than(before))
    related = ("rule", "version", "deal", "lead", "cause__rule", "again_by")
    steps = RunStep.objects.select_related("step").prefetch_related("calls")
    found = runs.select_related(*related).prefetch_related(Prefetch("steps", steps)).order_by("-at", "-pk")
    found = list(found[: PAGE + 1])
    context = {
        "runs": [{"run": run, "tone": TONES[run.state], "on": on_what(run)} for run in found[:PAGE]],
        "next": cursor(found[PAGE - 1].at, found[PAGE - 1].pk) if len(found) > PAGE else "",
        "rules": rules,
        "asked": asked,
        "state": state,
        "states": RuleRun.State.choices,
    }
    return render(request, "automation/rule_runs.html", context)


def on_what(run: RuleRun) -> str:
    event = events.EVENTS.get(run.version.event)
    return event.label if event else ""


@member_required(Role.ADMIN, methods=("POST",))
def run_again(request: MemberRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(RuleRun.objects.select_related("rule"), workspace=request.workspace, pk=pk)
    running.run_again(run, by=request.member)
    messages.success(request, f"{run.rule} runs again.")
    return done(request, f"{reverse('rule_runs')}?rule={run.rule_id}")


@member_required(Role.ADMIN, methods=("POST",))
def call_again(request: MemberRequest, pk: int) -> HttpResponse:
    calls = WebhookCall.objects.select_related("run_step__run__rule")
    call = get_object_or_404(calls, workspace=request.workspace, pk=pk)
    rule = call.run_step.run.rule
    calling.call_again(call, by=request.member)
    messages.success(request, f"{rule} calls again.")
    return done(request, f"{reverse('rule_runs')}?rule={rule.pk}")
