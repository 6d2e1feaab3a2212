"""The rules' small language, and the rules themselves (rules/*.txt).

    [declines] not_interested: Says no to what was offered.
    not (really|at all)? interested
    ^ no thanks? $

A rule is words in their order. `(a|b c)` is one of them, `(x)?` and the s of `mails?` may be missing, `inter*` begins so, `...` is up to four words,
`^` is the beginning of the reply, behind a greeting, and `$` its end; `{time}` and the like are named below. Words may have
a comma between them, never the end of a sentence. Rules are written folded (folding.py): small letters, no accents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from automation.intents import Intent
from automation.wording.folding import Folded

RULES = Path(__file__).parent / "rules"
_BETWEEN = r"[^\w.!?]{1,3}"
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_CLAUSE = re.compile(r"[^\s.!?;\n][^.!?;\n]*(?:[.!?]+(?!\w))?")
_WEEKDAYS = (
    r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?s?|montag|dienstag|mittwoch|donnerstag|freitag|lundi|mardi"
    r"|mercredi|jeudi|vendredi|lunes|martes|miercoles|jueves|viernes|segunda(?:-feira)?|terca(?:-feira)?|quarta(?:-feira)?"
    r"|quinta(?:-feira)?|sexta(?:-feira)?|lunedi|martedi|mercoledi|giovedi|venerdi|maandag|dinsdag|woensdag|donderdag|vrijdag"
)
_MONTHS = (
    r"jan(?:uary|uar|vier|eiro|uari)?|feb(?:ruary|ruar|ruari|braio|rero)?|fevrier|fevereiro|mar(?:ch|z|s|zo|co)|maerz|maart"
    r"|apr(?:il|ile)?|avril|abril|may|mai|mayo|maio|maggio|mei|jun[ei]?|juin|junio|junho|giugno|jul[iy]?|juillet|julio|julho"
    r"|luglio|aug(?:ust|ustus)?|aout|agosto|sept?(?:ember|embre|iembre)?|setembro|settembre|oct(?:ober|obre|ubre)?|okt(?:ober)?"
    r"|outubro|ottobre|nov(?:ember|embre|iembre|embro)?|dec(?:ember|embre)?|dez(?:ember|embro)?|diciembre|dicembre|gennaio|enero"
)
_ENDING = r"(?:st|nd|rd|th|er|\.|º)?"
NAMED = {
    "day": rf"(?:{_WEEKDAYS}|today|tomorrow|heute|morgen|demain|aujourd'hui|manana|hoy|amanha|hoje|domani|oggi|vandaag)",
    "month": rf"(?:{_MONTHS})",
    "date": (
        rf"(?:\d{{1,2}}[./-]\d{{1,2}}(?:[./-]\d{{2,4}}|\.)?|\d{{1,2}}{_ENDING},? ?(?:of |de |di )?(?:{_MONTHS})(?: (?:de )?\d{{4}})?"
        rf"|(?:{_MONTHS}) (?:the )?\d{{1,2}}(?:st|nd|rd|th)?|\d{{4}}-\d\d-\d\d|(?:the|am|vom|zum|le|el|dia|il|de) \d{{1,2}}{_ENDING})"
    ),
    "time": (
        r"(?:(?:at|um|a|as|alle|om|@) \d{1,2}(?![\d%.,/-])|\d{1,2}(?:[:.h]\d\d)(?: ?[ap]\.?m\.?| ?uhr| ?h| ?uur)?"
        r"|\d{1,2} ?(?:am|pm|a\.m\.?|p\.m\.?|uhr|h|hrs|heures|horas|uur|o'clock)"
        r"|(?:half|quarter|halb|viertel|kwart) (?:past |to |nach |vor |over |voor )?[a-z]+|noon|midday|mittags|midi)"
    ),
    "email": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "number": r"\d[\d.,]*",
    "year": r"20[2-9]\d",
    "quarter": r"(?:q[1-4]|[1-4]q)",
    "any": r"[\w'-]+",
    "asked": r"[^.!?\n]{0,120}\?",
}


@dataclass(frozen=True)
class Rule:
    """`language` is the file it stands in; `anchors`: a text with none of these pieces cannot hold the rule, so most rules cost nothing."""

    language: str
    group: str
    intent: Intent
    words: str
    expression: str
    anchors: tuple[str, ...]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(self.expression)  # when it is first needed: all at once take seconds


@dataclass(frozen=True)
class Finding:
    rule: Rule
    start: int
    end: int


def expression(words: str) -> tuple[str, tuple[str, ...]]:
    inner = words
    start = r"\A\W*" if inner.startswith("^") else r"(?<![\w@])"
    end = r"\W*\Z" if inner.endswith("$") else r"(?!\w)"
    inner = inner.removeprefix("^").removesuffix("$").strip()
    text, anchors = _sequence(inner)
    return f"{start}({text}){end}", anchors


def _sequence(words: str) -> tuple[str, tuple[str, ...]]:
    built, begun, anchors, between = "", False, (), _BETWEEN
    for part in _parts(words):
        optional = part.endswith((")?", "}?"))
        part = part[:-1] if optional else part
        if part == "...":
            built += rf"(?:{_BETWEEN}[\w'-]+){{0,4}}"
            continue
        text, found = _part(part)
        if optional:
            built += f"(?:{between}{text})?" if begun else f"(?:{text}{_after(part)})?"
            between = between if begun and between == _BETWEEN else _after(part)
            continue
        built += f"{between}{text}" if begun else text
        begun, between = True, _after(part)
        if found and min(map(len, found)) > min(map(len, anchors), default=0):
            anchors = found
    return built, anchors


def _after(part: str) -> str:
    """What stands behind it: an apostrophe needs nothing between itself and the next word (l'offre, m'interesse)."""
    return r"[^\w.!?]{0,3}" if re.search(r"'[|)]|'$", part) else _BETWEEN


def _part(part: str) -> tuple[str, tuple[str, ...]]:
    if part.startswith("("):
        found = [_sequence(choice) for choice in _choices(part[1:-1])]
        anchors = tuple(piece for _, pieces in found for piece in pieces) if all(pieces for _, pieces in found) else ()
        return f"(?:{'|'.join(text for text, _ in found)})", anchors
    if "{" in part:
        return re.sub(r"\{(.+?)\}", lambda name: NAMED[name[1]], part), ()
    pieces = tuple(sorted(re.split(r"\w\?|['*]", part), key=len)[-1:])
    return re.escape(part).replace("'", "'?").replace(r"\*", r"[\w'-]*").replace(r"\?", "?"), pieces


def _parts(words: str) -> list[str]:
    found, depth = [""], 0
    for sign in words:
        depth += (sign in "({") - (sign in ")}")
        if sign == " " and not depth:
            found.append("")
        else:
            found[-1] += sign
    return [part for part in found if part == "..." or re.search(r"\w", part)]


def _choices(words: str) -> list[str]:
    found, depth = [""], 0
    for sign in words:
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and not depth:
            found.append("")
        else:
            found[-1] += sign
    return [choice.strip() for choice in found if _parts(choice)]


@cache
def rules() -> tuple[Rule, ...]:
    found = []
    for file in sorted(RULES.glob("*.txt")):
        group, intent = "", Intent.UNCLEAR
        for line in file.read_text("utf-8").splitlines():
            if not (line := line.strip()) or line.startswith("#"):
                continue
            if line.startswith("["):
                group, _, rest = line[1:].partition("]")
                intent = Intent(rest.partition(":")[0].strip())
            else:
                found.append(Rule(file.stem, group, intent, line, *expression(line)))
    return tuple(found)


@cache
def _small_words() -> dict[str, frozenset[str]]:
    lines = (Path(__file__).parent / "languages.txt").read_text("utf-8").splitlines()
    return {line[:2]: frozenset(line[3:].split()) for line in lines if not line.startswith("#")}


def languages(body: str, hint: str = "") -> set[str]:
    """Whose rules may fit. All of them where nothing speaks for one; a text may be of two."""
    words = _WORD.findall(body)
    counts = {name: sum(word in small for word in words) for name, small in _small_words().items()}
    if hint in counts:
        counts[hint] += 1
    most = max(counts.values())
    return {name for name, count in counts.items() if 2 * count >= most} if most else set(counts)


@cache
def _pieces_of(language: str) -> tuple[list[tuple[str, tuple[int, ...]]], tuple[int, ...]]:
    """(each piece with the places of its rules, the places of rules without one): many rules share a piece, and a piece is
    looked for once."""
    mine = [(place, rule) for place, rule in enumerate(rules()) if rule.language == language]
    held: dict[str, tuple[int, ...]] = {}
    for place, rule in mine:
        for piece in rule.anchors:
            held[piece] = (*held.get(piece, ()), place)
    return list(held.items()), tuple(place for place, rule in mine if not rule.anchors)


def _possible(body: str, language: str) -> list[Rule]:
    """Rules that the text may hold, in their order."""
    places: set[int] = set()
    for name in languages(body, language):
        held, loose = _pieces_of(name)
        places.update(loose)
        for piece, of in held:
            if piece in body:
                places.update(of)
    known = rules()
    return [known[place] for place in sorted(places)]


def findings(folded: Folded, language: str = "") -> list[Finding]:
    """In their order; where two overlap the longer one stands: "not interested" is no "interested"."""
    body = folded.body
    found = [
        Finding(rule, *match.span(1)) for rule in _possible(body, language) for match in rule.pattern.finditer(body)
    ]
    kept: list[Finding] = []
    for finding in sorted(found, key=lambda each: (each.start - each.end, each.start, each.rule.group)):
        if all(finding.end <= other.start or finding.start >= other.end for other in kept):
            kept.append(finding)
    return sorted(kept, key=lambda each: each.start)


def clauses(body: str) -> list[tuple[int, int]]:
    """Where each begins and ends; at least one."""
    return [match.span() for match in _CLAUSE.finditer(body)] or [(0, len(body))]
