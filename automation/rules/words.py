"""Rules in words, for pages."""

from __future__ import annotations

from automation.models import RuleStep
from automation.placeholders import FIELDS, fill
from automation.rules.editing import Step

Kind, Who = RuleStep.Kind, RuleStep.Who
IN_WORDS = {name: f"[{label.lower()}]" for name, label in FIELDS.items()}


def whom(step: RuleStep | Step, names: dict[str, str]) -> str:
    match step.who:
        case Who.MEMBER:
            return names["member"] or "somebody who left"
        case Who.TEAM:
            return f"{names['team'] or 'a team that is gone'}, in turn"
        case Who.MANAGERS:
            return "the owner's managers"
    return "the owner"


def in_words(step: RuleStep) -> str:
    """ "Plan “Call [their whole name]” for the owner, after 4 working hours"."""
    names = {"member": str(step.member or ""), "team": str(step.team or "")}
    text, _ = fill(step.text, IN_WORDS)
    match step.kind:
        case Kind.TASK:
            return f"Plan “{text}” for {whom(step, names)}, {due(step)}"
        case Kind.NOTIFY:
            return f"Tell {whom(step, names)}: “{text}”"
        case Kind.MOVE:
            return f"Move it to {step.stage or 'a stage that is gone'}"
        case Kind.STATUS:
            return f"Change its status to {step.get_status_display().lower()}"
        case Kind.ASSIGN:
            return f"Give it to {whom(step, names)}"
        case Kind.TAG:
            return f"Tag it “{step.tag or 'a tag that is gone'}”"
        case Kind.MAIL:
            return f"Send “{step.template or 'a template that is gone'}”"
    return f"Call {step.url}"


def due(step: RuleStep) -> str:
    if not step.due_amount:
        return "at once"
    unit = step.get_due_unit_display()
    return f"after {step.due_amount} {unit[:-1] if step.due_amount == 1 else unit}"
