"""The replies kept apart measure the reading of intents and are never tuned on: their form is checked here, no more."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from automation.intents import Intent

APART = Path(__file__).parent / "data" / "replies_apart.jsonl"
LANGUAGES = {"en", "de", "fr", "es", "pt", "it", "nl"}
# A bounce is told by its form, not by its words.
FEWEST = {intent: 28 for intent in Intent if intent is not Intent.BOUNCE} | {
    Intent.INTERESTED: 60,
    Intent.MEETING_BOOKED: 40,
    Intent.NOT_INTERESTED: 45,
    Intent.INFO_REQUEST: 45,
}


@pytest.fixture(scope="module")
def replies() -> list[dict[str, str]]:
    return [json.loads(line) for line in APART.read_text(encoding="utf-8").splitlines()]


def test_each_line_is_a_text_an_intent_and_a_language(replies):
    for reply in replies:
        assert list(reply) == ["text", "intent", "language"]
        assert reply["text"] == reply["text"].strip() != ""
        assert reply["intent"] in FEWEST
        assert reply["language"] in LANGUAGES


def test_there_are_enough_of_each_intent(replies):
    counts = Counter(reply["intent"] for reply in replies)
    assert len(replies) >= 360
    assert {intent: counts[intent] for intent in FEWEST if counts[intent] < FEWEST[intent]} == {}


def test_about_half_are_english_and_every_other_language_is_there(replies):
    counts = Counter(reply["language"] for reply in replies)
    assert 0.5 <= counts["en"] / len(replies) <= 0.6
    assert min(counts[language] for language in LANGUAGES) >= 20


def test_every_intent_is_there_in_every_language(replies):
    found = {(reply["intent"], reply["language"]) for reply in replies}
    assert found == {(intent.value, language) for intent in FEWEST for language in LANGUAGES}


def test_no_reply_is_there_twice(replies):
    """Neither word for word nor with another case, spacing or punctuation."""
    counts = Counter("".join(filter(str.isalnum, reply["text"].casefold())) or reply["text"] for reply in replies)
    assert [text for text, count in counts.items() if count > 1] == []
