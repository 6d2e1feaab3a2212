"""How people and companies are drawn: initials on one of eleven tones (static/css/tokens.css)."""

from __future__ import annotations

from zlib import crc32

TONES = ("violet", "blue", "teal", "pink", "orange", "sky", "green", "amber", "slate")


def initials(name: str) -> str:
    """Two letters: of the first and last word, else the first two."""
    words = [word for word in name.split() if word[:1].isalnum()]
    if not words:
        return name[:1].upper() or "?"
    return (words[0][0] + words[-1][0] if len(words) > 1 else words[0][:2]).upper()


def tone_of(pk: int | None) -> str:
    """Always the same tone for the same record."""
    return TONES[(pk or 0) % len(TONES)]


def tone_of_name(name: str) -> str:
    """Always the same tone for the same word, whatever its case."""
    return tone_of(crc32(name.lower().encode()))
