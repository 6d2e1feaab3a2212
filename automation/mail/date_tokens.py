"""Text to the tokens of dates.py: each language's words for days, spans and seasons as the one that stands for them.

A month is "<month3>", a day of the week "<day0>" (Monday), a date written in numbers "<2026-3-12>" (year 0 where none is said;
with "?" at the end where it may be something else), a quarter "<q3>", half a year "<h2>".
"""

from __future__ import annotations

import re
from functools import cache

from babel.dates import get_day_names, get_month_names

from automation.mail.date_words import WORDS

NUMERIC = re.compile(r"(?<![\d./])(?<!\d-)(\d{1,2})([./-])(\d{1,2})(?:\2(\d{4}|\d{2})(?!\d)|(\.)(?!\d)|(?![\d./-]))")
ISO = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
WORD = re.compile(r"\d+|[^\W\d_]+(?:['’\-/][^\W\d_]+)*['’]?|<[^>]*>|[.,;:!?\n()]")
ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th|er|ère|e|º|ª|°|\.(?=\s*[^\W\d]))(?=[\s.,)]|$)")
QUARTER_NAME = re.compile(r"\b(?:q|t|kw?q)\s?([1-4])\b", re.IGNORECASE)
HALF_NAME = re.compile(r"\b(?:h|s|hy)([12])\b", re.IGNORECASE)
MONTH_FIRST = {"en"}


def tokens(text: str, language: str) -> list[str]:
    language = language if language in WORDS else ""
    text = text.replace("’", "'").replace("\xa0", " ").replace("<", " ").lower()
    first_month = language in MONTH_FIRST
    text = ISO.sub(lambda m: f" <{int(m[1])}-{int(m[2])}-{int(m[3])}> ", text)
    text = NUMERIC.sub(lambda m: _numeric(m, first_month=first_month), text)
    text = QUARTER_NAME.sub(r" <q\1> ", text)
    text = HALF_NAME.sub(r" <h\1> ", text)
    text = ORDINAL.sub(" ", text)
    words = WORD.findall(text)
    table, longest = _table(language)
    found: list[str] = []
    at = 0
    while at < len(words):
        for length in range(min(longest, len(words) - at), 0, -1):
            if token := table.get(" ".join(words[at : at + length])):
                found += token.split()
                at += length
                break
        else:
            found += _parts(words[at], table)
            at += 1
    return found


def _parts(word: str, table: dict[str, str]) -> list[str]:
    """A word as it stands, or the two that a hyphen or an apostrophe joins: mid-march, l'été, mi-mars."""
    pieces = [piece for piece in re.split(r"(?<=')|-", word) if piece]
    if len(pieces) > 1 and any(piece in table for piece in pieces):
        return [table.get(piece, piece) for piece in pieces]
    return [word]


def _numeric(match: re.Match[str], *, first_month: bool) -> str:
    one, two = int(match[1]), int(match[3])
    month_first = (first_month and match[2] == "/" and one <= 12) or two > 12
    month, day = (one, two) if month_first else (two, one)
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match[0]
    year = int(match[4]) if match[4] else 0
    year += 2000 if 0 < year < 100 else 0
    sure = "" if match[4] or match[5] else "?"  # 3.5 may be anything
    return f" <{year}-{month}-{day}{sure}> "


@cache
def _table(language: str) -> tuple[dict[str, str], int]:
    table: dict[str, str] = {}
    for name in [language] if language else list(WORDS):
        for line in WORDS[name].strip().splitlines():
            token, _, words = line.strip().partition(":")
            for word in words.split():
                said, _, other = word.replace("_", " ").partition("=")
                table.setdefault(said, other or token)
        for width in ("wide", "abbreviated") if language else ("wide",):
            for context in ("format", "stand-alone"):
                for number, month in get_month_names(width, context, name).items():
                    table.setdefault(month.lower().rstrip("."), f"<month{number}>")
                for number, day in get_day_names(width, context, name).items():
                    table.setdefault(day.lower().rstrip("."), f"<day{number}>")
    if language in {"", "de"}:
        table |= {"jänner": "<month1>", "sonnabend": "<day5>"}
    if language == "pt":
        table |= {
            f"{day}-feira": f"<day{number}>"
            for number, day in enumerate(("segunda", "terça", "quarta", "quinta", "sexta"))
        }
    if language == "en":
        table |= {"sept": "<month9>"}
    return table, max(len(said.split()) for said in table)
