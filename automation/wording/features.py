"""What of a reply is counted: words, pieces of words, meanings that seven languages share, and what the rules found."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from automation.wording.folding import Folded
from automation.wording.patterns import NAMED, Finding

_TOKEN = re.compile(
    rf"(?P<email>{NAMED['email']})|(?P<link>https?://\S+|www\.\S+)|(?P<time>\d{{1,2}}(?:[:h]\d\d| ?(?:am|pm|uhr|uur|h))(?!\w))"
    rf"|(?P<month>(?:{NAMED['month']})(?!\w))|(?P<day>(?:{NAMED['day']})(?!\w))|(?P<number>\d[\d.,/]*)"
    r"|(?P<word>[^\W\d_]+(?:['-][^\W\d_]+)*)|(?P<end>[.!?\n]+)|(?P<sign>[^\w\s,;:'\"()<>\-*_/|#&%+=\[\]{}~`^@$\\])"
)
_BUT = re.compile(
    r"(?<!\w)(?:but|however|though|although|still|yet|only|except|unfortunately|sadly|afraid|simply|in the end|aber|jedoch"
    r"|allerdings|trotzdem|nur|leider|doch|mais|cependant|toutefois|seulement|malheureusement|pero|sin embargo|aunque"
    r"|lamentablemente|mas|porem|contudo|infelizmente|ma|tuttavia|purtroppo|maar|echter|helaas|alleen)(?!\w)"
)
# What a rule is worth beside the words: more, and the model trusts the rules further than they carry.
RULES = 0.25
DENIED = 4  # words
_ENDS = re.compile(r"[.!?](?=\s|$)")
_LENGTHS = (2, 4, 7, 12, 20, 35, 60)


@cache
def _concepts() -> tuple[dict[str, str], dict[str, str]]:
    whole, begun = {}, {}
    for line in (Path(__file__).parent / "concepts.txt").read_text("utf-8").splitlines():
        name, _, words = line.partition(":")
        if not line.startswith("#"):
            for word in words.split():
                (begun if word.endswith("*") else whole).setdefault(word.rstrip("*"), name)
    return whole, begun


@cache
def concept(word: str) -> str:
    whole, begun = _concepts()
    if word in whole:
        return whole[word]
    return next((begun[word[:size]] for size in range(len(word), 2, -1) if word[:size] in begun), "")


def features(folded: Folded, found: list[Finding]) -> dict[str, float]:
    """By name; the blocks of n-grams are weighed so that long replies weigh as much as short ones."""
    sentences, signs = _sentences(folded.body)
    words = [word for sentence in sentences for word in sentence]
    counted = dict.fromkeys(_rules(found), RULES)
    counted[f"size {sum(len(words) > length for length in _LENGTHS)}"] = RULES
    counted |= dict.fromkeys((f"sign {sign}" for sign in signs), RULES)
    if ends := _ENDS.findall(folded.body):
        counted |= dict.fromkeys((f"opens {ends[0]}", f"closes {ends[-1]}"), RULES)
    last, turn = sentences[-1:], _sentences(_turn(folded.body))[0][:1]
    for names, weight in (
        ([f"w {name}" for sentence in sentences for name in _grams(["^", *sentence, "$"], 1, 3)], 2.0),
        ([f"m {name}" for sentence in sentences for name in _grams(["^", *_meanings(sentence), "$"], 1, 3)], 2.0),
        ([f"c {name}" for word in words for name in _pieces(word)], 1.5),
        ([f"n {name}" for sentence in sentences for name in _denied(sentence)], 2.0),
        # What counts is said at the end, and behind a "but".
        ([f"l {name}" for sentence in last for name in _grams(sentence, 1, 2)], 3.4),
        ([f"lm {name}" for sentence in last for name in _grams(_meanings(sentence), 1, 2)], 3.4),
        ([f"b {name}" for sentence in turn for name in _grams(sentence, 1, 2)], 2.1),
        ([f"bm {name}" for sentence in turn for name in _grams(_meanings(sentence), 1, 2)], 2.1),
    ):
        different = set(names)
        share = weight / math.sqrt(len(different) or 1)
        counted |= dict.fromkeys(different, share)
    return counted


def _turn(body: str) -> str:
    """What stands behind the last "but"; "" where nothing turns."""
    ends = [match.end() for match in _BUT.finditer(body)]
    return body[ends[-1] :] if ends else ""


def _sentences(body: str) -> tuple[list[list[str]], list[str]]:
    found: list[list[str]] = [[]]
    signs = []
    for match in _TOKEN.finditer(body):
        kind, text = match.lastgroup, match.group()
        if kind == "end":
            found.append([])
            signs += ["?"] * ("?" in text) + ["!"] * ("!" in text)
        elif kind == "sign":
            signs.append(text)
        else:
            found[-1].append(text if kind == "word" else f"<{kind}>")
    return [sentence for sentence in found if sentence], signs


def _meanings(sentence: list[str]) -> list[str]:
    return [word if word.startswith("<") else concept(word) for word in sentence if word[0] == "<" or concept(word)]


def _denied(sentence: list[str]) -> Iterable[str]:
    """What a "not" reaches: the few words behind it."""
    reach = 0
    for word in sentence:
        meaning = concept(word)
        if meaning == "neg":
            reach = DENIED
        elif reach and not word.startswith("<"):
            reach -= 1
            yield meaning or word


def _grams(words: list[str], least: int, most: int) -> Iterable[str]:
    for size in range(least, most + 1):
        for start in range(len(words) - size + 1):
            yield " ".join(words[start : start + size])


def _pieces(word: str) -> Iterable[str]:
    marked = f" {word} "
    for size in (3, 4, 5):
        for start in range(len(marked) - size + 1):
            yield marked[start : start + size]


def _rules(found: list[Finding]) -> Iterable[str]:
    for finding in found:
        yield f"r {finding.rule.group}"
    if not found:
        yield "r nothing"
        return
    yield f"first {found[0].rule.intent}"
    yield f"last {found[-1].rule.intent}"
    if found[0].start == 0:
        yield f"starts {found[0].rule.intent}"
