"""`./run bench [--deals N] [--times N] [--only NAME …]`: how fast the product is here, beside hand-written SQL and a bare page.

A table on stderr; the last line of stdout is one JSON object. One client, one connection, unless a line says otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from urllib.parse import urlencode

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.settings")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402

from automation.models import Message  # noqa: E402
from deals.models import Deal, Stage  # noqa: E402
from leads.models import Lead  # noqa: E402
from tests.bench import browser, concurrency, hostile, many  # noqa: E402
from tests.bench.fill import Filled, fill, say  # noqa: E402
from tests.bench.fill_mail import fill_mail  # noqa: E402
from tests.bench.floor import floors  # noqa: E402
from tests.bench.import_speed import measure_import  # noqa: E402
from tests.bench.profiling import InProcess, profile  # noqa: E402
from tests.bench.serving import Answer, Visitor, figures, server, worker  # noqa: E402
from tests.bench.storm import storm  # noqa: E402
from tests.factories import session_for  # noqa: E402
from workspaces.actions import create_workspace  # noqa: E402
from workspaces.models import User, Workspace  # noqa: E402
from workspaces.tenancy import all_workspaces, tenant  # noqa: E402

# Over the hello page of the same run, one connection, at 100,000 deals (docs/speed.md).
GOALS = {"board": 20, "column": 20, "move": 5, "search": 10, "deal": 12, "list": 20, "summary": 10,
    "lead": 20, "leads": 20, "forecast": 20, "dashboard": 20, "today": 20, "tasks": 20, "calendar": 20, "notifications": 20, "bin": 20,
    "inbox": 20, "message": 20, "classes": 20,
}  # fmt: skip
SEARCHES = (
    "brightwater foods",
    "kilnford",
    "hanna brandt-7",
    "p123@c",
    "marine retrofit, 44",
    "brigthwater",
    "zzz none",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run bench")
    parser.add_argument("--deals", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=200, help="requests per line")
    parser.add_argument(
        "--only",
        nargs="*",
        default=[],
        help=f"{' '.join(GOALS)} import browser storm concurrency many replies hostile",
    )
    parser.add_argument("--replies", type=int, default=1000, help="that become deals while workers are killed")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--profile", help="do not measure: say where the time of this page goes")
    options = parser.parse_args()
    if options.only == ["hostile"]:  # no database, no pages
        print(json.dumps({"hostile": hostile.measure()}))
        return
    call_command("collectstatic", "--noinput", "--verbosity", "0")
    filled = fill(options.deals)
    fill_mail(filled.workspace, options.deals)
    if options.profile:
        visitor = InProcess(filled.member.user)
        profile(asks(filled, visitor, some_facts(filled))[options.profile], options.times)
        return
    wanted = set(options.only)
    result: dict[str, object] = {"deals": options.deals}
    with server(workers=1) as (port, _):
        result |= pages(filled, port, options.times, wanted)
        if not wanted or "browser" in wanted:
            result["browser"] = browser.measure(filled, port)
    if not wanted or wanted & {"storm", "concurrency"}:
        with server(workers=2) as (port, process):
            result["concurrency"] = concurrency.measure(filled, port, process)
            result["storm"] = storm(filled, port)
    if not wanted or "many" in wanted:
        with server(workers=2) as (port, _), worker(port):
            result["many"] = many.measure(filled, port)
    if not wanted or "replies" in wanted:
        result["replies"] = replies(options.replies, options.kills)
    if not wanted or "import" in wanted:
        result["import"] = import_speed()
    table(result)
    print(json.dumps(result))


def replies(number: int, kills: int) -> dict[str, object]:
    """In a process of its own, with a broker of its own."""
    command = [sys.executable, "-m", "tests.bench.replies", str(number), str(kills)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def import_speed() -> dict[str, float]:
    """Into an empty workspace, thrown into the same database as everything else."""
    with all_workspaces():
        workspace = Workspace.objects.filter(slug="bench-import").first()
    if workspace is None:
        owner = User.objects.create_user("importer@bench.example", None, name="Importer")
        workspace = create_workspace(name="Import", slug="bench-import", owner=owner)
    return {key: round(value, 2) for key, value in measure_import(workspace).items()}


def pages(filled: Filled, port: int, times: int, wanted: set[str]) -> dict[str, object]:
    visitor = Visitor(port, session_for(filled.member.user))
    visitor.learn_token(f"/w/{filled.workspace.slug}/deals/new/")
    facts = some_facts(filled)
    found: dict[str, object] = {"hello": figures(repeat(times, lambda _: visitor.ask("GET", "/bench/hello")))}
    chosen = {name: ask for name, ask in asks(filled, visitor, facts).items() if not wanted or name in wanted}
    below = floors(filled, facts)
    for name, ask in chosen.items():
        say(f"{name} …")
        found[name] = figures(repeat(times, ask)) | ({"floor_ms": round(below[name], 2)} if name in below else {})
    return found


def asks(filled: Filled, visitor: Visitor | InProcess, facts: dict[str, object]) -> dict[str, Callable[[int], Answer]]:
    base = f"/w/{filled.workspace.slug}/"
    return {
        "board": lambda _: visitor.ask("GET", f"{base}deals/"),
        "column": lambda _: visitor.ask(
            "GET", f"{base}deals/lanes/{facts['stage']}/?{urlencode({'after': facts['rank']})}"
        ),
        "move": mover(filled, visitor, base),
        "search": lambda n: visitor.ask(
            "GET", f"{base}search/?{urlencode({'q': SEARCHES[n % len(SEARCHES)]})}", **{"X-Client-Id": "bench"}
        ),
        "deal": lambda n: visitor.ask("GET", f"{base}deals/{facts['deals'][n % len(facts['deals'])]}/"),
        "list": lambda _: visitor.ask("GET", f"{base}deals/list/?sort=-amount&owner={facts['owner']}"),
        "summary": lambda _: visitor.ask("GET", f"{base}summary/"),
        "lead": lambda n: visitor.ask("GET", f"{base}leads/{facts['leads'][n % len(facts['leads'])]}/"),
        "message": lambda n: visitor.ask("GET", f"{base}inbox/{facts['messages'][n % len(facts['messages'])]}/"),
    } | {
        name: lambda _, path=path: visitor.ask("GET", base + path)
        for name, path in {
            "leads": "leads/", "forecast": "deals/forecast/", "dashboard": "dashboard/", "today": "today/", "tasks": "tasks/",
            "calendar": "calendar/", "notifications": "notifications/", "bin": "deals/bin/",
            "inbox": "inbox/", "classes": "inbox/classes/",
        }.items()
    }  # fmt: skip


def repeat(times: int, ask) -> list[Answer]:
    for number in range(min(20, times)):
        ask(number)
    return [ask(number) for number in range(times)]


def some_facts(filled: Filled) -> dict[str, object]:
    with tenant(filled.workspace):
        stages = list(
            Stage.objects.filter(workspace=filled.workspace, kind="open")
            .order_by("position")
            .values_list("pk", flat=True)
        )
        column = Deal.objects.filter(workspace=filled.workspace, stage_id=stages[1], status="open").order_by("rank")
        deals = list(
            Deal.objects.filter(workspace=filled.workspace).order_by("-pk").values_list("pk", flat=True)[:5000:50]
        )
        ranks = list(column.values_list("rank", flat=True)[:25])
        leads = list(
            Lead.objects.filter(workspace=filled.workspace).order_by("-pk").values_list("pk", flat=True)[:5000:50]
        )
        messages = list(
            Message.objects.filter(workspace=filled.workspace).order_by("-pk").values_list("pk", flat=True)[:5000:50]
        )
        owner = Deal.objects.filter(workspace=filled.workspace).values_list("owner_id", flat=True)[7]
    return {
        "stage": stages[1],
        "rank": ranks[-1] if ranks else "",
        "deals": deals,
        "leads": leads,
        "messages": messages,
        "deal": deals[0],
        "from": stages[0],
        "to": stages[1],
        "owner": owner,
        "q": SEARCHES[0],
    }


def mover(filled: Filled, visitor: Visitor, base: str):
    """Each call moves another open deal from where it stands to the next stage, below the first card there."""
    with tenant(filled.workspace):
        stages = list(
            Stage.objects.filter(workspace=filled.workspace, kind="open")
            .order_by("position")
            .values_list("pk", flat=True)
        )
        rows = list(
            Deal.objects.filter(workspace=filled.workspace, status="open").values_list("pk", "stage_id", "version")[
                :40_000
            ]
        )
        tops = {
            pk: Deal.objects.filter(workspace=filled.workspace, stage_id=pk, status="open")
            .order_by("rank")
            .values_list("pk", flat=True)
            .first()
            for pk in stages
        }
    random.Random(5).shuffle(rows)
    left = iter(rows)

    def move(_: int) -> Answer:
        pk, stage, version = next(row for row in left if row[0] not in tops.values())
        to = stages[(stages.index(stage) + 1) % len(stages)]
        return visitor.ask(
            "POST", f"{base}deals/{pk}/move/", urlencode({"stage": to, "version": version, "after": tops[to] or ""})
        )

    return move


def table(result: dict[str, object]) -> None:
    hello = result["hello"]["p50_ms"]
    say(
        f"\n{'':10}{'p50':>8}{'p95':>8}{'over hello':>12}{'goal':>6}{'queries':>9}{'rows':>7}{'kB':>7}{'SQL floor':>11}{'ratio':>7}"
    )
    for name, goal in GOALS.items():
        line = result.get(name)
        if line:
            over = line["p50_ms"] - hello
            say(
                f"{name:10}{line['p50_ms']:8.1f}{line['p95_ms']:8.1f}{over:12.1f}{goal:6}{'' if over <= goal else ' !':2}{line['queries']:7}{line['rows']:7}"
                f"{line['bytes'] / 1024:7.1f}"
                + (f"{line['floor_ms']:11.2f}{line['p50_ms'] / line['floor_ms']:7.1f}" if "floor_ms" in line else "")
            )
    for name in ("hello", "concurrency", "storm", "many", "browser", "replies", "import"):
        if name in result:
            say(f"{name}: {result[name]}")
    sys.stderr.flush()


main()
