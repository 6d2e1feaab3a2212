"""The columns of the list of deals: what there is to choose from, and how each is drawn.

A column is a name, a head, and the template of its cell, which gets the row's text of that name as `value`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from leads.models import Source
from workspaces.custom.columns import custom_columns
from workspaces.custom.fields import live_fields, member_names
from workspaces.custom.values import Entity, Field, Type, say
from workspaces.formats import Formats
from workspaces.lists import Column
from workspaces.models import Workspace


@dataclass(frozen=True)
class DealColumn(Column):
    """`field` is the fact that a cell edits in place (forms.fact_form). `text` makes the value of a row (a dict of
    `needs` and what cards.rows gives); without it, the row made by listing.line has it already."""

    template: str = "deals/cells/text.html"
    field: str = ""
    needs: tuple[str, ...] = ()
    text: Callable[[dict, Formats], str] | None = None


def column(name: str, label: str, **more: object) -> DealColumn:
    return DealColumn(name, label, template=f"deals/cells/{name}.html", **more)  # type: ignore[arg-type]


SOURCES = dict(Source.choices)
STANDARD = (
    column("name", "Deal", sort="name", field="name"),
    column("company", "Company", sort="company__name", nullable=True, field="company"),
    column("stage", "Stage", sort="stage_id", is_grouped=True),
    column("amount", "Value", sort="base_amount", css="r", nullable=True, field="amount"),
    column("weighted", "Weighted", sort="weight", css="r", nullable=True),
    column("close", "Close date", sort="expected_close_date", nullable=True, field="expected_close_date"),
    column("next", "Next step", sort="next_activity_at", nullable=True),
    column("owner", "Owner", sort="owner_id", is_grouped=True, field="owner"),
    column("age", "In stage", sort="stage_entered_at", css="r", mirrored=True),
    column("created", "Created", sort="created_at", css="r"),
)
MORE = (
    column("tags", "Tags", field="tags"),
    DealColumn("probability", "Probability", css="r", field="probability", text=lambda row, f: f.percent(row["probability"] / 100)),
    DealColumn("source", "Source", field="source", needs=("source",), text=lambda row, f: SOURCES.get(row["source"], "")),
    DealColumn("product", "About", field="product", needs=("product",), text=lambda row, f: row["product"]),
    DealColumn("competitor", "Competitor", field="competitor", needs=("competitor",), text=lambda row, f: row["competitor"]),
    DealColumn("campaign", "Campaign", needs=("campaign__name",), text=lambda row, f: row["campaign__name"] or ""),
    DealColumn("segment", "Segment", needs=("segment__name",), text=lambda row, f: row["segment__name"] or ""),
    DealColumn("active", "Last activity", css="r", needs=("last_activity_at",), text=lambda row, f: f.moment(row["last_activity_at"])),
)  # fmt: skip
# Of closed deals the day they were closed is shown, and sorted by.
CLOSED = column("close", "Closed", sort="closed_at", nullable=True)


def custom(workspace: Workspace) -> list[DealColumn]:
    """Custom fields. Members' names are asked for once, and only when a row names one."""
    names: dict[int, str] = {}

    def text_of(field: Field) -> Callable[[dict, Formats], str]:
        def text(row: dict, formats: Formats) -> str:
            value = row["custom"].get(field.key)
            if field.type == Type.USER and value and not names:
                names.update(member_names(workspace.pk))
            return say(field, value, formats, names)

        return text

    return [
        DealColumn(each.name, each.label, css=head.css, field=each.name, needs=("custom",), text=text_of(each))
        for each, head in zip(live_fields(workspace, Entity.DEAL), custom_columns(workspace, Entity.DEAL), strict=True)
    ]


def all_columns(workspace: Workspace, *, closed: bool = False) -> dict[str, DealColumn]:
    """{name: column} of all there are to choose from, the standard ones first."""
    found = {each.name: each for each in (*STANDARD, *MORE, *custom(workspace))}
    return found | ({"close": CLOSED} if closed else {})


def chosen_columns(wanted: str, known: dict[str, DealColumn]) -> tuple[DealColumn, ...]:
    """Those that a text such as "name,amount" names, in its order; the deal itself always, and first unless it says
    otherwise. The standard ones where it names none that there is."""
    names = [name for name in dict.fromkeys(wanted.split(",")) if name in known]
    if not names:
        names = [each.name for each in STANDARD]
    if "name" not in names:
        names.insert(0, "name")
    return tuple(known[name] for name in names)
