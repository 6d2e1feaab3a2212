"""Words for the person at the terminal: progress on stderr, failures with a way out."""

from __future__ import annotations

import sys


class Failed(Exception):
    """Something ./run could not do. The text says what happened and what to do about it."""


def say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)
