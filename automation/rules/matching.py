"""Which rules answer a line of the timeline. Each writes one row for it, once; what the row asks for is done after commit."""

from __future__ import annotations

import logging

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from activities.actions import notify
from activities.models import Activity, Notification
from automation.models import Rule, RuleRun, RuleVersion
from automation.rules import conditions
from automation.rules.events import EVENTS, Event, Loaded, happened, of_kind
from automation.rules.guards import MOST_OFTEN, WITHIN, looped
from workspaces.background import after_commit
from workspaces.memory import remembered
from workspaces.models import Membership

log = logging.getLogger(__name__)

State = RuleRun.State


def answer(line: Activity) -> None:
    """In the transaction that takes the line out of the outbox; a second time writes nothing more."""
    keys = of_kind(line.kind)
    found = [version for version in listening(line.workspace_id) if version.event in keys]
    if not found:
        return
    loaded = Loaded.of([line])
    runs = [run for version in found if (run := answer_of(version, line, loaded))]
    if any(run.next_try_at for run in runs):
        after_commit("automation.tasks.run_rules", line.workspace_id)


def listening(workspace_id: int) -> list[RuleVersion]:
    """What rules that are on say, in their order: asked for once for many lines, which all were written before. A run is
    looked at once more before it begins."""

    def read() -> list[RuleVersion]:
        on = RuleVersion.objects.filter(
            workspace_id=workspace_id, is_current=True, rule__on_since__isnull=False, rule__archived_at=None
        )
        return list(on.select_related("rule", "workspace").order_by("rule__position", "rule_id"))

    return remembered(workspace_id, "rules", read)


def answer_of(version: RuleVersion, line: Activity, loaded: Loaded) -> RuleRun | None:
    """One that breaks at it switches itself off, and keeps no other from answering."""
    event = EVENTS[version.event]
    if version.rule.on_since is None:  # it has switched itself off just now
        return None
    if version.rule.on_since > loaded.moment(line) or not happened(event, version.of, [line], loaded):
        return None
    try:
        with transaction.atomic():
            return run_of(version, event, line)
    except (OperationalError, InterfaceError):
        raise  # the database's own trouble: the line is handed on again
    except Exception:
        log.exception("rule %s of workspace %s did not answer line %s", version.rule_id, line.workspace_id, line.pk)
        pause(version.rule, "Something went wrong with its conditions; whoever runs this site finds it in its log.")
        return None


def run_of(version: RuleVersion, event: Event, line: Activity) -> RuleRun | None:
    if RuleRun.objects.filter(rule_id=version.rule_id, activity=line).exists():
        return None
    if problem := conditions.unreadable(event.about, version.query, version.workspace):
        pause(version.rule, f"Its conditions cannot be read any more: {problem}")
        return None
    pk = getattr(line, f"{event.about}_id")
    if pk not in conditions.those_in(event.about, version.query, version.workspace, [pk]):
        return None
    cause = RuleRun.objects.filter(pk=(line.data.get("cause") or {}).get("run") or 0).first()
    now = timezone.now()
    run = RuleRun(
        workspace_id=line.workspace_id, rule=version.rule, version=version, activity=line, cause=cause,
        depth=cause.depth + 1 if cause else 1, at=now, next_try_at=now, **{f"{event.about}_id": pk},
    )  # fmt: skip
    problem = looped(version.rule_id, chain(cause)) or too_often(run)
    if problem:
        run.state, run.problem, run.next_try_at = State.STOPPED, problem[:300], None
    run.save(force_insert=True)
    return run


def chain(run: RuleRun | None) -> list[tuple[int, str]]:
    """The rules that led here, the last first."""
    found = []
    while run:
        found.append((run.rule_id, str(run.rule)))
        run = run.cause
    return found


def too_often(run: RuleRun) -> str:
    lately = RuleRun.objects.filter(rule=run.rule, at__gt=run.at - WITHIN).values("pk")[:MOST_OFTEN].count()
    if lately < MOST_OFTEN:
        return ""
    problem = f"It ran {MOST_OFTEN:,} times within an hour, and was switched off."
    pause(run.rule, problem)
    return problem


def pause(rule: Rule, why: str) -> None:
    """It switches itself off, and the admins are told."""
    kept, rule = (
        rule,
        Rule.objects.select_for_update(no_key=True, of=("self",)).select_related("workspace").get(pk=rule.pk),
    )
    if rule.on_since is None:
        return
    rule.on_since, rule.paused, rule.version = None, why[:300], rule.version + 1
    rule.save(update_fields=["on_since", "paused", "version"])
    transaction.on_commit(lambda: setattr(kept, "on_since", None))
    admins = Membership.objects.admins().filter(workspace_id=rule.workspace_id)
    notify(
        admins.values_list("user_id", flat=True),
        Notification.Kind.RULE_PAUSED,
        subject=rule.workspace,
        key=f"rule:{rule.pk}:paused:{rule.version}",
        data={"text": f"The rule “{rule}” switched itself off. {why}", "view": "rule_edit", "args": [rule.pk]},
    )
