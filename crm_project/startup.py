"""What a web process does once, after loading and before its first request."""

from __future__ import annotations

import gc

from workspaces.checks import refuse_unsafe_role


def settle() -> None:
    """Refuse an unsafe database role; then spare the garbage collector what was loaded, for it stays anyway.

    A page makes some 30,000 short-lived objects: with Python's default threshold each costs several collections.
    """
    refuse_unsafe_role()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
