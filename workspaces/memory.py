"""What a piece of work asks for again and again though it does not change under its hands: the members it tells, the stages
its deals begin in. Outside of `remembering` nothing is kept; what is kept is found by its workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

K = TypeVar("K")
T = TypeVar("T")
_memory: ContextVar[dict | None] = ContextVar("memory", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """For a second or so: whoever changes a member or a stage meanwhile is heard of after it."""
    outer = _memory.get()
    token = _memory.set({} if outer is None else outer)
    try:
        yield
    finally:
        _memory.reset(token)


def recalled(workspace_id: int, what: str, keys: Iterable[K], read: Callable[[list[K]], Mapping[K, T]]) -> dict[K, T]:
    """What `read` finds for these keys; it is asked only for those that nobody asked for before."""
    memory = _memory.get()
    memory = {} if memory is None else memory
    places = {key: (workspace_id, what, key) for key in keys}
    if missing := [key for key, place in places.items() if place not in memory]:
        found = read(missing)
        memory |= {places[key]: found.get(key) for key in missing}
    return {key: value for key, place in places.items() if (value := memory[place]) is not None}


def remembered(workspace_id: int, what: str, read: Callable[[], T]) -> T:
    """The same of one thing, which is never None."""
    return recalled(workspace_id, what, [what], lambda keys: {what: read()})[what]
