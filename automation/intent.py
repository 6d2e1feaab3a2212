"""What a reply means. Pure: the same text gives the same judgement, and nothing is asked of anybody else.

How it works, and how well: docs/replies.md.
"""

from __future__ import annotations

from automation.intents import Judgement
from automation.wording.model import shipped


def judge(text: str, language: str = "") -> Judgement:
    """`text` is the newest visible text of a reply, without quotes and signature; `language` is a hint ("de") or "".

    Takes whatever was sent: only the first 4,000 signs are read, and nothing in them raises.
    """
    return shipped().judge(text, language)
