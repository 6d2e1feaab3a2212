"""A text as rules compare it: small letters without accents, one kind of apostrophe and dash, no invisible signs.

Whatever is found in it can be shown in the words of the text itself: each place knows where it came from.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_AS = {"ß": "s", "ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "a", "œ": "o", "¿": " ", "¡": " "}
_AS |= dict.fromkeys("’‘‛`´ʼ＇", "'") | dict.fromkeys("‐‑‒–—−", "-") | dict.fromkeys("\t\v\f\r\x85\u2028", " ")
_GREETING = re.compile(
    r"\s*(?:(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|morning|hallo|guten (?:tag|morgen|abend)|moin|servus"
    r"|liebe[rs]?|sehr geehrte[r]?|bonjour|bonsoir|salut|chere?|madame|monsieur|hola|buen[oa]s (?:dias|tardes|noches)"
    r"|estimad[oa]s?|ola|bom dia|boa (?:tarde|noite)|caro|cara|prezad[oa]s?|ciao|buongiorno|buonasera|salve|gentile"
    r"|egregio|beste|geachte|goede(?:morgen|middag|navond)|dag|hoi)(?!\w)[^\n,.!?:;-]{0,40}[\n,.!:;-]+\s*)"
)


class _Table(dict):
    def __missing__(self, code: int) -> str:
        sign = chr(code)
        category = unicodedata.category(sign)
        if category in ("Mn", "Me", "Cf", "Cs"):  # accents standing alone, joiners, halves of a pair: nothing to read
            found = ""
        else:
            small = unicodedata.normalize("NFKD", sign.lower())[:1] or sign
            found = _AS.get(sign.lower(), _AS.get(small, small))
        self[code] = found
        return found


_TABLE = _Table()
_TABLE[ord("\n")] = "\n"


@dataclass(frozen=True)
class Folded:
    """`body` is `text` folded, without the greeting; `places[i]` is where its sign i stands in `text`."""

    text: str
    body: str
    places: range | list[int]

    def words(self, start: int, end: int) -> str:
        """What stands in the text there, verbatim."""
        if end <= start:
            return ""
        return self.text[self.places[start] : self.places[end - 1] + 1]


def fold(text: str) -> Folded:
    whole = text.translate(_TABLE)
    places: range | list[int] = range(len(text))
    if len(whole) != len(text):
        places = [place for place, sign in enumerate(text) if _TABLE[ord(sign)]]
    greeting = _GREETING.match(whole)
    start = greeting.end() if greeting and greeting.end() < len(whole) else 0
    return Folded(text, whole[start:], places[start:])
