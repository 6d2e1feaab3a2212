"""Bytes to text that a database can keep: the declared charset, then UTF-8, then the likeliest one (charset-normalizer).

Source: RFC 2047 for headers; what mailers do wrong, for the rest.
"""

from __future__ import annotations

import codecs
import re
from email.errors import HeaderParseError
from email.header import decode_header

from charset_normalizer import from_bytes

SAMPLE = 20_000  # bytes looked at to tell a charset: the guess takes a second on a megabyte
ENOUGH = 16  # bytes beyond ASCII to tell one charset from another: with fewer it is the West's
HEADER_LIMIT = 20_000  # characters of one header
# Text to Python, but slow or never meant for mail: a mail that names one of these is lying.
NOT_FOR_MAIL = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# What ends a line or hides in one, in any alphabet: a header is one line.
BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
HIDDEN = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")  # turn the direction of text, or are a BOM


def decoded(content: bytes, charset: str = "") -> str:
    """Any bytes as text, with plain line ends and nothing PostgreSQL refuses."""
    text = _strict(content, charset) if charset else None
    if text is None or ("\ufffd" in text):
        text = _strict(content, "utf-8")
    if text is None:
        foreign = sum(byte > 127 for byte in content[:SAMPLE])
        best = from_bytes(content[:SAMPLE]).best() if foreign >= ENOUGH else None
        guess = best.encoding if best else "cp1252"
        text = content.decode(guess if is_charset(guess) else "cp1252", "replace")
    return storable(text)


def storable(text: str) -> str:
    return UNSTORABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def is_charset(name: str) -> bool:
    try:
        return codecs.lookup(name).name.replace("-", "_") not in NOT_FOR_MAIL
    except (LookupError, ValueError, UnicodeError):
        return False


def _strict(content: bytes, charset: str) -> str | None:
    name = charset.strip().strip("\"'").lower()
    if not is_charset(name):
        return None
    try:
        return content.decode(name)
    except (LookupError, ValueError):  # not a text encoding, or not this one
        return None


def header_text(value: str) -> str:
    """A header as it came in (surrogates for bytes that are not ASCII) as one clean line.

    >>> header_text("=?utf-8?q?Gr=C3=BC=C3=9Fe=0D=0ABcc:_x@y.example?=")
    'Grüße Bcc: x@y.example'
    """
    value = value[:HEADER_LIMIT]
    words: list[str] = []
    said = _without_surrogates(value)
    try:
        pieces = decode_header(said)
    except (HeaderParseError, ValueError):  # encoded wrongly: it is shown as it stands
        pieces = [(said, None)]
    for word, charset in pieces:
        words.append(word if isinstance(word, str) else decoded(word, charset or ""))
    return HIDDEN.sub("", BREAKS.sub(" ", "".join(words))).strip()


def _without_surrogates(value: str) -> str:
    if value.isascii():
        return value
    return decoded(value.encode("utf-8", "surrogateescape"), "utf-8")
