"""The address that answers to a mail of ours go to: it names the mail, and is signed (pure; safety.md, T13).

`sales+r.1z.k3v…@acme.example`: the id of the message, and an HMAC of it that only this workspace's mails have. Whoever
made one up, or brings one of another workspace, has named nothing.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import base36_to_int, int_to_base36

TOKEN = re.compile(r"\+r\.([0-9a-z]{1,13})\.([a-z2-7]{16})@", re.IGNORECASE)
LONGEST_LOCAL = 64  # letters before the @ (RFC 5321)
LONGEST = 20_000  # letters of headers that are looked at
MOST = 20  # tokens of one mail that are tried


def reply_address(address: str, workspace_id: int, message_id: int) -> str:
    """`address` with the token of a message; as it is where that would be too long."""
    local, at, domain = address.rpartition("@")
    made = f"{local}+r.{int_to_base36(message_id)}.{sign(workspace_id, message_id)}"
    return f"{made}@{domain}" if at and len(made) <= LONGEST_LOCAL else address


def named_message(headers: Iterable[str], workspace_id: int) -> int | None:
    """The id of the message of this workspace that an address in these headers names.

    >>> found = reply_address("sales@acme.example", 7, 123456)
    >>> named_message([f"Sales <{found.upper()}>"], 7), named_message([found], 8), named_message(["a+r.1.aaaaaaaaaaaaaaaa@x"], 7)
    (123456, None, None)
    """
    text = " ".join(headers)[:LONGEST]
    for number, found in enumerate(TOKEN.finditer(text)):
        if number == MOST:
            break
        message_id = base36_to_int(found[1].lower())
        keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        if message_id < 2**63 and any(
            constant_time_compare(sign(workspace_id, message_id, key), found[2].lower()) for key in keys
        ):
            return message_id
    return None


def sign(workspace_id: int, message_id: int, key: str = "") -> str:
    """16 letters: 80 bits, which none can try out by mail."""
    made = salted_hmac("automation.reply", f"{workspace_id}/{message_id}", key or None, algorithm="sha256").digest()
    return base64.b32encode(made[:10]).decode().lower()
