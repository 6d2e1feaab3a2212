"""How well replies are judged: pairs of what was right and what was judged, and what they come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from automation.intents import AUTOMATIC, Intent, Judgement
from automation.wording.model import POSITIVE

Judged = Sequence[tuple[str, Judgement]]
BANDS = (0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.01)


class Figure(NamedTuple):
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / (self.precision + self.recall) if self.precision else 0.0


class Band(NamedTuple):
    """Judgements of about the same confidence: how many, what they said, how many were right."""

    low: float
    count: int
    said: float
    right: float


def of_intent(judged: Judged, intent: str) -> Figure:
    hits = sum(right == found.intent == intent for right, found in judged)
    return Figure(
        hits / (sum(found.intent == intent for _, found in judged) or 1),
        hits / (sum(right == intent for right, _ in judged) or 1),
    )


def macro_f1(judged: Judged) -> float:
    intents = {right for right, _ in judged}
    return sum(of_intent(judged, intent).f1 for intent in intents) / len(intents)


def by_itself(judged: Judged) -> Figure:
    """Of what is done without asking, for the two intents that make a deal."""
    acted = [right for right, found in judged if found.intent in POSITIVE and found.confidence >= AUTOMATIC]
    good = sum(right in POSITIVE for right in acted)
    return Figure(good / (len(acted) or 1), good / (sum(right in POSITIVE for right, _ in judged) or 1))


def calibration(judged: Judged) -> list[Band]:
    found = []
    for low, high in pairwise(BANDS):
        some = [(each.confidence, right == each.intent) for right, each in judged if low <= each.confidence < high]
        if some:
            found.append(Band(low, len(some), *(sum(column) / len(some) for column in zip(*some, strict=True))))
    return found


def report(judged: Judged) -> Iterable[str]:
    """The confusion matrix (a row for what was right, a column for what was judged), and the figures in lines."""
    counts = Counter((right, str(found.intent)) for right, found in judged)
    names = [str(each) for each in Intent if any(each in pair for pair in counts)]
    yield " " * 15 + " ".join(f"{name[:8]:>8}" for name in names) + "  precision  recall    F1"
    for name in names:
        figure = of_intent(judged, name)
        yield (
            f"{name:15}"
            + " ".join(f"{counts[name, other] or '.':>8}" for other in names)
            + f"{figure.precision:11.2f}{figure.recall:8.2f}{figure.f1:6.2f}"
        )
    yield f"{len(judged)} replies, macro-F1 {macro_f1(judged):.3f}"
    acted = by_itself(judged)
    yield (
        f"Interested and meeting booked, done without asking: precision {acted.precision:.3f}, recall {acted.recall:.3f}"
    )
    yield "Confidence from  replies  said  right"
    for band in calibration(judged):
        yield f"{band.low:15.2f}{band.count:9}{band.said:6.2f}{band.right:7.2f}"
