"""The newest text of a mail: what its sender wrote this time, without quotes and signature. `visible_text(mail)`.

The greeting stays; the phrase that ends the mail, the name under it and the signature go. Answers written between the lines
of a quote keep their order. A mail that only passes another on has no text of its own.

Source: how clients quote (quoting.py) and people sign (signing.py); the libraries that do this get less than half right on
mail they were not made for, each for one language at a time.
"""

from __future__ import annotations

import re

from automation.mail.limits import TEXT_LIMIT
from automation.mail.parts import Mail
from automation.mail.quoting import BEGIN_FORWARD, REPLY_ABOVE, RULE, SEPARATOR, attribution_at, fields_at
from automation.mail.signing import (
    BANNER,
    CONTACT,
    DASHED_NAME,
    DELIMITER,
    DEVICE,
    ENDING,
    LONG_RULE,
    NAME,
    NOT_NAMES,
    NOTICE,
    POSTSCRIPT,
    REGARDS,
    ROLE,
    THANKS,
)

LINES_LIMIT = 4_000  # lines of a mail that are looked at
LINE_LIMIT = 2_000  # characters of one line that patterns see
SHORT = 400  # of one that may end a mail
SIGNATURE_LINES = 25
SPACES = str.maketrans(
    {"\xa0": " ", "\u202f": " ", "\u2007": " ", "\u200b": "", "\u200c": "", "\ufeff": "", "\u00ad": ""}
)
BLANKS = re.compile(r"\s{2,}")
QUOTED = re.compile(r"\s{0,3}(?:>|&gt;|\|\s?(?=\S))")
GREETING = re.compile(
    r"\s*[^\W\d_][^.?!:;]{0,40}[,!:]\s*$|\s*(?:hi|hello|hey|dear|hallo|guten|sehr|liebe|bonjour|hola|olá|ciao|buon|beste|hej)\w*\b[^.?!:;]{0,40}$",
    re.I,
)
SENTENCE = re.compile(r"(?:\S+\s+){8,}\S+")


def visible_text(mail: Mail) -> str:
    return newest(mail.text, sender=f"{mail.sender.name} {mail.sender.email.partition('@')[0]}")


def newest(text: str, sender: str = "") -> str:
    """
    >>> newest("Hi Ann,\\n\\nyes, please.\\n\\nBest,\\nBob\\n\\nOn 3 March 2026, Ann wrote:\\n> Shall we?\\n")
    'Hi Ann,\\n\\nyes, please.'
    """
    lines = [line.rstrip() for line in text[:TEXT_LIMIT].translate(SPACES).split("\n")[:LINES_LIMIT]]
    names = {word for word in re.split(r"[^\w'’-]+", sender.lower()) if len(word) > 1}
    stretches = [_without_signature(_without_banner(stretch), names) for stretch in _own(lines)]
    return _joined([stretch for stretch in stretches if any(stretch)])


# Quotes


def _own(lines: list[str]) -> list[list[str]]:
    """Stretches of lines that are not quoted, in their order."""
    stretches: list[list[str]] = [[]]
    seen = [_seen(line) for line in lines]
    at = 0
    while at < len(seen):
        line = seen[at]
        if QUOTED.match(line):
            at = _end_of_quote(seen, at)
            _drop_introduction(stretches[-1])
            stretches.append([])
            continue
        if not line:
            stretches[-1].append(line)
            at += 1
            continue
        if SEPARATOR.match(line) or BEGIN_FORWARD.match(line) or REPLY_ABOVE.search(line):
            _drop_rule(stretches[-1])
            return stretches
        if length := (fields_at(seen, at) or attribution_at(seen, at)):
            _drop_rule(stretches[-1])
            if not _quote_follows(seen, at + length):
                return stretches
            stretches.append([])
            at += length
            continue
        stretches[-1].append(lines[at])
        at += 1
    return stretches


def _seen(line: str) -> str:
    """A line as patterns see it: what runs of blanks do to them is the square of it, or worse."""
    return BLANKS.sub(" ", line[:LINE_LIMIT]).strip()


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
    return len(lines[at - 1]) > 60 and len(lines[at]) < 40 and lines[at - 1][-1] not in ".?!:"


def _drop_introduction(stretch: list[str]) -> None:
    """What stands right over a quote, ends with a colon and names a day or an address, says who is quoted, in any language."""
    while stretch and not stretch[-1]:
        stretch.pop()
    for count in range(1, 4):
        tail = stretch[-count:]
        if len(tail) < count or not all(tail):
            return
        said = " ".join(tail)
        if tail[-1].endswith((":", "：")) and len(said) < 300 and re.search(r"\d{1,4}[.:/-]\d|@", said):
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


# What programs and companies add on top


def _without_banner(stretch: list[str]) -> list[str]:
    """A warning put over the text by the reader's own mail server, and the rest of its paragraph."""
    for _ in range(3):
        first = next((number for number, line in enumerate(stretch) if line and not RULE.match(line)), len(stretch))
        if first == len(stretch) or not BANNER.match(_seen(stretch[first])):
            return stretch
        end = next((number for number in range(first, len(stretch)) if not stretch[number]), len(stretch))
        if end == len(stretch) and end - first > 1:
            end = first + 1  # no blank line under it: the warning is its first line
        rest = stretch[end:]
        if not any(rest):
            return stretch  # nothing else: it is the text
        stretch = rest
    return stretch


# Signatures


def _without_signature(stretch: list[str], names: set[str]) -> list[str]:
    lines = _trimmed(stretch)
    lines, added = _cut(lines, _delimiter(lines))
    lines, _ = _cut(lines, _notice(lines))
    while lines and (DEVICE.match(_seen(lines[-1])) or LONG_RULE.match(lines[-1])):
        lines = _trimmed(lines[:-1])
    if lines and len(lines) > 1 and re.match(r"\s*<?https?://\S+>?\s*$", lines[-1]) and DEVICE.match(_seen(lines[-2])):
        lines = _trimmed(lines[:-2])
    at = _ending([_seen(line)[:SHORT] for line in lines], names)
    lines, more = _cut(lines, at)
    return lines + _postscript(more or added)


def _cut(lines: list[str], at: int) -> tuple[list[str], list[str]]:
    return _trimmed(lines[:at]), lines[at:]


def _trimmed(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and not lines[end - 1]:
        end -= 1
    return lines[:end]


def _delimiter(lines: list[str]) -> int:
    """Where "-- " stands alone, or a rule of underscores with a short rest."""
    for number, line in enumerate(lines):
        if DELIMITER.match(line) and number + 1 < len(lines):
            return number
        if (
            LONG_RULE.match(line)
            and number
            and len([rest for rest in lines[number:] if rest]) <= (SIGNATURE_LINES if "_" in line else 8)
        ):
            return number
    return len(lines)


def _notice(lines: list[str]) -> int:
    for number, line in enumerate(lines):
        if number and not lines[number - 1] and NOTICE.match(_seen(line)):
            return number
    return len(lines)


def _ending(lines: list[str], names: set[str]) -> int:
    """The first line of the phrase that ends the mail, else of the name or the signature under it."""
    filled = [number for number, line in enumerate(lines) if line]
    for number in filled[-SIGNATURE_LINES:]:
        rest = [line for line in lines[number + 1 :] if line]
        said = lines[number].strip().strip(ENDING).strip()
        if len(said) > 160:
            continue
        if REGARDS.fullmatch(said) and _signs(rest, names):
            return _with_thanks(lines, number)
        if THANKS.fullmatch(said) and number != filled[0] and _is_signed(lines[number], rest, names):
            return number
    for number in filled[-SIGNATURE_LINES:]:
        if number != filled[0] and _names_sender(lines[number], names) and _signs(lines[number:], names):
            return number
    last = filled[-1] if filled else 0
    if len(filled) > 1 and DASHED_NAME.match(lines[last]) and not _is_list(lines, last):
        return last
    return _unannounced(lines, filled)


def _with_thanks(lines: list[str], number: int) -> int:
    """ "Thanks," and "Best regards" on two lines are one ending, where the first is no sentence."""
    before = next((at for at in range(number - 1, 0, -1) if lines[at]), 0)
    said = lines[before].strip() if before else ""
    ends = said.endswith((",", "&", " and")) or (said and said[-1].isalpha() and before == number - 1)
    return before if before and ends and THANKS.fullmatch(said.strip(ENDING).removesuffix(" and")) else number


def _signs(rest: list[str], names: set[str]) -> bool:
    """Whether these lines can be a signature: nothing, or first a short line that may be a name, a role or a number."""
    if not rest:
        return True
    first = rest[0].strip()
    if len(rest) > SIGNATURE_LINES or first.endswith("?"):
        return False
    if not (
        _may_be_name(first)
        or _names_sender(first, names)
        or CONTACT.search(first)
        or ROLE.search(first)
        or _is_ending(first)
    ):
        return False
    prose = [
        number for number, line in enumerate(rest) if SENTENCE.match(line) and line.rstrip().endswith((".", "!", "?"))
    ]
    told = [
        number
        for number, line in enumerate(rest)
        if CONTACT.search(line) or NOTICE.match(line) or POSTSCRIPT.match(line)
    ]
    return not prose or bool(told and told[0] <= prose[0])


def _is_signed(thanks: str, rest: list[str], names: set[str]) -> bool:
    """Thanks end a mail over a name; as a sentence over another ending, or as the last word, they are what was said."""
    if not rest:
        return thanks.endswith(",")
    return _signs(rest, names) and not (thanks.rstrip().endswith((".", "!")) and _is_ending(rest[0]))


def _is_ending(line: str) -> bool:
    said = line.strip().strip(ENDING)
    return bool(REGARDS.fullmatch(said) or THANKS.fullmatch(said))


def _may_be_name(line: str) -> bool:
    """
    >>> _may_be_name("Ann-Marie O'Neil"), _may_be_name("see you on Tuesday")
    (True, False)
    """
    said = line.strip().strip("*_").strip()
    if len(said) > 50 or not NAME.match(said):
        return False
    words = re.findall(r"[^\W\d_][\w'’.-]*", said)
    return words[0][0].isupper() or len(words) == 1


def _names_sender(line: str, names: set[str]) -> bool:
    """Whether a line says nothing but (part of) the sender's name."""
    words = [word.strip(".,'’-").lower() for word in re.findall(r"[\w'’-]+", line)]
    return (
        bool(names)
        and 0 < len(words) <= 4
        and all(word in names or len(word) == 1 for word in words)
        and words[0] in names
    )


def _is_list(lines: list[str], number: int) -> bool:
    return number > 0 and bool(re.match(r"\s*[-–—*•]\s", lines[number - 1]))


def _unannounced(lines: list[str], filled: list[int]) -> int:
    """A name, alone or over contact details, in a last paragraph of its own, with something said before it."""
    starts = [number for number in filled if number and not lines[number - 1]]
    for number in starts[-3:]:
        rest = [line for line in lines[number:] if line]
        said = rest[0].strip().strip(ENDING)
        if not (before := [line for line in lines[:number] if line]):
            continue
        if not _may_be_name(said) or said.lower() in NOT_NAMES or (len(before) == 1 and GREETING.match(before[0])):
            continue
        capitals = all(word[0].isupper() for word in said.split() if word[0].isalpha())
        if (
            len(rest) > 1
            and capitals
            and sum(bool(CONTACT.search(line) or ROLE.search(line)) for line in rest[1:])
            and _signs(rest, set())
        ):
            return number
        alone = (
            len(rest) == 1
            and capitals
            and len(said.split()) <= 3
            and before[-1].rstrip().endswith((".", "!", "?", ")"))
        )
        if (
            alone
            and not any(word.lower() in NOT_NAMES for word in said.split())
            and not rest[0].strip().endswith((".", "!"))
        ):
            return number
    return len(lines)


def _postscript(cut: list[str]) -> list[str]:
    """What comes after the name and was meant to be read."""
    for number, line in enumerate(cut):
        if POSTSCRIPT.match(line):
            end = next((at for at in range(number, len(cut)) if not cut[at]), len(cut))
            return ["", *cut[number:end]]
    return []
