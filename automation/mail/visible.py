"""The newest text of a mail: what its sender wrote this time, without quotes and signature. `visible_text(mail)`.

The greeting stays; the phrase that ends the mail, the name under it and the signature go. Answers written between the lines
of a quote keep their order. A mail that only passes another on has no text of its own.

Source: how clients quote (quoting.py) and people sign (signing.py); the libraries that do this get less than half right on
mail they were not made for, each for one language at a time.
"""

from __future__ import annotations

import re

from automation.mail.endings import letters, seen, without_banner, without_marked, without_signature
from automation.mail.html_text import text_of_html
from automation.mail.limits import TEXT_LIMIT
from automation.mail.parts import Mail
from automation.mail.quoting import (
    BEGIN_FORWARD,
    DASHED,
    REPLY_ABOVE,
    RULE,
    SEPARATOR,
    WROTE,
    attribution_at,
    fields_at,
)

LINES_LIMIT = 4_000  # lines of a mail that are looked at
SPACES = str.maketrans(
    {"\xa0": " ", "\u202f": " ", "\u2007": " ", "\u200b": "", "\u200c": "", "\ufeff": "", "\u00ad": ""}
)
QUOTED = re.compile(r"\s{0,3}(?:>|&gt;|\|\s?(?=\S))")


def visible_text(mail: Mail) -> str:
    sender = f"{mail.sender.name} {mail.sender.email.partition('@')[0]}"
    return newest(mail.text, sender, _marked_signature(mail))


def has_quote(text: str) -> bool:
    r"""Whether another mail stands in it, or a line of one: what else is cut off is how its sender signs.

    >>> has_quote("Yes.\n\n> When?"), has_quote("Yes.\n\nBest regards\nIda")
    (True, False)
    """
    lines = text.split("\n")[:LINES_LIMIT]
    return any(
        QUOTED.match(line)
        or SEPARATOR.match(line)
        or BEGIN_FORWARD.match(line)
        or bool(line.strip() and (attribution_at(lines, at) or fields_at(lines, at)))
        for at, line in enumerate(lines)
    )


def _marked_signature(mail: Mail) -> str:
    """The letters of the signature that only the HTML beside the text marks as one."""
    if not mail.html or "ignature" not in mail.html or "\n-- \n" in mail.text:
        return ""
    lines = text_of_html(mail.html).split("\n")
    if "-- " not in lines:
        return ""
    rest = lines[lines.index("-- ") + 1 :]
    ends = next(
        (
            at
            for at, line in enumerate(rest)
            if QUOTED.match(line) or RULE.match(line) or (line and attribution_at(rest, at))
        ),
        len(rest),
    )
    return letters(rest[:ends])


def newest(text: str, sender: str = "", signature: str = "") -> str:
    """
    >>> newest("Hi Ann,\\n\\nyes, please.\\n\\nBest,\\nBob\\n\\nOn 3 March 2026, Ann wrote:\\n> Shall we?\\n")
    'Hi Ann,\\n\\nyes, please.'
    """
    lines = [line.rstrip() for line in text[:TEXT_LIMIT].translate(SPACES).split("\n")[:LINES_LIMIT]]
    names = {word for word in re.split(r"[^\w'’-]+", sender.lower()) if len(word) > 1}
    stretches = [without_marked(without_banner(stretch), signature) for stretch in _own(lines)]
    stretches = [without_signature(stretch, names) for stretch in stretches]
    return _joined([stretch for stretch in stretches if any(stretch)])


# Quotes


def _own(lines: list[str]) -> list[list[str]]:
    """Stretches of lines that are not quoted, in their order."""
    stretches: list[list[str]] = [[]]
    plain = [seen(line) for line in lines]
    at = 0
    while at < len(plain):
        line = plain[at]
        if QUOTED.match(line):
            at = _end_of_quote(plain, at)
            _drop_introduction(stretches[-1])
            stretches.append([])
            continue
        if not line:
            stretches[-1].append(line)
            at += 1
            continue
        if SEPARATOR.match(line) or DASHED.match(line) or BEGIN_FORWARD.match(line) or REPLY_ABOVE.search(line):
            _drop_rule(stretches[-1])
            return stretches
        if length := (fields_at(plain, at) or attribution_at(plain, at)):
            _drop_rule(stretches[-1])
            if not _quote_follows(plain, at + length):
                return stretches
            stretches.append([])
            at += length
            continue
        stretches[-1].append(lines[at])
        at += 1
    return stretches


def _quote_follows(lines: list[str], at: int) -> bool:
    return next((bool(QUOTED.match(line)) for line in lines[at : at + 12] if line), False)


def _end_of_quote(lines: list[str], at: int) -> int:
    """Past the quoted lines, and past the ends of long ones that a client wrapped and did not mark."""
    while at < len(lines) and (QUOTED.match(lines[at]) or _is_wrapped(lines, at)):
        at += 1
    return at


def _is_wrapped(lines: list[str], at: int) -> bool:
    if not lines[at] or at + 1 == len(lines) or not QUOTED.match(lines[at + 1]):
        return False
    return len(lines[at - 1]) > 60 and len(lines[at]) < 60 and lines[at - 1][-1] not in ".?!:"


def _drop_introduction(stretch: list[str]) -> None:
    """What stands right over a quote, ends with a colon and names a day or an address, says who is quoted, in any language."""
    while stretch and not stretch[-1]:
        stretch.pop()
    for count in range(1, 4):
        tail = stretch[-count:]
        if len(tail) < count or not all(tail):
            return
        said = " ".join(tail)
        named = re.search(r"\d{1,4}[.:/-]\d|@", said) or (count == 1 and len(said) < 80 and WROTE.search(said))
        if tail[-1].endswith((":", "：")) and len(said) < 300 and named:
            if re.search(r"[.?!]\s", re.sub(r"\b\w{1,5}\.", "", said)):
                return
            del stretch[-count:]
            return


def _drop_rule(stretch: list[str]) -> None:
    while stretch and (not stretch[-1] or RULE.match(stretch[-1])):
        stretch.pop()


def _joined(stretches: list[list[str]]) -> str:
    text = "\n\n".join("\n".join(stretch).strip("\n") for stretch in stretches)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
