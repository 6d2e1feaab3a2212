"""A run: its steps in order, with all that they do, in one transaction. What must leave the house (a mail, a call) is a row
of its own outbox by then. A step that fails holds up those after it until it is tried again."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from activities.causes import because_of
from automation.models import Rule, RuleRun, RuleStep, RunStep
from automation.rules import conditions
from automation.rules.events import EVENTS
from automation.rules.guards import looped
from automation.rules.matching import chain
from automation.rules.steps import DO, Later, LeftOut
from deals.models import Deal
from leads.models import Lead
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.background import after_commit
from workspaces.models import Membership, Role
from workspaces.tenancy import all_workspaces, tenant

log = logging.getLogger(__name__)

BATCH = 500
TRIES = 5
KEPT = timedelta(days=90)
State = RuleRun.State
UNKNOWN = "Something went wrong here; whoever runs this site finds it in its log."


def waiting(workspace_id: int) -> list[int]:
    """Ids of the runs whose turn it is, oldest first."""
    with tenant(workspace_id):
        due = RuleRun.objects.filter(workspace_id=workspace_id, next_try_at__lte=timezone.now())
        return list(due.order_by("next_try_at", "pk").values_list("pk", flat=True)[:BATCH])


def waited_for() -> list[int]:
    """Ids of the workspaces in which a run's turn has come."""
    with all_workspaces():
        due = RuleRun.objects.filter(next_try_at__lte=timezone.now())
        return list(due.order_by().values_list("workspace_id", flat=True).distinct())


def run(workspace_id: int, run_id: int) -> None:
    """Unless another worker has it."""
    if (claimed := claim(workspace_id, run_id)) is None:
        return
    with tenant(workspace_id, door="automation"):
        held = RuleRun.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        related = held.select_related("rule", "version", "workspace", "activity")
        if found := related.filter(pk=run_id, next_try_at=claimed).first():
            go(found)


def claim(workspace_id: int, run_id: int) -> datetime | None:
    """Until when nobody else tries it; None where it is not its turn. Counted before it runs, for a worker may die of it,
    or the database give up: that ends too."""
    now = timezone.now()
    with tenant(workspace_id):
        held = RuleRun.objects.select_for_update(skip_locked=True, no_key=True)
        run = held.filter(pk=run_id, next_try_at__lte=now).first()
        if run is None:
            return None
        if run.attempts >= TRIES:
            settle(run, State.FAILED, f"It was given up: {TRIES} times it stopped in the middle.", now)
        else:
            run.attempts += 1
            run.next_try_at = now + pause(run.attempts)
        run.save(update_fields=["attempts", "next_try_at", "state", "problem", "done_at"])
        return run.next_try_at


def go(run: RuleRun) -> None:
    """The caller holds it, and the transaction."""
    now = timezone.now()
    if run.again_by_id is None and not Rule.objects.live().filter(pk=run.rule_id, on_since__isnull=False).exists():
        settle(run, State.STOPPED, "Stopped: the rule was switched off meanwhile.", now)
    else:
        with because_of({"run": run.pk, "rule": str(run.rule)}):
            steps(run, now)
    run.save()


def held(run: RuleRun) -> Deal | Lead | None:
    """What it is about, locked before anything else is: two runs of it go one after the other."""
    about = EVENTS[run.version.event].about
    rows = conditions.rows_of(about, run.workspace_id).select_for_update(no_key=True)
    return rows.filter(pk=getattr(run, f"{about}_id")).first()


def steps(run: RuleRun, now: datetime) -> None:
    known = {each.step_id: each for each in run.steps.all()}
    for step in RuleStep.objects.filter(version_id=run.version_id).order_by("position"):
        before = known.get(step.pk)
        if before and before.state != RunStep.State.FAILED:
            continue
        subject = held(run)  # as the step before left it
        if subject is None:
            return settle(run, State.STOPPED, "Stopped: what it was about is deleted.", now)
        try:
            with transaction.atomic():
                done(run, step, subject, before)
        except Later as later:
            run.attempts -= 1
            run.problem, run.next_try_at = later.message[:300], later.until
            return
        except (Refused, LeftOut) as refused:
            kept(run, step, before, RunStep.State.LEFT_OUT if isinstance(refused, LeftOut) else RunStep.State.FAILED, refused.message)  # fmt: skip
            if isinstance(refused, Refused):
                return failed(run, refused.message, now)
        except (OperationalError, InterfaceError):
            raise  # the database's own trouble: another worker tries again
        except Exception:
            log.exception("step %s of run %s of workspace %s failed", step.pk, run.pk, run.workspace_id)
            kept(run, step, before, RunStep.State.FAILED, UNKNOWN)
            return failed(run, UNKNOWN, now)
    settle(run, State.DONE, "", now)


def done(run: RuleRun, step: RuleStep, subject: Deal | Lead, before: RunStep | None) -> None:
    """What it does and that it is done, or neither."""
    row = kept(run, step, before, RunStep.State.DONE, "")
    row.said = DO[RuleStep.Kind(step.kind)](run, step, subject, row)[:500]
    row.save(update_fields=["said"])


def kept(run: RuleRun, step: RuleStep, before: RunStep | None, state: str, said: str) -> RunStep:
    row = before or RunStep(workspace_id=run.workspace_id, run=run, step=step)
    row.state, row.said, row.at = state, said[:500], timezone.now()
    row.save()
    return row


def failed(run: RuleRun, why: str, now: datetime) -> None:
    run.problem = why[:300]
    if run.attempts >= TRIES:
        settle(run, State.FAILED, why, now)
    else:
        run.next_try_at = now + pause(run.attempts)


def pause(attempts: int) -> timedelta:
    """1, 5, 25, 125 minutes."""
    return timedelta(minutes=5 ** max(0, attempts - 1))


def settle(run: RuleRun, state: str, problem: str, now: datetime) -> None:
    run.state, run.problem, run.next_try_at, run.done_at = state, problem[:300], None, now


@action
def run_again(run: RuleRun, *, by: Membership) -> RuleRun:
    """What failed or was stopped, from the step that was not done. Steps that were are not done twice."""
    check_may(by, Role.ADMIN, "run rules")
    run = RuleRun.objects.select_for_update(no_key=True, of=("self",)).get(pk=run.pk)
    if run.state == State.DONE:
        raise Refused("It is done already.")
    if run.state == State.STOPPED and (problem := looped(run.rule_id, chain(run.cause))):
        raise Refused(problem)  # by hand, too, it would go round once more
    run.state, run.attempts, run.next_try_at, run.again_by_id = State.WAITING, 0, timezone.now(), by.user_id
    run.save(update_fields=["state", "attempts", "next_try_at", "again_by"])
    after_commit("automation.tasks.run_rules", run.workspace_id)
    return run


def forget_old(workspace_id: int) -> int:
    """The log goes back as far as KEPT; what still waits stays."""
    old = RuleRun.objects.filter(workspace_id=workspace_id, at__lt=timezone.now() - KEPT, next_try_at=None)
    gone = RuleRun.objects.filter(pk__in=list(old.order_by("at", "pk").values_list("pk", flat=True)[:10_000]))
    return gone.delete()[0]
