"""How fast validated deals come in: file, mapping, checks, companies, owners, stages, history, timeline, external ids."""

from __future__ import annotations

import csv
import random
import tempfile
import time
import uuid
from datetime import date, timedelta
from pathlib import Path

from connectors.importing import acting_member, import_rows, read
from connectors.sync import Options
from workspaces.models import Workspace

OPEN_SHARE = 0.4
COMPANIES = 500
OWNERS = 20
STAGES = ("New", "Contacted", "Qualified", "Meeting scheduled", "Proposal")
HEADERS = (
    "Record ID",
    "Deal Name",
    "Deal Stage",
    "Amount",
    "Deal owner",
    "Close Date",
    "Create Date",
    "Associated Company",
    "Product",
)


def measure_import(workspace: Workspace, rows: int = 10_000, open_share: float = OPEN_SHARE) -> dict[str, float]:
    """Import `rows` deals that are new to the workspace, and leave them there. The clock runs from opening the file to
    the last commit: {"rows_per_s", "seconds", "python_s" (processor time of this process), "rows", "created"}."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deals.csv"
        write_deals(path, rows, open_share)
        by = acting_member(workspace)
        options = Options(create=frozenset(("companies", "owners", "stages", "products")))
        started, worked = time.perf_counter(), time.process_time()
        reading = read("deals", path, workspace, mapping={"source": f"bench-{uuid.uuid4()}"})
        result = import_rows(reading, workspace, by=by, options=options, errors=path.with_suffix(".errors.csv"))
        seconds = time.perf_counter() - started
    return {
        "rows_per_s": rows / seconds,
        "seconds": seconds,
        "python_s": time.process_time() - worked,
        "rows": result.rows,
        "created": result.outcomes["created"],
    }


def write_deals(path: Path, rows: int, open_share: float) -> None:
    """As a HubSpot export has them: half of the companies are new to the workspace, the file always says the same."""
    chance = random.Random(7)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS)
        for number in range(rows):
            created = date(2025, 1, 1) + timedelta(days=chance.randrange(500))
            closing = created + timedelta(days=chance.randrange(5, 150))
            is_open = chance.random() < open_share
            stage = chance.choice(STAGES) if is_open else chance.choice(("Closed Won", "Closed Lost"))
            company = f"Company {chance.randrange(COMPANIES)} Ltd"
            product = f"Product {chance.randrange(8)}"
            writer.writerow(
                (number, f"{product} for {company}", stage, f"{chance.randrange(500, 90_000)}.50", f"Owner {chance.randrange(OWNERS)}", closing, created, company, product)
            )  # fmt: skip
