"""The cast stands ready for all tests of a module: in a transaction around theirs, which is never committed."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.db import connection, transaction


class Stage:
    def __init__(self) -> None:
        self.is_wanted = self.is_open = False
        self.blocker = None
        self.around = ExitStack()

    @contextmanager
    def for_module(self, blocker) -> Iterator[None]:
        self.blocker = blocker
        self.get_ready(self.is_wanted)
        yield
        self.close()
        self.blocker = None

    def get_ready(self, is_wanted: bool) -> None:
        """Before the test's own transaction begins. A test may have closed the connection of the one before it."""
        self.is_wanted = is_wanted
        if self.is_open and (not is_wanted or connection.closed_in_transaction or connection.needs_rollback):
            self.close()
        if self.blocker and is_wanted and not self.is_open:
            self.open()

    def open(self) -> None:
        from tests.factories import make_cast  # noqa: PLC0415 - models are there only once Django is set up

        with self.blocker.unblock(), ExitStack() as around:
            around.enter_context(transaction.atomic())
            self.made = pickle.dumps(make_cast())
            self.around = around.pop_all()
        self.is_open = True

    def enter(self) -> object:
        return pickle.loads(self.made)

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            with self.blocker.unblock(), self.around:
                transaction.set_rollback(True)
