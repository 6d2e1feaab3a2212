"""A workspace of any size, by COPY: 60 % of the deals closed over two years, the open ones spread over the stages,
50 users, 20,000 companies, 50,000 contacts, 20,000 leads; an activity per deal, a planned task on every third open one."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from django.apps import apps
from django.db import connection
from django.db.models import JSONField
from fractional_indexing import generate_n_keys_between

from deals.models import Deal, Stage
from leads.names import name_key
from workspaces.actions import create_workspace
from workspaces.models import Membership, Role, User, Workspace
from workspaces.tenancy import all_workspaces, as_owner, tenant

USERS, COMPANIES, CONTACTS, LEADS = 50, 20_000, 50_000, 20_000
FIRST = [
    "Bright", "Cold", "Dune", "East", "Fern", "Glen", "Holm", "Iron", "June", "Kiln", "Lake", "Moor", "North", "Oak", "Pine", "Quay",
    "Rock", "Sand", "Tide", "Vale", "Wind", "York", "Zinc",
]  # fmt: skip
SECOND = [
    "water", "field", "stone", "bridge", "land", "mark", "side", "well", "ford", "gate", "hill", "wood", "port", "dale", "crest", "haven",
    "bury", "mont", "view", "shore",
]  # fmt: skip
FORM = [
    "Foods", "Logistics", "Pharma", "Energy", "Systems", "Packaging", "Dairy", "Marine", "Robotics", "Hotels", "Labs", "Freight", "Retail",
    "Agro", "Metals",
]  # fmt: skip
THING = [
    "monitoring", "telematics", "sensors", "retrofit", "platform", "rollout", "pilot", "audit", "upgrade", "fleet", "gateway", "storage",
    "metering", "control",
]  # fmt: skip
PEOPLE = [
    "Hanna", "Ilse", "Karl", "Maya", "Jonas", "Tomas", "Aisha", "Priya", "Elise", "Ruben", "Marta", "Luca", "Georg", "Ida", "Pieter",
    "Eoin", "Yara", "Freja", "Daan", "Hugo",
]  # fmt: skip
NAMES = [
    "Brandt", "Madsen", "Lindqvist", "Weber", "Rivera", "Khan", "Nair", "Vang", "Tal", "Conti", "Ferri", "Hahn", "Nyberg", "Boer", "Murphy",
    "Silva", "Olsen", "Roth",
]  # fmt: skip


@dataclass
class Filled:
    workspace: Workspace
    member: Membership


def fill(deals: int) -> Filled:
    """The workspace bench-<deals>, made now unless it is there from an earlier run."""
    slug = f"bench-{deals}"
    with all_workspaces():
        workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        say(f"filling {slug} …")
        workspace = make(slug, deals)
    with tenant(workspace):
        owner = Membership.objects.select_related("user", "workspace").get(workspace=workspace, role=Role.OWNER)
        if Deal.all_objects.filter(workspace=workspace).count() < deals:
            raise SystemExit(
                f"{slug} is half filled, by a run that was ended: remove the folder of the bench's database."
            )
    return Filled(workspace, owner)


def make(slug: str, deals: int) -> Workspace:
    r = random.Random(deals)
    owner = User.objects.create_user(f"owner-{slug}@bench.example", None, name="Bench Owner")
    workspace = create_workspace(name=slug, slug=slug, owner=owner)
    with tenant(workspace, owner, door="import"):
        users = [owner.pk, *make_users(workspace, slug)]
        companies = copy_companies(workspace, r, users)
        copy_leads(workspace, r, users, copy_contacts(workspace, r, users, companies))
    for start in range(0, deals, 100_000):
        with tenant(workspace, owner, door="import"):
            copy_deals(workspace, r, users, companies, start, min(deals, start + 100_000), deals)
            say(f"  {min(deals, start + 100_000)} deals")
    vacuum()
    return workspace


def make_users(workspace: Workspace, slug: str) -> list[int]:
    users = User.objects.bulk_create(
        User(email=f"rep{n}-{slug}@bench.example", name=f"{PEOPLE[n % 20]} {NAMES[n % 18]}", password="!")
        for n in range(USERS - 1)
    )
    Membership.objects.bulk_create(Membership(workspace=workspace, user=user, role=Role.REP) for user in users)
    return [user.pk for user in users]


def company_name(n: int) -> str:
    return f"{FIRST[n % 23]}{SECOND[n // 23 % 20]} {FORM[n // 460 % 15]}" + (f" {n // 6900 + 1}" if n >= 6900 else "")


def copy_companies(workspace: Workspace, r: random.Random, users: list[int]) -> list[int]:
    ids, now = take_ids("leads_company", COMPANIES), datetime.now(UTC)
    copy(
        "leads_company", "id workspace_id name name_key domain industry country phone owner_id custom version created_at updated_at",
        ((pk, workspace.pk, company_name(n), name_key(company_name(n)), f"c{n}.example", FORM[n % 15], "Germany", "", r.choice(users), "{}", 1, now, now) for n, pk in enumerate(ids)),
    )  # fmt: skip
    return ids


def copy_contacts(workspace: Workspace, r: random.Random, users: list[int], companies: list[int]) -> list[int]:
    ids, now = take_ids("leads_contact", CONTACTS), datetime.now(UTC)
    people = [(PEOPLE[n % 20], NAMES[n // 20 % 18] + ("" if n < 360 else f"-{n // 360}")) for n in range(CONTACTS)]
    columns = "id workspace_id first_name last_name name title company_id time_zone do_not_email do_not_call consent owner_id custom version created_at updated_at"
    copy(
        "leads_contact", columns,
        ((pk, workspace.pk, *people[n], " ".join(people[n]), "Head of quality", companies[n % COMPANIES], "", False, False, "", r.choice(users), "{}", 1, now, now) for n, pk in enumerate(ids)),
    )  # fmt: skip
    copy(
        "leads_contactemail",
        "workspace_id contact_id email is_primary",
        ((workspace.pk, pk, f"p{n}@c{n % COMPANIES}.example", True) for n, pk in enumerate(ids)),
    )
    return ids


def copy_leads(workspace: Workspace, r: random.Random, users: list[int], contacts: list[int]) -> None:
    now, statuses = datetime.now(UTC), ("new", "attempted", "connected", "nurture", "qualified")
    copy(
        "leads_lead", "workspace_id name contact_id status source estimated_amount owner_id created_at updated_at",
        ((workspace.pk, f"Lead {n}", pk, r.choice(statuses), "event", r.randrange(1, 200) * 500, r.choice(users), now - timedelta(hours=n), now) for n, pk in enumerate(contacts[:LEADS])),
    )  # fmt: skip


def copy_deals(
    workspace: Workspace, r: random.Random, users: list[int], companies: list[int], start: int, end: int, total: int
) -> None:
    stages = list(Stage.objects.filter(workspace=workspace).order_by("position"))
    opened = [stage for stage in stages if stage.is_open]
    won, lost = (next(stage for stage in stages if stage.kind == kind) for kind in ("won", "lost"))
    ranks = {
        stage.pk: iter(slice_of_keys(total * 2 // 5 // len(opened) + 2 * len(opened), start, total)) for stage in opened
    }
    now, ids = datetime.now(UTC), take_ids("deals_deal", end - start)
    rows, events, lines, tasks = [], [], [], []
    for n, pk in zip(range(start, end), ids, strict=True):
        is_open = n % 5 < 2
        stage = opened[n // 5 % len(opened)] if is_open else won if n % 5 < 4 else lost
        closed = None if is_open else now - timedelta(days=r.random() * 730)
        created = (closed or now) - timedelta(days=1 + r.random() * (60 if is_open else 120))
        active = closed or now - timedelta(days=r.random() * 20)
        amount, owner, company = r.randrange(1, 200) * 500, r.choice(users), r.choice(companies)
        name = f"{FORM[n % 15]} {THING[n // 15 % 14]}, {n % 90 + 2} sites"
        due = now + timedelta(days=r.random() * 40 - 8) if is_open and n % 3 == 0 else None
        rows.append(
            (pk, workspace.pk, name, company, owner, stage.pipeline_id, stage.pk, (stage if is_open else opened[-1]).pk, closed or created, stage.kind, amount, "EUR", stage.probability,
             "stage", (now + timedelta(days=r.random() * 120)).date(), closed, "", "No budget" if stage is lost else "", "", "", "outbound", "", "", active, due,
             next(ranks[stage.pk]) if is_open else None, 1, "{}", created, owner, created)
        )  # fmt: skip
        events.append((workspace.pk, pk, None, opened[0].pk, owner, "import", amount, 10, None, created, "{}", 1))
        lines.append(
            (workspace.pk, pk, company, "call", owner, "web", active, "Spoke about the offer.", "connected", "{}")
        )
        if due:
            tasks.append((workspace.pk, pk, "Call", "call", due, "", "", 1, owner, "open", "", 1, created, created))
    copy(
        "deals_deal",
        "id workspace_id name company_id owner_id pipeline_id stage_id furthest_id stage_entered_at status amount currency probability probability_source expected_close_date "
        "closed_at won_reason lost_reason close_note competitor source product next_step last_activity_at next_activity_at rank version custom created_at "
        "created_by_id updated_at",
        rows,
    )
    copy(
        "deals_stageevent",
        "workspace_id deal_id from_stage_id to_stage_id by_id door amount probability entered_at left_at before version",
        events,
    )
    copy("activities_activity", "workspace_id deal_id company_id kind actor_id door at body outcome data", lines)
    copy(
        "activities_task",
        "workspace_id deal_id title type due_at place remind priority assignee_id status repeat version created_at changed_at",
        tasks,
    )


def slice_of_keys(count: int, start: int, total: int) -> Iterable[str]:
    """The ranks of a column, from where the earlier 100,000 deals left off."""
    return islice(generate_n_keys_between(None, None, count), start * count // total, None)


def take_ids(table: str, count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count])
        return [row[0] for row in cursor.fetchall()]


def copy(table: str, columns: str, rows: Iterable[tuple]) -> None:
    """By way of a temporary table: COPY itself does not go with row-level security. Columns that are not named get
    their default, where that is Django's and not the database's."""
    defaults = defaults_of(table, columns.split())
    names, values = ", ".join([*columns.split(), *defaults]), tuple(defaults.values())
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE filling AS SELECT {names} FROM {table} LIMIT 0")
        with cursor.copy(f"COPY filling ({names}) FROM STDIN") as into:
            for row in rows:
                into.write_row((*row, *values))
        cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM filling")
        cursor.execute("DROP TABLE filling")


def defaults_of(table: str, named: list[str]) -> dict[str, object]:
    model = next(model for model in apps.get_models() if model._meta.db_table == table)
    others = [
        field
        for field in model._meta.concrete_fields
        if not (field.column in named or field.null or field.primary_key or field.generated or field.has_db_default())
    ]
    return {
        field.column: json.dumps(field.get_default()) if isinstance(field, JSONField) else field.get_default()
        for field in others
    }


def vacuum() -> None:
    """As a database that has been running for a while: statistics and visibility are known."""
    with as_owner() as owner, owner.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
