"""Flat placeholders of templates: {first_name} (pure). No engine: a name of the map is replaced once, all else is text."""

from __future__ import annotations

import re
from collections.abc import Mapping

FIELDS = {
    "first_name": "Their first name",
    "last_name": "Their last name",
    "name": "Their whole name",
    "title": "Their job title",
    "company": "Their company",
    "deal": "The deal",
    "sender_name": "Your name",
    "sender_email": "Your address",
    "workspace": "Your company",
}
BRACED = re.compile(r"\{([^{}\n]{0,80})\}")


def unknown(text: str) -> list[str]:
    """What stands in braces and is no placeholder.

    >>> unknown("Hi {first_name}, {{7*7}} {name.__class__} {}")
    ['{7*7}', '{name.__class__}', '{}']
    """
    return [found[0] for found in BRACED.finditer(text) if found[1] not in FIELDS]


def fill(text: str, values: Mapping[str, str]) -> tuple[str, list[str]]:
    """(the text with its placeholders filled in, those that had nothing to fill in). What is filled in is not read again.

    >>> fill("Hi {first_name} of {company}: {x}", {"first_name": "{company}", "company": ""})
    ('Hi {company} of : {x}', ['company'])
    """
    empty: list[str] = []

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in FIELDS:
            return found[0]
        if not values.get(name) and name not in empty:
            empty.append(name)
        return values.get(name, "")

    return BRACED.sub(value, text), empty
