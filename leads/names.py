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
        "company",
        "corp",
        "corporation",
        "gmbh",
        "group",
        "holding",
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


def name_key(name: str) -> str:
    """A company's name without case, accents, punctuation and legal form: "Müller & Söhne GmbH" -> "muller sohne".

    >>> name_key("ACME Corp.") == name_key("Acme Corporation")
    True
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode() or name
    words = re.sub(r"[^\w\s]", " ", plain.casefold()).split()
    kept = [word for word in words if word not in LEGAL]
    return " ".join(kept or words)[:200]


def squash(text: str) -> str:
    """Only letters and digits, small: "GTX Pro" and "GTXPro" are one."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text)).casefold()


def domain_of(text: str) -> str:
    """The bare domain of a website or address: "https://www.Acme.com/shop" -> "acme.com"; "" when there is none."""
    text = text.strip().lower()
    if not text or " " in text:
        return ""
    host = urlsplit(text if "//" in text else f"//{text.rpartition('@')[2]}").hostname or ""
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
