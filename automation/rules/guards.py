"""What keeps rules from running away (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

MOST_DEEP = 3  # rules that follow from one another
MOST_OFTEN = 1000  # runs of a rule within
WITHIN = timedelta(hours=1)


def looped(rule: int, before: Sequence[tuple[int, str]]) -> str:
    """Why a rule is not to run in a chain of rules (id, name), the last first; "" where it may.

    >>> looped(1, [(2, "B"), (1, "A")])
    'Stopped: it ran in this chain already (A, B, then this one again).'
    >>> looped(4, [(3, "C"), (2, "B"), (1, "A")])
    'Stopped: 3 rules have followed from one another already (A, B, C).'
    >>> looped(2, [(1, "A")])
    ''
    """
    names = ", ".join(name for _, name in reversed(before))
    if any(rule == each for each, _ in before):
        return f"Stopped: it ran in this chain already ({names}, then this one again)."
    if len(before) >= MOST_DEEP:
        return f"Stopped: {MOST_DEEP} rules have followed from one another already ({names})."
    return ""
