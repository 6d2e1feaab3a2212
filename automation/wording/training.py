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
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from automation.intents import Intent
from automation.wording.features import features
from automation.wording.folding import fold
from automation.wording.model import LONGEST, POSITIVE
from automation.wording.patterns import findings

SENTENCES = Path(__file__).parent / "training.jsonl"
FOLDS = 5
STRENGTH = 8.0
UNIT = 0.01  # weights are kept as whole numbers of this
LEAST = 4  # weights that are all smaller change nothing and are left out


class Example(NamedTuple):
    text: str
    intent: str
    language: str


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


def counted(example: Example) -> dict[str, float]:
    folded = fold(example.text[:LONGEST])
    return features(folded, findings(folded))


def train(examples: Iterable[Example]) -> tuple[bytes, list[Tried]]:
    """The model as it is written to disk, the same bytes for the same examples, and how cross-validation went."""
    examples = sorted(set(examples))
    rows = [counted(example) for example in examples]
    intents = numpy.array([example.intent for example in examples])
    tried = cross_validate(examples, rows, intents)
    names, learner = _fit(rows, intents)
    weights = numpy.rint(learner.coef_.T / UNIT).astype(int)
    model = {
        "examples": len(examples),
        "intents": [str(each) for each in learner.classes_],
        "unit": UNIT,
        "bias": numpy.rint(learner.intercept_ / UNIT).astype(int).tolist(),
        "calibration": {
            "positive": calibrate([each for each in tried if each.intent in POSITIVE]),
            "other": calibrate([each for each in tried if each.intent not in POSITIVE]),
        },
        "weights": {
            name: row.tolist() for name, row in zip(names, weights, strict=True) if abs(row).max(initial=0) >= LEAST
        },
    }
    return (json.dumps(model, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n").encode(), tried


def cross_validate(examples: list[Example], rows: list[dict[str, float]], intents: numpy.ndarray) -> list[Tried]:
    found: dict[int, Tried] = {}
    for known, unknown in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(rows, intents):
        names, learner = _fit([rows[place] for place in known], intents[known])
        counts = DictVectorizer().fit([dict.fromkeys(names, 1.0)])
        for place, probabilities in zip(
            unknown, learner.predict_proba(counts.transform([rows[place] for place in unknown])), strict=True
        ):
            best = probabilities.argmax()
            found[place] = Tried(examples[place], Intent(learner.classes_[best]), float(probabilities[best]))
    return [found[place] for place in sorted(found)]


def calibrate(tried: list[Tried]) -> list[list[float]]:
    """Points (what the model said, how often that was right), rising; never quite 0 or 1."""
    said = numpy.array([each.probability for each in tried])
    right = numpy.array([float(each.right) for each in tried])
    # One that went wrong at the top and one that went right at the bottom: what was not seen may still come.
    curve = IsotonicRegression(y_min=0.02, y_max=0.995, out_of_bounds="clip").fit(
        numpy.append(said, [0.0, 1.0]), numpy.append(right, [1.0, 0.0])
    )
    grid = numpy.linspace(0, 1, 21)
    smooth = [float(numpy.mean(curve.predict(numpy.clip([at - 0.04, at, at + 0.04], 0, 1)))) for at in grid]
    return [[round(float(at), 2), round(value, 4)] for at, value in zip(grid, smooth, strict=True)]


def digest(examples: Iterable[Example]) -> str:
    return hashlib.sha256(repr(sorted(set(examples))).encode()).hexdigest()


def _fit(rows: list[dict[str, float]], intents: numpy.ndarray) -> tuple[list[str], LogisticRegression]:
    """Only what occurs twice is learnt from."""
    often = Counter(name for row in rows for name in row)
    counts = DictVectorizer()
    table = counts.fit_transform([{name: value for name, value in row.items() if often[name] > 1} for row in rows])
    return counts.get_feature_names_out().tolist(), LogisticRegression(C=STRENGTH, max_iter=1000).fit(table, intents)
