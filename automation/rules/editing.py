"""What admins do with rules. A change of what a rule says makes a new version of it; the old ones stay for the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

from django.db.models import Max
from django.utils import timezone

from automation.models import MailTemplate, Rule, RuleStep, RuleVersion
from automation.placeholders import unknown
from automation.rules import conditions
from automation.rules.calling import check_secret, check_url
from automation.rules.events import EVENTS
from deals.models import Kind, Stage, Tag
from deals.setup.rows import check_order, put_in_order
from leads.models import Lead
from workspaces.access import acting, check_may
from workspaces.action import Refused, Stale, action
from workspaces.models import Membership, Role, Team, Workspace
from workspaces.sealing import seal, unseal

MAY = (Role.ADMIN, "change rules")
MOST = 100  # rules of a workspace
MOST_STEPS = 10
LEAST_SECRET = 16
StepKind, Who = RuleStep.Kind, RuleStep.Who
OF_DEALS = (StepKind.MOVE, StepKind.TAG)
OF_LEADS = (StepKind.STATUS,)
# Whom each kind of step may name.
NAMING: Mapping[str, tuple[str, ...]] = {
    StepKind.TASK: (Who.OWNER, Who.MEMBER, Who.TEAM),
    StepKind.NOTIFY: (Who.OWNER, Who.MEMBER, Who.MANAGERS),
    StepKind.ASSIGN: (Who.MEMBER, Who.TEAM),
}


@dataclass
class Step:
    """What a step says, before it is a row. `secret`: None keeps that of the step `kept` (an id), "" has none."""

    kind: str
    text: str = ""
    type: str = ""
    due_amount: int = 1
    due_unit: str = RuleStep.Unit.WORKING_DAYS
    who: str = ""
    member_id: int | None = None
    team: Team | None = None
    stage: Stage | None = None
    status: str = ""
    tag: Tag | None = None
    template: MailTemplate | None = None
    url: str = ""
    secret: str | None = None
    kept: int | None = None

    @classmethod
    def of(cls, row: RuleStep) -> Step:
        facts = {each.name: getattr(row, each.name) for each in fields(cls) if each.name not in ("secret", "kept")}
        return cls(**facts, kept=row.pk)


@dataclass
class Said:
    """What a rule says: when, if, then."""

    event: str
    of: dict[str, list] = field(default_factory=dict)
    query: str = ""
    steps: list[Step] = field(default_factory=list)


# --- verbs ------------------------------------------------------------------------------------------------


@action
def create_rule(workspace: Workspace, *, by: Membership | None, name: str, said: Said) -> Rule:
    """The last, and off."""
    check_may(by, *MAY)
    rules = Rule.objects.live().filter(workspace=workspace)
    if rules.count() >= MOST:
        raise Refused(f"A workspace has at most {MOST} rules.")
    last = Rule.objects.filter(workspace=workspace).aggregate(last=Max("position"))["last"]
    said = checked(workspace, said)
    rule = Rule.objects.create(
        workspace=workspace, name=checked_name(workspace.pk, name), position=0 if last is None else last + 1
    )
    write_version(rule, said, 1, by)
    return rule


@action
def change_rule(rule: Rule, *, by: Membership | None, version: int, name: str, said: Said) -> Rule:
    """It holds from now on; runs that wait do what the rule said when they were begun."""
    check_may(by, *MAY)
    rule = lock(rule, version)
    name, said = checked_name(rule.workspace_id, name, rule.pk), checked(rule.workspace, said)
    before = current(rule)
    is_other = before is None or is_changed(before, said)
    if not is_other and name == rule.name:
        return rule
    rule.name, rule.version = name, rule.version + 1
    rule.save(update_fields=["name", "version"])
    if is_other:
        RuleVersion.objects.filter(rule=rule, is_current=True).update(is_current=False)
        write_version(rule, said, before.number + 1 if before else 1, by)
    return rule


@action
def switch_rule(rule: Rule, *, by: Membership | None, on: bool) -> Rule:
    """On from this moment; what happened while it was off it does not make up for."""
    check_may(by, *MAY)
    rule = lock(rule)
    if rule.is_on == on:
        return rule
    if on and (problem := why_not(rule)):
        raise Refused(problem)
    rule.on_since, rule.paused, rule.version = timezone.now() if on else None, "", rule.version + 1
    rule.save(update_fields=["on_since", "paused", "version"])
    return rule


@action
def delete_rule(rule: Rule, *, by: Membership | None) -> Rule:
    """It is archived, and off: the log still tells what it did."""
    check_may(by, *MAY)
    rule = lock(rule)
    rule.archived_at, rule.on_since, rule.version = timezone.now(), None, rule.version + 1
    rule.save(update_fields=["archived_at", "on_since", "version"])
    return rule


@action
def restore_rule(rule: Rule, *, by: Membership | None) -> Rule:
    """As it was, but off."""
    check_may(by, *MAY)
    rule = Rule.objects.select_for_update(no_key=True, of=("self",)).get(pk=rule.pk)
    if rule.archived_at is None:
        return rule
    rule.name = checked_name(rule.workspace_id, rule.name, rule.pk)
    rule.archived_at, rule.version = None, rule.version + 1
    rule.save(update_fields=["archived_at", "version"])
    return rule


@action
def copy_rule(rule: Rule, *, by: Membership | None) -> Rule:
    """Off, at the end; secrets stay where they are."""
    check_may(by, *MAY)
    names = set(Rule.objects.live().filter(workspace_id=rule.workspace_id).values_list("name", flat=True))
    name = f"{rule.name[:110]} (copy)"
    number = 2
    while name in names:
        name, number = f"{rule.name[:108]} (copy {number})", number + 1
    said = said_of(current(rule))
    for step in said.steps:
        step.kept, step.secret = None, ""
    return create_rule(rule.workspace, by=by, name=name, said=said)


@action
def reorder_rules(workspace: Workspace, order: Sequence[int], *, seen: Sequence[int], by: Membership | None) -> None:
    """Of two rules that answer the same, the upper one is first."""
    check_may(by, *MAY)
    rules = list(Rule.objects.live().select_for_update(no_key=True).filter(workspace=workspace))
    put_in_order(rules, check_order(rules, order, seen))


# --- what it says -----------------------------------------------------------------------------------------


def current(rule: Rule) -> RuleVersion | None:
    return RuleVersion.objects.filter(rule=rule, is_current=True).first()


def steps_of(version: RuleVersion) -> list[RuleStep]:
    related = ("stage__pipeline", "member", "team", "tag", "template")
    return list(RuleStep.objects.filter(version=version).select_related(*related).order_by("position"))


def said_of(version: RuleVersion | None) -> Said:
    if version is None:
        return Said("")
    return Said(version.event, dict(version.of), version.query, [Step.of(row) for row in steps_of(version)])


def is_changed(before: RuleVersion, said: Said) -> bool:
    """A typed secret counts; one that is kept does not."""
    old = said_of(before)
    if (old.event, old.of, old.query) != (said.event, said.of, said.query):
        return True
    return old.steps != said.steps


def write_version(rule: Rule, said: Said, number: int, by: Membership | None) -> None:
    version = RuleVersion.objects.create(
        workspace_id=rule.workspace_id, rule=rule, number=number, event=said.event, of=said.of, query=said.query,
        by_id=acting(by),
    )  # fmt: skip
    for position, step in enumerate(said.steps):
        facts = {each.name: getattr(step, each.name) for each in fields(Step) if each.name not in ("secret", "kept")}
        row = RuleStep.objects.create(workspace_id=rule.workspace_id, version=version, position=position, **facts)
        if secret := secret_of(rule, step):
            row.secret = seal(row, "secret", secret)
            row.save(update_fields=["secret"])


def secret_of(rule: Rule, step: Step) -> str:
    """As it was typed, else that of the step it was before, sealed anew for its own row."""
    if step.secret is not None or step.kept is None:
        return step.secret or ""
    before = RuleStep.objects.filter(pk=step.kept, version__rule=rule, kind=StepKind.WEBHOOK).first()
    # A secret does not go to another address than it was typed for.
    return unseal(before, "secret") if before and before.url == step.url else ""


# --- checks -----------------------------------------------------------------------------------------------


def lock(rule: Rule, version: int | None = None) -> Rule:
    rules = Rule.objects.live().select_for_update(no_key=True, of=("self",)).select_related("workspace")
    found = rules.filter(pk=rule.pk).first()
    if found is None:
        raise Stale("This rule was deleted meanwhile.")
    if version is not None and found.version != version:
        raise Stale("It was not saved: somebody changed this rule meanwhile. Look again, then save.")
    return found


def checked_name(workspace_id: int, name: str, pk: int = 0) -> str:
    name = " ".join(name.split())[:120]
    say = "" if name else "What is it called?"
    if Rule.objects.live().filter(workspace_id=workspace_id, name=name).exclude(pk=pk).exists():
        say = "Another rule has this name."
    if say:
        raise Refused(say, fields={"name": say})
    return name


def checked(workspace: Workspace, said: Said) -> Said:
    event = EVENTS.get(said.event)
    if event is None:
        raise Refused("When? Choose what it waits for.", fields={"event": "Choose one."})
    name = event.parameter.name if event.parameter else ""
    of = {name: sorted(set(said.of[name]))} if said.of.get(name) else {}
    if len(said.query) > 2000:
        raise Refused("Its conditions are too many to be kept. Choose fewer values.")
    if problem := conditions.unreadable(event.about, said.query, workspace):
        raise Refused(f"Its conditions cannot be read: {problem}")
    if not said.steps:
        raise Refused("A rule does something: add a step.")
    if len(said.steps) > MOST_STEPS:
        raise Refused(f"A rule has at most {MOST_STEPS} steps.")
    wrong = {}
    for number, step in enumerate(said.steps):
        if found := problem_of(workspace, event.about, step):
            wrong[f"step-{number}-{found[0]}"] = found[1]
    if wrong:
        raise Refused(" ".join(wrong.values()), fields=wrong)
    return Said(event.key.value, of, said.query, said.steps)


def problem_of(workspace: Workspace, about: str, step: Step) -> tuple[str, str] | None:
    """(field, what is wrong with it)."""
    kind = step.kind
    if about == "lead" and kind in OF_DEALS or about == "deal" and kind in OF_LEADS:
        return "kind", f"This is for {'deals' if kind in OF_DEALS else 'leads'} only."
    if kind in NAMING and (found := wrong_person(workspace, step)):
        return found
    if kind in (StepKind.TASK, StepKind.NOTIFY):
        if not step.text.strip():
            return "text", "What does it say?"
        if found := unknown(step.text):
            return "text", f"There is no placeholder {', '.join(found[:5])}."
    match kind:
        case StepKind.TASK if not step.type:
            return "type", "Of which type?"
        case StepKind.MOVE:
            if step.stage is None or step.stage.archived_at:
                return "stage", "To which stage?"
            if step.stage.kind == Kind.LOST and not step.text.strip():
                return "text", "Why is it lost?"
        case StepKind.STATUS:
            if step.status not in Lead.Status.values or step.status == Lead.Status.CONVERTED:
                return "status", "To which status?"
            if step.status == Lead.Status.UNQUALIFIED and not step.text.strip():
                return "text", "Why is it unqualified?"
        case StepKind.TAG if step.tag is None:
            return "tag", "Which tag?"
        case StepKind.MAIL if step.template is None:
            return "template", "Which template?"
        case StepKind.WEBHOOK:
            if problem := check_url(step.url):
                return "url", problem
            if problem := wrong_secret(workspace, step):
                return "secret", problem
    return None


def wrong_secret(workspace: Workspace, step: Step) -> str:
    if step.secret:
        return f"At least {LEAST_SECRET} signs." if len(step.secret) < LEAST_SECRET else check_secret(step.secret)
    if step.secret is None and step.kept is not None:
        before = RuleStep.objects.filter(workspace=workspace, pk=step.kept, kind=StepKind.WEBHOOK).first()
        if before and before.secret and before.url != step.url:
            return "Type the secret again: it goes to another address now."
    return ""


def wrong_person(workspace: Workspace, step: Step) -> tuple[str, str] | None:
    if step.who not in NAMING[step.kind]:
        return "who", "For whom?"
    working = Membership.objects.working().filter(workspace=workspace, user_id=step.member_id or 0)
    if step.who == Who.MEMBER and not working.exists():
        return "member", "Choose a member."
    if step.who == Who.TEAM and step.team is None:
        return "team", "Choose a team."
    return None


def why_not(rule: Rule) -> str:
    """Why it cannot be switched on: what it names is gone."""
    version = current(rule)
    if version is None:
        return "It says nothing yet."
    event = EVENTS.get(version.event)
    if event is None:
        return "What it waits for is gone."
    if problem := conditions.unreadable(event.about, version.query, rule.workspace):
        return f"Its conditions cannot be read: {problem}"
    for number, row in enumerate(steps_of(version), start=1):
        if found := problem_of(rule.workspace, event.about, Step.of(row)):
            return f"Step {number}, {row.get_kind_display().lower()}: {found[1]}"
    return ""
