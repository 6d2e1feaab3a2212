"""One stretch of text that a person wrote, without what programs put over it and without the ending, the name and the signature.

Used by visible.py; what endings and signatures are made of is in signing.py. In doubt a line stays: a reply cut short says
something else.
"""

from __future__ import annotations

import re

from automation.mail.quoting import RULE
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
    OF_DEVICE,
    PARTICLES,
    POSTSCRIPT,
    REGARDS,
    REGARDS_AND_NAME,
    ROLE,
    THANKS,
    THANKS_AND_NAME,
)

LINE_LIMIT = 2_000  # characters of one line that patterns see
SHORT = 400  # of one that may end a mail
SIGNATURE_LINES = 25
BLANKS = re.compile(r"\s{2,}")
GREETING = re.compile(
    r"\s*[^\W\d_][^.?!:;]{0,40}[,!:]\s*$|\s*(?:hi|hello|hey|dear|hallo|guten|sehr|liebe|bonjour|hola|olá|ciao|buon|beste|hej)\w*\b[^.?!:;]{0,40}$",
    re.I,
)
SENTENCE = re.compile(r"(?:\S+\s+){8,}\S+")


def seen(line: str) -> str:
    """A line as patterns see it: what runs of blanks do to them is the square of it, or worse."""
    return BLANKS.sub(" ", line[:LINE_LIMIT]).strip()


def letters(lines: list[str]) -> str:
    return "".join(letter for line in lines for letter in line if letter.isalnum())


# What programs and companies add on top


def without_banner(stretch: list[str]) -> list[str]:
    """A warning put over the text by the reader's own mail server, and the rest of its paragraph."""
    for _ in range(3):
        first = next((number for number, line in enumerate(stretch) if line and not RULE.match(line)), len(stretch))
        if first == len(stretch) or not BANNER.match(seen(stretch[first])):
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


def without_marked(stretch: list[str], signature: str) -> list[str]:
    if not signature:
        return stretch
    for number in range(len(stretch) - 1, max(-1, len(stretch) - 1 - 2 * SIGNATURE_LINES), -1):
        said = letters(stretch[number:])
        if said == signature:
            return stretch[: number - 1] if number and DELIMITER.match(stretch[number - 1]) else stretch[:number]
        if len(said) > len(signature):
            return stretch
    return stretch


def without_signature(stretch: list[str], names: set[str]) -> list[str]:
    lines = _trimmed(stretch)
    lines, _ = _cut(lines, _device(lines))
    lines, added = _cut(lines, _delimiter(lines))
    lines, _ = _cut(lines, _notice(lines))
    while lines and (DEVICE.match(seen(lines[-1])) or LONG_RULE.match(lines[-1])):
        lines = _trimmed(lines[:-1])
    if lines and len(lines) > 1 and re.match(r"\s*<?https?://\S+>?\s*$", lines[-1]) and DEVICE.match(seen(lines[-2])):
        lines = _trimmed(lines[:-2])
    at = _ending([seen(line)[:SHORT] for line in lines], names)
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
    """Where "-- " stands alone, or a rule of underscores with a short rest, or a rule over an address and numbers."""
    for number, line in enumerate(lines):
        if DELIMITER.match(line) and number + 1 < len(lines):
            return number
        if number and LONG_RULE.match(line):
            rest = [each for each in lines[number + 1 :] if each]
            told = sum(bool(CONTACT.search(each[:SHORT])) for each in rest) >= 2 and not any(map(SENTENCE.match, rest))
            if len(rest) < (SIGNATURE_LINES if "_" in line or told else 8):
                return number
    return len(lines)


def _device(lines: list[str]) -> int:
    """What a device adds stands under what is new: whatever follows it is older, though nothing else says so."""
    for number in range(1, len(lines) - 1):
        if not lines[number - 1] and not lines[number + 1]:
            line = seen(lines[number])
            if len(line) < 80 and DEVICE.match(line) and OF_DEVICE.search(line):
                return number
    return len(lines)


def _notice(lines: list[str]) -> int:
    for number, line in enumerate(lines):
        if number and not lines[number - 1] and NOTICE.match(seen(line)):
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
        if (
            number != filled[0]
            and len(rest) <= 12
            and _ends_with_name(said, names)
            and (not rest or _signs(rest, names))
        ):
            return number
    for number in filled[-SIGNATURE_LINES:]:
        if number != filled[0] and _names_sender(lines[number], names) and _signs(lines[number:], names):
            return number
    last = filled[-1] if filled else 0
    if len(filled) > 1 and lines[last - 1].endswith(",") and _is_name(lines[last]) and filled[-2] != filled[0]:
        return last
    if len(filled) > 1 and DASHED_NAME.match(lines[last]) and not _is_list(lines, last):
        return last
    return _unannounced(lines, filled)


def _ends_with_name(said: str, names: set[str]) -> bool:
    """ "Best, Ann" in one line. "Thanks Ann" may be said to Ann, unless she is who writes."""
    if found := REGARDS_AND_NAME.fullmatch(said):
        name = found["name"]
        return name[0].isupper() and name.lower() not in NOT_NAMES and (_may_be_name(name) and len(name.split()) <= 3)
    found = THANKS_AND_NAME.fullmatch(said)
    return bool(found and _names_sender(found["name"], names))


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


def _is_name(line: str, most: int = 3) -> bool:
    """A line that is a name by its capitals, and no answer."""
    words = [word for word in line.strip(ENDING).split() if word not in PARTICLES]
    return (
        0 < len(words) <= most
        and all(word[0].isupper() for word in words if word[0].isalpha())
        and _may_be_name(line)
        and not any(word.strip(ENDING).lower() in NOT_NAMES for word in words)
    )


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
    """A name, alone or over contact details, with something said before it."""
    starts = [number for number in filled if number and not lines[number - 1]]
    for number in starts[-3:]:
        rest = [line for line in lines[number:] if line]
        told = any(CONTACT.search(line) or ROLE.search(line) for line in rest[1:])
        if told and _is_name(rest[0], most=5) and _says(lines[:number]) and _signs(rest, set()):
            return number
    last = filled[-1] if filled else 0
    if not last or not _says(lines[:last]) or not _is_name(lines[last]) or lines[last].endswith((".", "!")):
        return len(lines)
    words, before = len(lines[last].split()), next(line for line in reversed(lines[:last]) if line)
    ended = before.endswith((".", "!", "?", ")"))
    apart = not lines[last - 1]
    return last if (apart and (ended or words > 1)) or (ended and words == 1) else len(lines)


def _says(lines: list[str]) -> bool:
    """Whether there is more than a greeting."""
    said = [line for line in lines if line]
    return len(said) > 1 or bool(said and not GREETING.match(said[0]))


def _postscript(cut: list[str]) -> list[str]:
    """What comes after the name and was meant to be read."""
    for number, line in enumerate(cut):
        if POSTSCRIPT.match(line):
            end = next((at for at in range(number, len(cut)) if not cut[at]), len(cut))
            return ["", *cut[number:end]]
    return []
