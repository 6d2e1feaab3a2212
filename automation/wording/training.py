"""Makes model.json of the sentences in training.jsonl, and of corrections where there are any. Needs scikit-learn."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from automation.intents import Intent, Judgement
from automation.wording import figures
from automation.wording.features import features
from automation.wording.folding import fold
from automation.wording.model import LONGEST, POSITIVE, WORDS, Classifier
from automation.wording.patterns import findings

SENTENCES = Path(__file__).parent / "training.jsonl"
FOLDS = 5
STRENGTH = 3.0
UNIT = 0.01  # weights are kept as whole numbers of this
CORRECTION = 5
SLACK = 0.005  # worse by more, and what was learnt from corrections is not kept
LEAST = 4  # weights that are all smaller change nothing and are left out


class Example(NamedTuple):
    text: str
    intent: str
    language: str = ""
    weight: int = 1


@dataclass(frozen=True)
class Tried:
    """One example as it was judged by a model that had not seen it."""

    example: Example
    intent: Intent
    probability: float

    @property
    def right(self) -> bool:
        return self.intent == self.example.intent


def shipped_examples() -> list[Example]:
    lines = SENTENCES.read_text("utf-8").splitlines()
    return [Example(**json.loads(line)) for line in lines]


def corrected(text: str, intent: str, language: str = "") -> Example:
    """What people of a workspace corrected: it weighs as much as a few sentences of ours."""
    return Example(text, intent, language, weight=CORRECTION)


def counted(example: Example) -> dict[str, float]:
    folded = fold(example.text[:LONGEST])
    return features(folded, findings(folded))


def train(examples: Iterable[Example]) -> tuple[bytes, list[Tried]]:
    """The model as it is written to disk, the same bytes for the same examples, and how cross-validation went."""
    examples, rows, intents = _table(examples)
    weights = [example.weight for example in examples]
    tried = _cross_validate(examples, rows, intents)
    names, learner = _fit(rows, intents, weights)
    learnt = numpy.rint(learner.coef_.T / UNIT).astype(int)
    model = {
        "made_of": made_of(examples),
        "intents": [str(each) for each in learner.classes_],
        "unit": UNIT,
        "bias": numpy.rint(learner.intercept_ / UNIT).astype(int).tolist(),
        "calibration": {
            **{str(intent): calibrate([each for each in tried if each.intent is intent]) for intent in POSITIVE},
            "other": calibrate([each for each in tried if each.intent not in POSITIVE]),
        },
        "weights": {
            name: row.tolist() for name, row in zip(names, learnt, strict=True) if abs(row).max(initial=0) >= LEAST
        },
    }
    return (json.dumps(model, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n").encode(), tried


def _table(examples: Iterable[Example]) -> tuple[list[Example], list[dict[str, float]], numpy.ndarray]:
    ordered = sorted(set(examples))
    return ordered, [counted(each) for each in ordered], numpy.array([each.intent for each in ordered])


def _cross_validate(examples: list[Example], rows: list[dict[str, float]], intents: numpy.ndarray) -> list[Tried]:
    found: dict[int, Tried] = {}
    parts = numpy.array([part_of(example) for example in examples])
    for part in range(FOLDS):
        known, unknown = numpy.flatnonzero(parts != part), numpy.flatnonzero(parts == part)
        weights = [examples[place].weight for place in known]
        names, learner = _fit([rows[place] for place in known], intents[known], weights)
        counts = DictVectorizer().fit([dict.fromkeys(names, 1.0)])
        for place, probabilities in zip(
            unknown, learner.predict_proba(counts.transform([rows[place] for place in unknown])), strict=True
        ):
            best = probabilities.argmax()
            found[place] = Tried(examples[place], Intent(learner.classes_[best]), float(probabilities[best]))
    return [found[place] for place in sorted(found)]


def part_of(example: Example) -> int:
    """Of cross-validation. By the text alone: however many corrections come to them, our sentences stay in their parts."""
    return int.from_bytes(hashlib.sha256(example.text.encode("utf-8", "replace")).digest()[:8]) % FOLDS


def of_sentences(judged: figures.Judged, tried: list[Tried]) -> figures.Judged:
    """Those of the sentences that ship, whatever else was learnt from beside them."""
    return [pair for pair, each in zip(judged, tried, strict=True) if each.example.weight == 1]


def is_worse(now: figures.Judged, before: figures.Judged) -> bool:
    """Of the same sentences: in the mean, or where a mistake does most harm. A little is chance: 24 honest corrections
    lost two of 428 who ask for no more mail."""
    return any(
        figure(now) < figure(before) - SLACK
        for figure in (
            figures.macro_f1,
            lambda judged: figures.of_intent(judged, Intent.UNSUBSCRIBE).recall,
            lambda judged: figures.by_itself(judged).precision,
        )
    )


def calibrate(tried: list[Tried]) -> list[list[float]]:
    """Points (what the model said, how often that was right), by Platt's curve: it rises, and never reaches 0 or 1."""
    # One that went wrong at the top and one that went right at the bottom: what was not seen may still come.
    said = numpy.clip([*(each.probability for each in tried), 0.0, 1.0], 0.01, 0.99)
    right = numpy.array([*(each.right for each in tried), True, False])
    curve = LogisticRegression(C=1e3).fit(numpy.log(said / (1 - said)).reshape(-1, 1), right)
    grid = numpy.linspace(0, 1, 41)
    clipped = numpy.clip(grid, 0.01, 0.99)
    sure = curve.predict_proba(numpy.log(clipped / (1 - clipped)).reshape(-1, 1))[:, 1]
    return [[round(float(at), 3), round(float(value), 4)] for at, value in zip(grid, sure, strict=True)]


def judged(model: bytes, tried: list[Tried]) -> list[tuple[str, Judgement]]:
    """What was right and what was judged, of sentences that the judging model had not seen."""
    classifier = Classifier(json.loads(model), "")
    found = []
    for each in tried:
        folded = fold(each.example.text[:LONGEST])
        sure = classifier.confidence(each.intent, each.probability, findings(folded))
        found.append((each.example.intent, Judgement(each.intent, sure, "", "")))
    return found


def made_of(examples: Iterable[Example]) -> str:
    """Of the sentences and rules: a model that says otherwise was made of others."""
    digest = hashlib.sha256(repr(sorted(set(examples))).encode())
    for file in WORDS:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _fit(
    rows: list[dict[str, float]], intents: numpy.ndarray, weights: list[int]
) -> tuple[list[str], LogisticRegression]:
    """Only what occurs twice is learnt from."""
    often: Counter[str] = Counter()
    for row, weight in zip(rows, weights, strict=True):
        often.update(dict.fromkeys(row, weight))
    counts = DictVectorizer()
    table = counts.fit_transform([{name: value for name, value in row.items() if often[name] > 1} for row in rows])
    with threadpool_limits(1):  # more threads wait for each other longer than they count
        learner = LogisticRegression(C=STRENGTH, max_iter=1000).fit(table, intents, sample_weight=weights)
    return counts.get_feature_names_out().tolist(), learner
