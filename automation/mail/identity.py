"""Which message this is, however often and by whichever way it is delivered (pure)."""

from __future__ import annotations

import hashlib
import re

# Only these two lines matter, and they must be found in bytes that no parser can read: so no parser is asked.
ID = re.compile(rb"^message-id:(?:[ \t]|\r?\n[ \t])*(<[^<>\s]+>|[^\s<>]+)", re.IGNORECASE | re.MULTILINE)
FROM = re.compile(rb"^from:(.*(?:\r?\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)
ADDRESS = re.compile(rb"[^\s<>,;:\"]{1,64}@[^\s<>,;:\"]{1,255}")
LONGEST_HEAD = 256 * 1024


def key_of(raw: bytes) -> str:
    """64 hex digits: of the Message-ID and the sender's address, else of the bytes.

    With the sender, because ids are known to whoever has had a mail of the thread: one who sends another under the same id
    must not make the true one pass for a duplicate.

    >>> key_of(b"From: A <a@x.example>\\nMessage-ID: <1@x>\\n\\nhi") == key_of(b"Message-id: <1@x>\\nFrom: a@X.example\\n\\nhi again")
    True
    >>> key_of(b"From: a@x.example\\nMessage-ID: <1@x>\\n\\nhi") == key_of(b"From: b@x.example\\nMessage-ID: <1@x>\\n\\nhi")
    False
    >>> key_of(b"Message-ID:\\nX: 1\\nFrom: a@x.example\\n\\nhi") == key_of(b"Message-ID:\\nX: 1\\nFrom: a@x.example\\n\\nho")
    False
    >>> key_of(b"hi") == key_of(b"hi"), key_of(b"hi") == key_of(b"ho"), len(key_of(b""))
    (True, False, 64)
    """
    head = re.split(rb"\r?\n\r?\n", raw[:LONGEST_HEAD], maxsplit=1)[0]
    found = ID.search(head)
    if found is None:
        return hashlib.sha256(raw).hexdigest()
    sender = FROM.search(head)
    address = ADDRESS.search(sender[1]) if sender else None
    return hashlib.sha256(found[1] + b"\n" + (address[0].lower() if address else b"")).hexdigest()
