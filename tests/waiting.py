"""Waiting for another process or thread: until something is so, never for a length of time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(ask: Callable[[], T], what: str = "", *, seconds: float = 10) -> T:
    """What `ask` says, once it says something true. Fails after `seconds`, naming `what` was waited for."""
    end = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what or ask}"
        time.sleep(0.02)
    return answer
