"""The base of every row that belongs to a workspace, and the database constraints that seal it in.

A model that inherits `TenantModel` gets, by the receiver at the end of this file and without a word of its own:

- row-level security, enabled and forced, with a policy on `workspace_id`;
- a unique key (workspace_id, id), the target of composite foreign keys;
- for each `TenantForeignKey` a foreign key over (workspace_id, x_id), so that no row can point into another workspace.

They are constraints in `Meta.constraints`, so makemigrations tracks them like any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models.signals import class_prepared
from django.dispatch import receiver

from workspaces.saving import SavedAsWritten


class SqlConstraint(models.BaseConstraint):
    """A constraint written in SQL. Subclasses name their arguments in `attrs`."""

    attrs: tuple[str, ...] = ()

    def __init__(self, *, name: str, **kwargs: Any):
        for attr in self.attrs:
            setattr(self, attr, kwargs.pop(attr, ""))
        super().__init__(name=name, **kwargs)

    def deconstruct(self):
        path, args, kwargs = super().deconstruct()
        return path, args, kwargs | {attr: getattr(self, attr) for attr in self.attrs if getattr(self, attr)}

    def __eq__(self, other):
        # The autodetector compares constraints: without this every makemigrations would find a change.
        return type(self) is type(other) and self.deconstruct() == other.deconstruct()

    __hash__ = models.BaseConstraint.__hash__

    def constraint_sql(self, model, schema_editor):
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))

    def validate(self, *args, **kwargs):
        """The database alone checks it."""


class ForeignKeyConstraint(SqlConstraint):
    """FOREIGN KEY (columns) REFERENCES the table of the model `to`, else of the field's model (targets).

    Made at the end of its migration, like Django's own foreign keys: the key it points at may come later in it.
    Django runs what `create_sql` gives, at once or, for a table with database defaults, at the end: it gives nothing.
    """

    attrs = ("field", "to", "columns", "targets", "on_delete")

    def create_sql(self, model, schema_editor):
        quote = schema_editor.quote_name
        target = model._meta.apps.get_model(self.to) if self.to else model._meta.get_field(self.field).related_model
        schema_editor.deferred_sql.append(
            f"ALTER TABLE {quote(model._meta.db_table)} ADD CONSTRAINT {quote(self.name)} "
            f"FOREIGN KEY ({', '.join(map(quote, self.columns))}) "
            f"REFERENCES {quote(target._meta.db_table)} ({', '.join(map(quote, self.targets))}) {self.on_delete} DEFERRABLE INITIALLY DEFERRED"
        )
        return ""

    constraint_sql = create_sql

    def remove_sql(self, model, schema_editor):
        quote = schema_editor.quote_name
        return f"ALTER TABLE {quote(model._meta.db_table)} DROP CONSTRAINT {quote(self.name)}"


class TenantKey(models.UniqueConstraint):
    """UNIQUE (workspace_id, id), there for foreign keys to point at; nothing to validate."""

    def validate(self, *args, **kwargs):
        pass


class RowSecurity(SqlConstraint):
    """Row-level security, enabled and forced: a row is there when `column` is the transaction's workspace.

    `append_only` leaves out UPDATE and DELETE; `also_select` adds rows that may be read besides.
    """

    attrs = ("column", "append_only", "also_select")

    def create_sql(self, model, schema_editor):
        quote = schema_editor.quote_name
        table = quote(model._meta.db_table)
        own = (
            f"{self.column or 'workspace_id'} = (SELECT nullif(current_setting('app.workspace_id', true), '')::bigint)"
        )
        kind = "FOR SELECT" if self.append_only else ""
        sql = [f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"]
        # USING doubles as WITH CHECK where a policy is for all commands.
        sql.append(f"CREATE POLICY {quote(self.name)} ON {table} {kind} USING ({own})")
        if self.append_only:
            sql.append(f"CREATE POLICY {quote(self.name + '_insert')} ON {table} FOR INSERT WITH CHECK ({own})")
        if self.also_select:
            sql.append(f"CREATE POLICY {quote(self.name + '_select')} ON {table} FOR SELECT USING ({self.also_select})")
        return "; ".join(sql)

    def remove_sql(self, model, schema_editor):
        quote = schema_editor.quote_name
        table = quote(model._meta.db_table)
        names = (self.name, self.name + "_insert", self.name + "_select")
        drops = [f"DROP POLICY IF EXISTS {quote(name)} ON {table}" for name in names]
        return "; ".join([*drops, f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY"])


class _PlainForeignKey(models.ForeignKey):
    """Written to migrations as a plain ForeignKey without a constraint of its own; the composite one stands beside it."""

    def __init__(self, to, on_delete, **kwargs):
        super().__init__(to, on_delete, **kwargs | {"db_constraint": False})

    def deconstruct(self):
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.ForeignKey", args, kwargs

    def composite(self) -> ForeignKeyConstraint:
        raise NotImplementedError


class TenantForeignKey(_PlainForeignKey):
    """A foreign key within the workspace. `also` names further columns that must agree: (("pipeline_id", "pipeline_id"),).

    Rows that PostgreSQL removes with their parent (append-only ones, which Django may not delete) say on_delete=DO_NOTHING.
    """

    def __init__(self, to, on_delete, *, also: tuple[tuple[str, str], ...] = (), **kwargs):
        self.also = also
        super().__init__(to, on_delete, **kwargs)

    def composite(self) -> ForeignKeyConstraint:
        actions = {
            models.CASCADE: "ON DELETE CASCADE",
            models.DO_NOTHING: "ON DELETE CASCADE",
            models.SET_NULL: f'ON DELETE SET NULL ("{self.column}")',
        }
        return ForeignKeyConstraint(
            name=f"{self.model._meta.db_table}_{self.column}_tfk",
            field=self.name,
            columns=("workspace_id", self.column, *(mine for mine, _ in self.also)),
            targets=("workspace_id", "id", *(theirs for _, theirs in self.also)),
            on_delete=actions.get(self.remote_field.on_delete, ""),
        )


class MemberForeignKey(_PlainForeignKey):
    """A user who must be (or have been) a member of the row's workspace; memberships are suspended, never deleted."""

    def __init__(self, **kwargs):
        kwargs.setdefault("on_delete", models.PROTECT)
        super().__init__(
            kwargs.pop("to", "workspaces.User"), **kwargs | {"related_name": kwargs.get("related_name", "+")}
        )

    def composite(self) -> ForeignKeyConstraint:
        return ForeignKeyConstraint(
            name=f"{self.model._meta.db_table}_{self.column}_mfk",
            field=self.name,
            to="workspaces.Membership",
            columns=("workspace_id", self.column),
            targets=("workspace_id", "user_id"),
        )


def workspace_key(related_name: str = "%(class)ss") -> models.ForeignKey:
    """The key every tenant row has. No index of its own: (workspace_id, id) serves it."""
    return models.ForeignKey("workspaces.Workspace", models.CASCADE, related_name=related_name, db_index=False)


class TenantModel(SavedAsWritten):
    """A row of one workspace. Models with an irregular plural set `workspace = workspace_key("companies")`."""

    workspace = workspace_key()

    class Meta:
        abstract = True


def share_known(known: models.Model, row: models.Model, names: Iterable[str]) -> None:
    """Give `row` what `known` was loaded with of these foreign keys, where both name the same."""
    for name in names:
        same = getattr(known, f"{name}_id") == getattr(row, f"{name}_id")
        if same and is_known(known, name):
            setattr(row, name, getattr(known, name))


def is_known(row: models.Model, name: str) -> bool:
    """Whether it was loaded with what this foreign key names."""
    return name in row._state.fields_cache


@receiver(class_prepared)
def declare(sender, **kwargs):
    """Give each tenant table (and the audit table of each) its constraints. Meta inheritance would lose them
    as soon as a model writes a Meta of its own; historical models in migrations are no subclasses and stay as written."""
    meta = sender._meta
    tracked = getattr(sender, "pgh_tracked_model", None)
    if meta.proxy or meta.abstract:
        return
    if tracked is not None:
        column = getattr(tracked, "tenant_column", "workspace_id" if issubclass(tracked, TenantModel) else None)
        added = [RowSecurity(name=f"{meta.db_table}_rls", append_only=True, column=column)] if column else []
    elif issubclass(sender, TenantModel):
        foreign = [field.composite() for field in meta.local_fields if isinstance(field, _PlainForeignKey)]
        security = RowSecurity(
            name=f"{meta.db_table}_rls",
            append_only=getattr(sender, "append_only", False),
            also_select=getattr(sender, "also_select", ""),
        )
        added = [security, TenantKey(fields=["workspace", "id"], name=f"{meta.db_table}_tkey"), *foreign]
    else:
        return
    if added:
        meta.constraints = [*meta.constraints, *added]
        # What makemigrations reads.
        meta.original_attrs["constraints"] = meta.constraints
