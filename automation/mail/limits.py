"""How much of a message is looked at. The raw bytes are kept whole elsewhere; nothing here throws anything away."""

from __future__ import annotations

import re
from collections import Counter

RAW_LIMIT = 30_000_000  # bytes of a message
TEXT_LIMIT = 500_000  # characters of text
HTML_LIMIT = 400_000  # characters of markup read for its text; data: addresses are taken out first
PARTS_LIMIT = 500
DEPTH_LIMIT = 300  # open elements: the time to put markup in order grows with the square of it,
TAG_LIMIT = 5_000  # and with that of the characters and
WORDS_LIMIT = 3_000  # words in one tag,
VALUES_LIMIT = 40_000  # of the values given,
ENTITIES_LIMIT = 100_000  # and of the ampersands

TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,30})")
TAG_BEGINS = re.compile(r"<[a-zA-Z]")
CLOSE_THEMSELVES = {"p", "li", "td", "th", "tr", "dd", "dt", "option", "br", "hr", "img", "meta", "link", "input", "col",
    "base", "area", "wbr", "source", "tbody", "thead", "tfoot", "body", "html", "head"}  # fmt: skip


def is_hostile(html: str) -> bool:
    """Whether this markup was made to keep a reader busy: no mail needs so much of what takes long."""
    if html.count("&") > ENTITIES_LIMIT or html.count("=") > VALUES_LIMIT:
        return True
    return _is_long_tag(html) or _is_deep(html)


def _is_long_tag(html: str) -> bool:
    for piece in html.split(">"):
        if len(piece) > TAG_LIMIT and (begins := TAG_BEGINS.search(piece)):
            tag = piece[begins.start() :]
            if len(tag) > TAG_LIMIT and len(tag.split(None, WORDS_LIMIT)) > WORDS_LIMIT:
                return True
    return False


def _is_deep(html: str) -> bool:
    still_open: Counter[str] = Counter()
    depth = 0
    for closing, name in TAG.findall(html):
        name = name.lower()
        if name in CLOSE_THEMSELVES:
            continue
        if not closing:
            still_open[name] += 1
            depth += 1
            if depth > DEPTH_LIMIT:
                return True
        elif still_open[name]:
            still_open[name] -= 1
            depth -= 1
    return False
