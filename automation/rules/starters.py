"""Rules that are offered ready-made; saved as anybody's own, and off."""

from __future__ import annotations

from dataclasses import dataclass

from automation.rules.editing import Said, Step


@dataclass(frozen=True)
class Starter:
    name: str
    why: str
    said: Said


def task(text: str, type: str, amount: int, unit: str) -> Step:
    return Step("task", text=text, type=type, who="owner", due_amount=amount, due_unit=unit)


def tell(text: str, who: str) -> Step:
    return Step("notify", text=text, who=who)


STARTERS = {
    "call": Starter(
        "Call new leads soon",
        "Each new lead gets a call within four working hours.",
        Said("lead_created", steps=[task("Call {name}", "call", 4, "working_hours")]),
    ),
    "large": Starter(
        "Watch large deals",
        "Of a deal above 10,000 its owner's managers hear at once.",
        Said(
            "deal_created",
            query="amount_min=10000",
            steps=[
                tell("A large one: {deal}", "managers"),
                task("Plan how to win {company}", "todo", 2, "working_days"),
            ],
        ),
    ),
    "again": Starter(
        "Ask again after a loss",
        "Ninety days after a deal was lost its owner calls again.",
        Said("deal_lost", steps=[task("Ask {company} again", "call", 90, "days")]),
    ),
    "reply": Starter(
        "Tell managers of positive replies",
        "Who is interested, or books a meeting, is known to the managers too.",
        Said(
            "lead_reply", {"intent": ["interested", "meeting_booked"]}, steps=[tell("{name} is interested", "managers")]
        ),
    ),
}
