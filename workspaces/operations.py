"""An operation of migrations that Django has none for."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.migrations.operations.base import Operation


class Together(Operation):
    """Changes of tables that are there already, as one step of the state.

    After each operation Django makes the changed model anew, and with it all that it relates to, however far: from a
    deal or a user that is nearly every model. Here they are made once. Each operation is shown the state before the
    first and after the last, so none may build on another: a field is not added and altered in one go.
    """

    def __init__(self, *operations: Operation):
        self.operations = operations

    @property
    def reversible(self) -> bool:
        return all(operation.reversible for operation in self.operations)

    def state_forwards(self, app_label, state):
        made = state.__dict__.pop("apps", None)  # a state without them makes no models
        for operation in self.operations:
            operation.state_forwards(app_label, state)
        if made is not None:
            state.apps = made
            state.reload_models({(app_label, name) for name in self._models()}, delay=False)

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        for operation in self.operations:
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        """Step by step, as Django would: what is taken away again may name what an earlier operation added."""
        states = [to_state]
        for operation in self.operations:
            states.append(states[-1].clone())
            operation.state_forwards(app_label, states[-1])
        for operation, before, after in reversed(list(zip(self.operations, states, states[1:], strict=False))):
            operation.database_backwards(app_label, schema_editor, after, before)

    def describe(self) -> str:
        return "; ".join(operation.describe() for operation in self.operations)

    def _models(self) -> Iterator[str]:
        for operation in self.operations:
            yield operation.model_name_lower if hasattr(operation, "model_name") else operation.name_lower
