"""Raw bytes to a `Mail` (parts.py): `read(raw)`, which never raises, whatever it is given.

Source: RFC 5322, 2045–2049 and 2231 by the standard library's parser with the old policy (compat32), which breaks on far
fewer broken mails than the new one; each thing asked of it is asked under guard, and what could not be read is said in
`problems`. A message made of more parts than mail has is read flat, part after part, so that nothing recurses.
"""

from __future__ import annotations

import binascii
import hashlib
import mimetypes
import quopri
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime
from typing import TypeVar

from automation.mail.decoding import decoded, header_text, storable
from automation.mail.html_text import text_of_html
from automation.mail.limits import PARTS_LIMIT, RAW_LIMIT, TEXT_LIMIT
from automation.mail.parts import Attachment, Mail, Person

T = TypeVar("T")

NESTING_LIMIT = 25  # declarations of parts in parts: beyond it the message is read flat,
LINES_LIMIT = 2_000  # as it is beyond so many lines that could begin a part
STRUCTURE_LIMIT = 2_000_000  # or so many bytes: the parser goes line by line
HEADER_LIMIT = 4_000  # characters of a header that says what a part is
HEAD_LIMIT = 200_000  # bytes of headers: with more, the message is read flat, and only so many of them
HEADERS_LIMIT = 1_000
PEOPLE_LIMIT = 500
ADDRESSES_LIMIT = 20_000  # characters of one list of addresses
REFERENCES_LIMIT = 100
BOUNDARY = re.compile(rb"""boundary\s*=\s*(?:"([^"\r\n]{1,200})"|([^\s;"]{1,200}))""", re.IGNORECASE)
BEGINS = re.compile(rb"\n--([^\r\n]*)")
HEAD_ENDS = re.compile(rb"\r?\n\r?\n")
HOLDS_PARTS = re.compile(rb"^content-type:\s*multipart/", re.IGNORECASE | re.MULTILINE)
MESSAGE_ID = re.compile(r"<([^<>\s]{1,500})>")
KIND = re.compile(r"[a-z0-9][a-z0-9.+_-]{0,80}/[a-z0-9][a-z0-9.+_-]{0,80}")
KNOWN_HEADERS = {"from", "to", "subject", "date", "message-id", "received", "return-path", "mime-version", "content-type",
    "sender", "reply-to", "delivered-to", "in-reply-to", "references", "x-mailer"}  # fmt: skip
ENCODED_WORD = re.compile(r"=\?[^?\s]{1,60}\?[bBqQ]\?[^?]{0,2000}\?=")
SET_ASIDE = re.compile(r"ENCODED(\d{1,6})WORD")
NEEDS_HTML = re.compile(
    r"(?:does ?n[o']t|not|cannot|can't) (?:support|display|view|show|read)[^.]{0,60}html|html[- ]capable", re.I
)
# Bytes written as =3D and lines ended with = that nobody declared: a mail somebody saved half decoded.
QUOTED_PRINTABLE = re.compile(r"=(?:[0-9A-F]{2})(?:=[0-9A-F]{2})|=\n")
WHOLE_MESSAGES = {"message/rfc822", "message/delivery-status", "message/global", "message/feedback-report",
    "message/disposition-notification", "message/global-delivery-status", "message/partial"}  # fmt: skip


def read(raw: bytes) -> Mail:
    """
    >>> mail = read(b"From: Ann <Ann@X.example>\\nSubject: =?utf-8?q?=C3=9C?=\\n\\nYes, please.\\n")
    >>> mail.sender, mail.subject, mail.text
    (Person(name='Ann', email='ann@x.example'), 'Ü', 'Yes, please.\\n')
    """
    return _Reading(raw).mail()


class _Part(Message):
    """A message or part whose description is looked at as far as one can be sensibly long. `body` is its undecoded content
    where it was read flat, and is all of it."""

    body: bytes | None = None

    def get(self, name: str, failobj=None):
        for key, value in self.raw_items():
            if key.lower() == name.lower():
                return str(value)[:HEADER_LIMIT]
        return failobj


class _Reading:
    """One message being read: what was found so far, and what went wrong on the way."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.problems: list[str] = []
        self.plain: list[str] = []
        self.html: list[str] = []
        self.calendars: list[str] = []
        self.attachments: list[Attachment] = []
        self.headers: dict[str, tuple[str, ...]] = {}
        self.addresses: dict[str, list[str]] = {}

    def attempt(self, what: str, default: T, call: Callable[..., T], *args: object) -> T:
        """The parser may raise anything on a mail made to break it; the mail is read without that one thing."""
        try:
            return call(*args)
        except Exception as error:  # ours is the last word here: the raw bytes are kept, and the problem is shown
            self.note(f"{what} could not be read ({type(error).__name__})")
            return default

    def note(self, problem: str) -> None:
        if problem not in self.problems and len(self.problems) < 20:
            self.problems.append(problem)

    def mail(self) -> Mail:
        raw = self.raw
        if len(raw) > RAW_LIMIT:
            self.note("the message is very long: only its beginning was read")
            raw = raw[:RAW_LIMIT]
        message = self.attempt("the message", Message(), self.parse, raw)
        self.attempt("the headers", None, self.read_headers, message)
        if KNOWN_HEADERS.isdisjoint(self.headers):
            self.note("there are no headers: all of it was taken for text")
            self.attempt("the text", None, self.read_bare, raw)
        else:
            self.attempt("the parts", None, self.read_parts, message, raw)
        html = "\n".join(self.html)[: 4 * TEXT_LIMIT]
        return Mail(
            message_id=next(iter(self.ids("message-id")), ""),
            in_reply_to=self.ids("in-reply-to"),
            references=self.ids("references"),
            sender=next(iter(self.people("from") or self.people("sender")), Person("", "")),
            to=self.people("to"),
            cc=self.people("cc"),
            subject=self.first("subject"),
            sent_at=self.attempt("the date", None, self.date),
            text=self.attempt("the text", "", self.text, html),
            html=html,
            calendars=tuple(self.calendars),
            attachments=tuple(self.attachments),
            headers=self.headers,
            digest=hashlib.sha256(self.raw).hexdigest(),
            problems=tuple(self.problems),
        )

    # The structure

    def parse(self, raw: bytes) -> Message:
        return bare_part(raw) if self.is_flat(raw) else BytesParser(_Part).parsebytes(raw)

    def is_flat(self, raw: bytes) -> bool:
        """Whether the parser would be led too deep, or kept too long, by all the parts there seem to be."""
        if len(raw) > STRUCTURE_LIMIT or (len(raw) > HEAD_LIMIT and not HEAD_ENDS.search(raw, 0, HEAD_LIMIT)):
            return True
        small = raw.lower()
        nests = small.count(b"boundary") + small.count(b"content-type: message/")
        return nests > NESTING_LIMIT or (nests > 0 and raw.count(b"\n--") > LINES_LIMIT)

    def read_parts(self, message: Message, raw: bytes) -> None:
        parts = self.flat_parts(message, raw) if self.is_flat(raw) else self.parts(message)
        for number, part in enumerate(parts):
            if number >= PARTS_LIMIT:
                self.note("there are very many parts: the later ones were not read")
                return
            self.attempt("a part", None, self.read_part, part)

    def parts(self, message: Message) -> Iterator[Message]:
        """Leaves, in their order, without recursion. A message within the message is a leaf: it is not what was written now."""
        waiting = [message]
        while waiting:
            part = waiting.pop()
            inside = part.get_payload()
            whole = part.get_content_type() in WHOLE_MESSAGES and part is not message
            if isinstance(inside, list) and not whole:
                waiting.extend(each for each in reversed(inside) if isinstance(each, Message))
            else:
                yield part

    def flat_parts(self, message: Message, raw: bytes) -> Iterator[Message]:
        if message.get_content_maintype() not in {"multipart", "message"}:
            yield message
            return
        self.note("there are too many parts, or too much of them: they were read one after the other")
        boundaries = set(declared(raw))
        marks = [
            mark for mark in BEGINS.finditer(raw) if (said := mark[1].rstrip()) in boundaries or said[:-2] in boundaries
        ]
        ends = [mark.start() for mark in marks[1:]] + [len(raw)]
        for mark, end in zip(marks, ends, strict=False):
            piece = re.sub(rb"^\r?\n", b"", raw[mark.end() : end], count=1)
            if piece.strip() and not HOLDS_PARTS.search(piece[:HEADER_LIMIT]):
                yield bare_part(piece)

    def read_part(self, part: Message) -> None:
        kind = self.attempt("a content type", "text/plain", part.get_content_type)
        if not KIND.fullmatch(kind):
            kind = "text/plain" if kind.startswith("text") else "application/octet-stream"
        name = self.attempt("a file name", "", self.file_name, part, kind)
        filed = self.attempt("a disposition", "", lambda: part.get_content_disposition() or "") == "attachment"
        content = self.attempt("the content of a part", b"", self.content, part)
        if kind in {"text/calendar", "application/ics"}:
            self.calendars.append(decoded(content[:TEXT_LIMIT], self.charset(part)))
        elif kind == "text/plain" and not filed and not name:
            self.plain.append(decoded(content[: 4 * TEXT_LIMIT], self.charset(part))[:TEXT_LIMIT])
            return
        elif kind == "text/html" and not filed and not name:
            self.html.append(decoded(content[: 8 * TEXT_LIMIT], self.charset(part)))
            return
        if content or name:
            self.attachments.append(Attachment(name=name or self.made_name(kind), type=kind, content=content))

    def charset(self, part: Message) -> str:
        return self.attempt("a charset", "", lambda: str(part.get_content_charset("") or ""))

    def content(self, part: Message) -> bytes:
        body = part.body if isinstance(part, _Part) else None
        encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
        try:
            if body is not None and encoding in {"", "7bit", "8bit", "binary"}:
                return body
            if body is not None and encoding == "base64":
                return binascii.a2b_base64(body)
            inside = part.get_payload()
            if isinstance(inside, list):  # a whole message: as it stands in this one
                return b"\n\n".join(each.as_bytes() for each in inside[:PARTS_LIMIT] if isinstance(each, Message))
            if body is not None:
                part.set_payload(body.decode("ascii", "surrogateescape"))
            content = part.get_payload(decode=True)
        except (ValueError, AssertionError, LookupError, binascii.Error):
            self.note("the content of a part is not encoded as it says")
            content = body if body is not None else str(part.get_payload()).encode("utf-8", "surrogateescape")
        return content if isinstance(content, bytes) else b""

    def file_name(self, part: Message, kind: str) -> str:
        name = header_text(part.get_filename("") or "")
        name = re.split(r"[/\\:]", name)[-1].strip(" .")
        name = re.sub(r'[<>:"|?*\x00-\x1f]', "", name)
        stem, dot, ending = name.rpartition(".")
        if dot and len(ending) <= 16:
            return f"{stem[:120]}.{ending}"
        return name[:120]

    def made_name(self, kind: str) -> str:
        ending = (
            {"message/rfc822": ".eml", "text/calendar": ".ics"}.get(kind) or mimetypes.guess_extension(kind) or ".bin"
        )
        return f"attachment-{len(self.attachments) + 1}{ending}"

    def read_bare(self, raw: bytes) -> None:
        text = decoded(raw[: 4 * TEXT_LIMIT])
        if len(QUOTED_PRINTABLE.findall(text)) > 1:
            text = decoded(quopri.decodestring(text.encode()))
        is_html = re.match(
            r"\s*(?:<\?xml[^>]{0,200}>\s*)?<(?:!doctype|html|head|body|div|meta|style|table|span|p[ >])",
            text,
            re.IGNORECASE,
        )
        (self.html if is_html else self.plain).append(text)

    # The headers

    def read_headers(self, message: Message) -> None:
        found: dict[str, list[str]] = {}
        for number, (name, value) in enumerate(message.raw_items()):
            if number >= HEADERS_LIMIT:
                self.note("there are very many headers: the later ones were not read")
                break
            name = storable(str(name)).strip().lower()[:200]
            value = str(value)
            if name in {"from", "sender", "to", "cc", "reply-to"}:
                self.addresses.setdefault(name, []).append(value[:ADDRESSES_LIMIT])
            found.setdefault(name, []).append(self.attempt(f"the header {name}", "", header_text, value))
        self.headers = {name: tuple(values) for name, values in found.items()}

    def first(self, name: str) -> str:
        return next(iter(self.headers.get(name, ())), "")

    def ids(self, name: str) -> tuple[str, ...]:
        said = " ".join(self.headers.get(name, ()))
        found = MESSAGE_ID.findall(said) or [word for word in said.split()[:1] if "@" in word and len(word) <= 500]
        return tuple(dict.fromkeys(found[-REFERENCES_LIMIT:]))

    def people(self, name: str) -> tuple[Person, ...]:
        """Split before they are decoded: an encoded name may hold commas, and may not add anybody."""
        words: list[str] = []

        def set_aside(word: re.Match[str]) -> str:
            words.append(word[0])
            return f"ENCODED{len(words) - 1}WORD"

        values = [ENCODED_WORD.sub(set_aside, value) for value in self.addresses.get(name, [])]
        pairs: list[tuple[str, str]] = self.attempt(f"the addresses of {name}", [], lambda: getaddresses(values))
        found: dict[Person, None] = {}
        for said, address in pairs[:PEOPLE_LIMIT]:
            said = SET_ASIDE.sub(lambda number: words[int(number[1])] if int(number[1]) < len(words) else "", said)
            email = header_text(address).lower() if "@" in address else ""
            person = Person(self.attempt("a name", "", header_text, said)[:300], email if len(email) <= 320 else "")
            if person.name or person.email:
                found[person] = None
        return tuple(found)

    def date(self) -> datetime | None:
        said = self.first("date")
        if not said:
            return None
        sent = parsedate_to_datetime(said)
        sent = sent.replace(tzinfo=UTC) if sent.tzinfo is None else sent.astimezone(UTC)
        return sent if 1980 <= sent.year <= 2200 else None

    # The text

    def text(self, html: str) -> str:
        plain = "\n".join(self.plain)[:TEXT_LIMIT]
        if html and (not plain.strip() or (len(plain) < 500 and NEEDS_HTML.search(plain))):
            return storable(text_of_html(html)) or plain
        return plain


def declared(raw: bytes) -> Iterator[bytes]:
    """The boundaries that any part names. Found by plain search: a pattern takes a second on a long message."""
    small, at = raw.lower(), -1
    while (at := small.find(b"boundary", at + 1)) >= 0:
        if named := BOUNDARY.match(raw, at):
            yield named[1] or named[2]


def bare_part(raw: bytes) -> _Part:
    """Headers and the rest as it stands, however much that is and whatever it seems to be made of."""
    starts = re.match(rb"\r?\n", raw)  # no headers at all
    head = starts or HEAD_ENDS.search(raw)
    ends = head.end() if head else len(raw)
    part: _Part = BytesParser(_Part).parsebytes(raw[:ends][:HEAD_LIMIT], headersonly=True)
    part.body = raw[ends:]
    return part
