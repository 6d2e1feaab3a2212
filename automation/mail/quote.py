"""An answer that stands above what it answers (pure)."""

from __future__ import annotations

import re

LONGEST = 10_000  # letters that are quoted
ANSWER = re.compile(r"\s*(re|aw|antw|sv|rif|res)\s*:\s*", re.IGNORECASE)


def re_line(subject: str) -> str:
    """>>> re_line("Offer"), re_line("AW: Offer"), re_line("")
    ('Re: Offer', 'AW: Offer', 'Re: your mail')
    """
    return subject if ANSWER.match(subject) else f"Re: {subject.strip() or 'your mail'}"


def quoted(text: str, who: str, day: str) -> str:
    r"""
    >>> quoted("One\n\n> two", "Ida", "3 March 2026")
    '\n\nOn 3 March 2026, Ida wrote:\n> One\n>\n>> two'
    """
    lines = text[:LONGEST].strip().splitlines()
    marked = (f">{each}" if each.startswith(">") else f"> {each}".rstrip() for each in lines)
    return f"\n\nOn {day}, {who} wrote:\n" + "\n".join(marked)
