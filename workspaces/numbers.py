"""Amounts as people write them (pure): "$1,117.10K", "48.000,50 €", "CHF 1'200", "(300)"."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal

from babel import Locale
from babel.numbers import list_currencies

FACTORS = {"k": 10**3, "m": 10**6, "mm": 10**6, "mn": 10**6, "mio": 10**6, "b": 10**9, "bn": 10**9, "mrd": 10**9}
AMOUNT = re.compile(
    r"(?P<open>\()?(?P<sign>[-+])?(?P<before>(?:[^\d\s.,'()+-]+\.?)?)(?P<sign2>[-+])?"
    r"(?P<digits>\d[\d.,']*|[.,]\d+)(?P<after>[^\d\s,'()+-]*)(?P<sign3>[-+])?(?P<close>\))?"
)
# "500.-", "500,–" and "500/-": no cents.
NO_CENTS = re.compile(r"(?<=\d)[.,/][-–—]+(?!\d)")
GROUPED = {sign: re.compile(rf"\d{{1,3}}(?:{re.escape(sign)}\d{{2,3}})*{re.escape(sign)}\d{{3}}") for sign in ".,"}
# Longer is no amount.
LENGTH = 60
# What people write for their money besides the codes and CLDR's symbols.
WORDS = ("euro", "euros", "dollar", "dollars", "fr", "sfr", "rs", "us", "kr", "dm")
LOCALES = ("en", "da", "cs", "de", "es", "fr", "hu", "it", "nb", "nl", "pl", "pt", "pt_BR", "ro", "sv")


def parse_amount(text: str, decimal: str = "") -> Decimal:
    """The number that `text` says. `decimal` is the decimal sign ("." or ","); "" works it out from the text alone.

    A lone separator before exactly three digits then groups thousands ("1,117" is 1117).
    Raises ValueError with a message for people.
    """
    problem = f"“{text.strip()[:40]}” is not a number"
    squeezed = re.sub(r"[\s_]", "", unicodedata.normalize("NFKC", text))
    squeezed = NO_CENTS.sub("", squeezed.translate({0x2019: "'", 0x2212: "-"}))
    found = AMOUNT.fullmatch(squeezed) if len(squeezed) <= LENGTH else None
    signs = [found[name] for name in ("sign", "sign2", "sign3", "open") if found[name]] if found else []
    if not found or bool(found["open"]) != bool(found["close"]) or len(signs) > 1:
        raise ValueError(problem)
    factor = _factor(found["after"])
    if factor is None or not _is_currency(found["before"]):
        raise ValueError(problem)
    digits = found["digits"].replace("'", "")
    # Where nothing tells, a separator groups thousands.
    sign = decimal or decimal_sign([digits]) or ("," if "." in digits else ".")
    group = "," if sign == "." else "."
    whole, _, fraction = digits.partition(sign)
    if sign in fraction or group in fraction or (group in whole and not GROUPED[group].fullmatch(whole)):
        raise ValueError(problem)
    value = Decimal(f"{whole.replace(group, '') or '0'}.{fraction or '0'}") * factor
    return -value if signs and signs[0] in "-(" else value


def _factor(after: str) -> int | None:
    """What stands behind the digits multiplies by this; None when it says something else ("kg").

    "k" is a thousand, but "kr" are crowns and "MXN" are pesos; "kkr" and "MEUR" are both.
    """
    word = after.replace(".", "").casefold()
    if word in FACTORS:
        return FACTORS[word]
    if _is_currency(word):
        return 1
    begun = (name for name in FACTORS if word.startswith(name))
    return next((FACTORS[name] for name in begun if _is_currency(word.removeprefix(name))), None)


def _is_currency(word: str) -> bool:
    """Is it a code (EUR), a symbol (€, US$, zł), one of the words above, or nothing?"""
    word = word.removesuffix(".").casefold()
    letters = "".join(sign for sign in word if unicodedata.category(sign) != "Sc")
    return not letters or word in _currencies() or letters in _currencies()


@functools.cache
def _currencies() -> frozenset[str]:
    symbols = (symbol for code in LOCALES for symbol in Locale.parse(code).currency_symbols.values())
    return frozenset(word.casefold().removesuffix(".") for word in (*list_currencies(), *symbols, *WORDS))


def parse_id(text: str) -> int | None:
    """A row's id out of a URL; None for anything else, other scripts' digits and what no column holds included."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


def decimal_sign(values: Iterable[str]) -> str:
    """The decimal sign that a column of amounts uses, "" when no value tells: 1.234,5 and 12,50 do, 1,234 does not."""
    for value in values:
        digits = re.sub(r"[^\d.,]", "", value)
        last = max(digits.rfind("."), digits.rfind(","))
        if last < 0:
            continue
        sign, other = digits[last], "," if digits[last] == "." else "."
        if digits.count(sign) > 1:
            return other
        if other in digits or len(digits) - last - 1 != 3 or last > 3 or digits[:last].strip("0") == "":
            return sign
    return ""
