"""What replies mean: single judgements, what hostile text may not do, and the figures on replies never trained on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automation.intent import judge
from automation.intents import Intent
from automation.wording import figures

APART = Path(__file__).parent / "data" / "replies_apart.jsonl"


@pytest.mark.parametrize(
    ("text", "intent", "phrase"),
    [
        ("We're not interested, thank you.", "not_interested", "not interested"),
        ("No budget now, circle back in Q3.", "not_now", "No budget now"),
        ("How much does it cost?", "info_request", "How much does it cost"),
        ("What does it cost? We want to order this week.", "interested", "want to order"),
        ("No thanks, and remove me from your list.", "unsubscribe", "remove me from your list"),
        ("Tuesday at 3pm works for me, see you then.", "meeting_booked", "Tuesday at 3pm"),
        ("Jim Hale is no longer with the company. Please write to info@hale.example.", "auto_reply", "no longer with"),
        ("I am out of the office until Monday, 3 March.", "out_of_office", "out of the office"),
        ("Kein Interesse, danke.", "not_interested", "Kein Interesse"),
        ("Oui, votre offre m’intéresse beaucoup, appelez-moi.", "interested", "intéresse"),
    ],
)
def test_judges_by_what_is_said(text, intent, phrase):
    found = judge(text)
    assert (found.intent, phrase in found.phrase, found.phrase in text) == (intent, True, True), found


def test_nothing_is_unclear():
    assert judge("") == judge(" \n\t") == judge("\u200b")
    assert judge("").intent == Intent.UNCLEAR
    assert judge("").phrase == ""


def test_version_names_the_classifier():
    assert judge("yes").version == judge("no").version
    assert judge("yes").version.startswith("words-")


@given(st.text(max_size=400))
@settings(max_examples=150, deadline=None)
def test_takes_any_text(text):
    found = judge(text)
    assert found.phrase in text
    assert 0 <= found.confidence <= 1


@pytest.mark.parametrize(
    "text", ["a" * 2_000_000, "not " * 500_000, "\ud800" * 9000, "(" * 9000, "no, " * 9000 + "yes"]
)
def test_takes_huge_and_broken_text(text):
    assert judge(text).phrase in text


@pytest.fixture(scope="module")
def apart() -> figures.Judged:
    rows = [json.loads(line) for line in APART.read_text("utf-8").splitlines()]
    return [(row["intent"], judge(row["text"], row["language"])) for row in rows]


def test_how_well_it_judges_replies_it_never_saw(apart):
    """The set kept apart: nobody who works on rules or sentences reads it. The goal for macro-F1 is 0.90 and not reached
    yet (docs/replies.md): what is asserted is that no change makes it worse unseen."""
    print("\n" + "\n".join(figures.report(apart)))
    assert figures.macro_f1(apart) >= 0.86


def test_what_is_done_without_asking_is_right(apart):
    acted = figures.by_itself(apart)
    assert acted.precision >= 0.97
    assert acted.recall >= 0.75


def test_a_confidence_says_how_often_it_is_right(apart):
    off = sum(band.count * abs(band.said - band.right) for band in figures.calibration(apart)) / len(apart)
    assert off < 0.05
