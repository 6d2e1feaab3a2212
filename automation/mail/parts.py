"""What a message is made of, once parsed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Person:
    """`email` is lower case, as it stands in the header else; "" where there is none."""

    name: str
    email: str


@dataclass(frozen=True)
class Attachment:
    name: str
    type: str
    content: bytes


@dataclass(frozen=True)
class Mail:
    """One message. Ids of messages are without < >; header names are lower case, values decoded, in their order.

    `text` is the plain text (made of `html` where there is none), `html` as it was sent: never show it uncleaned.
    `digest` is the SHA-256 of the raw bytes in hex; `problems` says in words what could not be read.
    """

    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    sender: Person
    to: tuple[Person, ...]
    cc: tuple[Person, ...]
    subject: str
    sent_at: datetime | None
    text: str
    html: str
    calendars: tuple[str, ...]
    attachments: tuple[Attachment, ...]
    headers: Mapping[str, tuple[str, ...]]
    digest: str
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Bounce:
    """`address` did not get our mail. `hard`: it never will; soft: it may on another day."""

    address: str
    reason: str
    hard: bool
