"""What was learnt (model.json), and how it judges: plain numbers, no library needed."""

from __future__ import annotations

import bisect
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from automation.intents import AUTOMATIC, Intent, Judgement
from automation.wording.features import features
from automation.wording.folding import Folded, fold
from automation.wording.patterns import RULES, Finding, clauses, findings

HERE = Path(__file__).parent
SHIPPED = HERE / "model.json"
WORDS = (*sorted(RULES.glob("*.txt")), HERE / "concepts.txt", HERE / "languages.txt")
LONGEST = 4000  # signs that are read: whoever answers says it sooner
# What acts by itself on the strength of a reply acts only where nothing speaks against it.
POSITIVE = (Intent.INTERESTED, Intent.MEETING_BOOKED)
AGAINST = {Intent.NOT_INTERESTED, Intent.UNSUBSCRIBE, Intent.AUTO_REPLY, Intent.OUT_OF_OFFICE}
UNSURE = AUTOMATIC - 0.01


class Classifier:
    def __init__(self, model: Mapping, version: str) -> None:
        self.version = version
        self.intents = [Intent(name) for name in model["intents"]]
        self.unit: float = model["unit"]
        self.bias: Sequence[int] = model["bias"]
        self.weights: Mapping[str, Sequence[int]] = model["weights"]
        self.calibration: Mapping[str, Sequence[Sequence[float]]] = model["calibration"]

    def judge(self, text: str, language: str = "") -> Judgement:
        folded = fold(text[:LONGEST])
        if not folded.body.strip():
            return Judgement(Intent.UNCLEAR, 1.0, "", self.version)
        found = findings(folded, language)
        probabilities = self.probabilities(folded, found)
        intent = max(probabilities, key=lambda each: probabilities[each])
        confidence = self.confidence(intent, probabilities[intent], found)
        return Judgement(intent, round(confidence, 4), self.phrase(folded, found, intent), self.version)

    def confidence(self, intent: Intent, probability: float, found: list[Finding]) -> float:
        sure = self.calibrated(intent, probability)
        if intent in POSITIVE and any(finding.rule.intent in AGAINST for finding in found):
            return min(sure, UNSURE)
        return sure

    def probabilities(self, folded: Folded, found: list[Finding]) -> dict[Intent, float]:
        """As the model has them; `calibrated` says what they are worth."""
        sums = [float(weight) for weight in self.bias]
        for name, value in features(folded, found).items():
            if weights := self.weights.get(name):
                sums = [known + weight * value for known, weight in zip(sums, weights, strict=True)]
        highest = max(sums)
        powers = [math.exp((each - highest) * self.unit) for each in sums]
        whole = sum(powers)
        return {intent: power / whole for intent, power in zip(self.intents, powers, strict=True)}

    def calibrated(self, intent: Intent, probability: float) -> float:
        """How often such a judgement was right, by straight lines between the points of cross-validation."""
        points = self.calibration[intent if intent in POSITIVE else "other"]
        after = bisect.bisect_left(points, [probability, 0.0])
        if after in (0, len(points)):
            return points[min(after, len(points) - 1)][1]
        (x, y), (next_x, next_y) = points[after - 1], points[after]
        return y + (next_y - y) * (probability - x) / (next_x - x)

    def phrase(self, folded: Folded, found: list[Finding], intent: Intent) -> str:
        """What the weightiest rule of this intent found, else the clause that speaks for it most."""
        fitting = [finding for finding in found if finding.rule.intent == intent]
        if fitting:
            best = max(fitting, key=lambda each: (each.end - each.start, -each.start))
            start, end = best.start, best.end
            for other in fitting:  # "no budget this year, circle back in March" is one thing said
                if 0 <= other.start - end <= 3 or 0 <= start - other.end <= 3:
                    start, end = min(start, other.start), max(end, other.end)
        else:
            start, end = max(clauses(folded.body), key=lambda span: self._says(folded, span, intent))
        return folded.words(start, end).strip()

    def _says(self, folded: Folded, span: tuple[int, int], intent: Intent) -> float:
        clause = fold(folded.words(*span))
        return self.probabilities(clause, findings(clause))[intent]


def version_of(model: bytes) -> str:
    """Changes with what was learnt, with the rules, and with how either is read."""
    digest = hashlib.sha256(model)
    for file in (*WORDS, *(HERE / name for name in ("folding.py", "patterns.py", "features.py", "model.py"))):
        digest.update(file.read_bytes())
    return f"words-{digest.hexdigest()[:10]}"


def loaded(file: Path) -> Classifier:
    content = file.read_bytes()
    return Classifier(json.loads(content), version_of(content))


@cache
def shipped() -> Classifier:
    return loaded(SHIPPED)
