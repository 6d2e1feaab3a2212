"""An import from file to result: what the command does, and what a page will do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.csv_file import look
from connectors.fields import custom_fields
from connectors.mapping import make_mapping
from connectors.reading import Reading, inspect
from connectors.report import Report
from connectors.sync import Options, Result, Upsert, run_import
from connectors.upsert_deals import Deals
from connectors.upsert_people import Companies, Contacts, Leads
from deals.models import CurrencyRate
from workspaces.access import check_may
from workspaces.action import Refused
from workspaces.custom.fields import live_fields
from workspaces.custom.values import Entity
from workspaces.models import Membership, Role, Workspace
from workspaces.tenancy import tenant

ENTITIES = {"companies": Entity.COMPANY, "contacts": Entity.CONTACT, "leads": Entity.LEAD, "deals": Entity.DEAL}
UPSERTS: dict[str, type[Upsert]] = {"companies": Companies, "contacts": Contacts, "leads": Leads, "deals": Deals}


def read(
    kind: str,
    path: Path,
    workspace: Workspace,
    *,
    mapping: dict | None = None,
    folder: Path | None = None,
    order: str = "",
    orders: Mapping[str, str] | None = None,
) -> Reading:
    """Everything that can be known before a row is written. Raises Refused; Ambiguous where the order of dates must be
    said, by `order` for all columns or `orders` for each."""
    table = look(path)
    with tenant(workspace):
        own = custom_fields(live_fields(workspace, ENTITIES[kind]))
        rated = frozenset(CurrencyRate.objects.filter(workspace=workspace).values_list("currency", flat=True))
    made = make_mapping(kind, table, mapping, folder, own)
    about = {"zone": ZoneInfo(workspace.time_zone), "currency": workspace.currency, "rated": rated}
    return inspect(table, made, order=order, orders=orders, **about)


def import_rows(
    reading: Reading,
    workspace: Workspace,
    *,
    by: Membership,
    options: Options,
    errors: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Result:
    """Write what was read; problems go to the file `errors`. Raises Refused where nothing can be written at all."""
    if errors.resolve() == reading.table.path.resolve():
        raise Refused("The problems cannot be written into the file that is being read.")
    check_may(by, Role.REP, "import")
    upsert = UPSERTS[reading.mapping.kind](workspace, by=by, reading=reading, options=options)
    with Report(errors, reading.table.headers) as report:
        return run_import(upsert, report, progress=progress)


def acting_member(workspace: Workspace, email: str = "") -> Membership:
    """Whose import it is: the member with this address, else the workspace's first owner."""
    with tenant(workspace):
        members = Membership.objects.active().filter(workspace=workspace).select_related("user", "workspace")
        members = members.filter(user__email=email.lower()) if email else members.filter(role=Role.OWNER)
        member = members.order_by("pk").first()
    if member is None:
        raise Refused(
            f"{email} is not an active member of {workspace.slug}." if email else f"{workspace.slug} has no owner."
        )
    return member
