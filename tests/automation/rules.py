"""Rules for tests: made, switched on, and run as workers would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection

from activities.models import Activity
from activities.outbox import hand_on, pending
from automation.models import Rule, RuleRun, RuleStep
from automation.rules import editing, running
from automation.rules.editing import Said, Step
from tests.conftest import Cast

TASK = Step("task", text="Call {name}", type="call", who="owner", due_amount=4, due_unit="working_hours")
TELL = Step("notify", text="Look at {deal}", who="owner")


def make_rule(
    cast: Cast, event: str, *steps: Step, name: str = "", on: bool = True, query: str = "", **of: list
) -> Rule:
    said = Said(event, of, query, list(steps) or [TASK])
    name = name or f"Rule {Rule.objects.count() + 1}"
    rule = editing.create_rule(cast.workspace, by=cast.alice, name=name, said=said)
    return editing.switch_rule(rule, by=cast.alice, on=on)


def work(cast: Cast, rounds: int = 6) -> list[RuleRun]:
    """What the doorbells ring for, until nothing waits. Returns all runs, oldest first."""
    for _ in range(rounds):
        for pk in pending(cast.workspace.pk):
            hand_on(cast.workspace.pk, pk)
        for pk in running.waiting(cast.workspace.pk):
            running.run(cast.workspace.pk, pk)
    return list(RuleRun.objects.order_by("pk").select_related("rule"))


def again(activity_kind: str, cast: Cast) -> None:
    """Every line of this kind is delivered once more."""
    Activity.objects.filter(workspace=cast.workspace, kind=activity_kind).update(tries_left=5)
    work(cast)


def said(run: RuleRun) -> list[tuple[str, str]]:
    return [(step.state, step.said) for step in run.steps.order_by("pk")]


def one(cast) -> RuleRun:
    [run] = work(cast)
    return run


def handed_on(cast) -> int:
    """The run that waits for a worker now."""
    for pk in pending(cast.workspace.pk):
        hand_on(cast.workspace.pk, pk)
    [pk] = running.waiting(cast.workspace.pk)
    return pk


@contextmanager
def the_database_refuses(error: type[Exception], which: Callable[[str, object], bool]) -> Iterator[None]:
    """As it does in the middle of the work, of its own accord."""

    def asked(execute, sql, params, many, context):
        if which(sql, params):
            raise error("refused")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(asked):
        yield


__all__ = [
    "TASK",
    "TELL",
    "RuleStep",
    "Said",
    "Step",
    "again",
    "handed_on",
    "make_rule",
    "one",
    "said",
    "the_database_refuses",
    "work",
]
