"""Names, domains, addresses and numbers as they are compared (pure)."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

import phonenumbers

LEGAL = frozenset(
    [
        "ag",
        "bv",
        "co",
        "corp",
        "corporation",
        "gmbh",
        "inc",
        "incorporated",
        "kg",
        "limited",
        "llc",
        "lp",
        "ltd",
        "nv",
        "oy",
        "plc",
        "sa",
        "sarl",
        "sas",
        "spa",
        "srl",
        "ab",
        "as",
        "aps",
    ]
)


UNSEEN = re.compile("[\u034f\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # they choose how a sign is drawn
# Accents, and the points of Hebrew and Arabic that most writers leave out. Other marks are letters of their script.
ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u0652]")
# Within an abbreviation: "S.A." is SA.
POINTS = re.compile(r"(?<=\b\w)\.(?=\w\b)")


def name_key(name: str) -> str:
    """A company's name without case, accents, punctuation and legal form: "Müller & Söhne GmbH" -> "muller sohne".

    Empty for an empty name alone; then it is nobody's.

    >>> name_key("ACME Corp.") == name_key("Acme Corporation")
    True
    >>> name_key("Ёлка") == name_key("ЕЛКА"), name_key("Альфа 24") == name_key("Бета 24")
    (True, False)
    """
    small = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    words = _letters(unicodedata.normalize("NFKC", ACCENTS.sub("", POINTS.sub("", small))), " ").split()
    kept = [word for word in words if word not in LEGAL]
    return (" ".join(kept or words) or "".join(name.casefold().split()))[:200]


def squash(text: str) -> str:
    """Only letters and digits, small: "GTX Pro" and "GTXPro" are one. What has neither ("🔥") is itself."""
    small = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _letters(small, "") or "".join(text.casefold().split())


def _letters(text: str, between: str) -> str:
    """Letters, digits and the marks that belong to them, of all scripts; `between` for all else, nothing for what is
    unseen. "" where there is neither letter nor digit."""
    kinds = ((c, unicodedata.category(c)) for c in UNSEEN.sub("", text))
    found = "".join(c if kind[0] in "LNM" else "" if kind == "Cf" else between for c, kind in kinds)
    return found if any(unicodedata.category(c)[0] in "LN" for c in found) else ""


def domain_of(text: str) -> str:
    """The bare domain of a website or address: "https://www.Acme.com/shop" -> "acme.com"; "" when there is none."""
    text = text.strip().lower()
    if not text or " " in text:
        return ""
    try:
        host = urlsplit(text if "//" in text else f"//{text.rpartition('@')[2]}").hostname or ""
    except ValueError:  # http://[foo
        return ""
    host = host.removeprefix("www.").rstrip(".")
    return host if "." in host else ""


def normalise_email(text: str) -> str:
    return text.strip().strip("<>").lower()


def normalise_phone(text: str, region: str | None = None) -> str:
    """E.164 (+4930123456), or "" when it cannot be one. `region` (DE) reads numbers without country code."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return ""
    return (
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if phonenumbers.is_possible_number(number)
        else ""
    )


def full_name(first: str, last: str) -> str:
    return f"{first} {last}".strip()


def split_name(name: str) -> tuple[str, str]:
    """First and last name of a written-out one; "Last, First" too."""
    if "," in name:
        last, _, first = name.partition(",")
        return first.strip(), last.strip()
    first, _, last = name.strip().rpartition(" ")
    return (first, last) if first else (last, "")
