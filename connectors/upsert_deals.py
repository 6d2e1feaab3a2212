"""Deals of a file -> deals, with their history (deals/bulk.py)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from activities.models import Door
from connectors.dates import local_day
from connectors.models import ExternalId
from connectors.reading import Row
from connectors.references import Companies, Products, Stages
from connectors.sync import Upsert
from deals.actions import move_to_stage
from deals.bulk import NewDeal, create_deals, update_deals
from deals.models import Deal, Kind, Stage
from deals.transitions import NOT_RECORDED, OTHER
from workspaces.action import Refused

# Taken as the file has them; the database's names for them are the same.
PLAIN = ("amount", "currency", "source", "next_step", "competitor")


class Deals(Upsert):
    kind = ExternalId.Kind.DEAL
    manager = Deal.all_objects

    def begin(self) -> None:
        super().begin()
        self.now = timezone.now()
        self.zone = self.reading.zone
        self.fields = self.mapping.fields
        stages = Stages(self.workspace, self.mapping.pipeline)
        if "stages" in self.options.create and "pipeline" not in self.fields:
            stages.create((("", stage) for stage in self.reading.met.get("stage", ())), by=self.by)
        self.products = Products(
            self.workspace,
            self.mapping.known.get("product", ()),
            self.reading.met.get("product", Counter()),
            "products" in self.options.create,
        )

    def load(self, rows: Sequence[Row]) -> None:
        super().load(rows)
        self.stages = Stages(self.workspace, self.mapping.pipeline)
        if "stages" in self.options.create:
            named = ((str(row.values.get("pipeline", "")), str(row.values.get("stage", ""))) for row in rows)
            self.stages.create(named, by=self.by)
        self.companies = Companies(self.workspace, self.source, [row.values for row in rows])
        if "companies" in self.options.create:
            self.companies.create(by=self.by)

    # -- new ones --

    def create(self, rows: Sequence[Row]) -> Sequence[int | None]:
        deals = [self.new_deal(row) for row in rows]
        made = iter(create_deals(self.workspace, [deal for deal in deals if deal], by=self.by, door=Door.IMPORT))
        return [self.settle(row, next(made)) if deal else None for row, deal in zip(rows, deals, strict=True)]

    def new_deal(self, row: Row) -> NewDeal | None:
        """None where the row cannot become a deal; it then says why."""
        values = row.values
        stage, owner, company = self.stage_of(row), self.owner_id(row), self.company_id(row)
        custom = self.custom_of(row)
        if stage is None or row.outcome:
            return None
        created, closed = self.times(row, stage)
        self.warn_of_gaps(row, stage)
        product = self.product_of(row)
        reason, note = self.ending(row, stage)
        return NewDeal(
            name=values.get("name") or self.name_for(row, product),
            stage=stage,
            owner_id=owner or self.by.user_id,
            company_id=company,
            created_at=created,
            closed_at=closed,
            expected_close_date=self.expected(row) if closed is None else None,
            probability=values.get("probability") if closed is None else None,
            product=product,
            reason=reason,
            close_note=note,
            custom=custom,
            **{name: values[name] for name in PLAIN if name in values},
        )

    def stage_of(self, row: Row) -> Stage | None:
        values = row.values
        stage, pipeline, status = (str(values.get(name, "")) for name in ("stage", "pipeline", "status"))
        try:
            return self.stages.find(stage, pipeline, status)
        except ValueError as error:
            row.fail(self.header("stage") or self.header("status"), stage or status or pipeline, str(error))
        return None

    def owner_id(self, row: Row) -> int | None:
        try:
            return self.owner_of(row)
        except ValueError as error:
            row.fail(self.header("owner"), str(row.values["owner"]), str(error))
        return None

    def company_id(self, row: Row) -> int | None:
        try:
            return self.companies.find(row.values)
        except ValueError as error:
            row.fail(self.header("company"), str(row.values["company"]), str(error))
        return None

    def product_of(self, row: Row) -> str:
        if "product" not in row.values:
            return ""
        try:
            return self.products.find(str(row.values["product"]))
        except ValueError as error:
            row.warn(self.header("product"), str(row.values["product"]), str(error))
        return ""

    def times(self, row: Row, stage: Stage) -> tuple[datetime, datetime | None]:
        """When it was created and closed (None: open). What the file leaves open is taken as close as can be."""
        created = row.values.get("created_at")
        if stage.kind == Kind.OPEN:
            return created or self.now, None
        closed = row.values.get("closed_at") or row.values.get("close_date")
        if closed is None:
            closed = created or self.now
            row.warn(
                self.header("closed_at") or self.header("close_date"),
                "",
                f"{stage.kind}, but without a closing date; taken as closed on {closed:%Y-%m-%d}",
            )
        if created and created > closed:
            row.warn(
                self.header("created_at"),
                f"{created:%Y-%m-%d}",
                f"closed before it was created; taken as created on {closed:%Y-%m-%d}",
            )
        return min(created or closed, closed), closed

    def expected(self, row: Row) -> date | None:
        moment = row.values.get("expected_close_date") or row.values.get("close_date")
        return moment and local_day(moment, self.zone)

    def ending(self, row: Row, stage: Stage) -> tuple[str, str]:
        """(reason, note) of a closed deal. A loss has a reason, and "Other" a note: where the file has none, that is said."""
        if stage.kind == Kind.OPEN:
            return "", ""
        reason, note = str(row.values.get(f"{stage.kind}_reason", "")), str(row.values.get("close_note", ""))
        if stage.kind == Kind.LOST:
            reason = reason or NOT_RECORDED
            note = note or (NOT_RECORDED if reason == OTHER else "")
        return reason, note

    def warn_of_gaps(self, row: Row, stage: Stage) -> None:
        """Cells that are empty although the file has a column for them."""
        values, fields = row.values, self.fields
        if "company" in fields and "company" not in values:
            row.warn(self.header("company"), "", "no company; imported without one")
        elif "company_id" in values and "company" not in values and self.companies.find(values) is None:
            row.warn(
                self.header("company_id"),
                str(values["company_id"]),
                "no company with this id was imported; imported without one",
            )
        if "amount" in fields and "amount" not in values:
            row.warn(self.header("amount"), "", "no amount")
        if "owner" in fields and "owner" not in values:
            row.warn(self.header("owner"), "", f"no owner; taken as {self.by.user}")
        if "created_at" in fields and "created_at" not in values:
            row.warn(
                self.header("created_at"),
                "",
                "no date of creation; taken as " + ("now" if stage.kind == Kind.OPEN else "that of closing"),
            )
        if (
            stage.kind == Kind.OPEN
            and fields & {"close_date", "expected_close_date"}
            and not values.keys() & {"close_date", "expected_close_date"}
        ):
            row.warn(self.header("expected_close_date") or self.header("close_date"), "", "no expected closing date")

    def name_for(self, row: Row, product: str) -> str:
        """A name for a deal that has none: what for whom, as far as the file says."""
        product, company = product or str(row.values.get("product", "")), str(row.values.get("company", ""))
        if product and company:
            return f"{product} for {company}"[:200]
        return product or company or f"Deal {row.values.get('external_id', f'of line {row.line}')}"[:200]

    # -- known ones --

    def update(self, found: Mapping[str, int], rows: Sequence[Row]) -> None:
        """The stage by the verb that every door uses; a deal whose move is refused keeps its facts too."""
        known = Deal.objects.filter(pk__in=[found[row.key] for row in rows]).select_related("stage")
        deals = {deal.pk: deal for deal in known}
        facts: dict[int, dict[str, Any]] = {}
        moved: set[int] = set()
        for row in rows:
            pk = found[row.key]
            if pk not in deals:  # in the bin, and so it stays
                row.outcome = "skipped"
                continue
            stage, owner, company = self.stage_of(row), self.owner_id(row), self.company_id(row)
            if stage and not row.outcome and stage.pk != deals[pk].stage_id and row.values.keys() & {"stage", "status"}:
                moved |= self.move(row, deals, pk, stage)
            if not row.outcome:
                facts[pk] = facts.get(pk, {}) | self.facts(row, deals[pk], owner, company)
        results = update_deals(self.workspace, facts, by=self.by, door=Door.IMPORT)
        for row in rows:
            if not row.outcome:
                self.settle_update(row, results[found[row.key]], found[row.key] in moved)

    def move(self, row: Row, deals: dict[int, Deal], pk: int, stage: Stage) -> set[int]:
        _, closed = self.times(row, stage)
        reason, note = self.ending(row, stage)
        at = max(closed, deals[pk].stage_entered_at) if closed else None
        competitor = str(row.values.get("competitor", ""))
        try:
            deals[pk], _ = move_to_stage(
                deals[pk], stage, by=self.by, door=Door.IMPORT, reason=reason, note=note, competitor=competitor, at=at
            )
        except Refused as refusal:
            row.fail(self.header("stage") or self.header("status"), stage.name, refusal.message)
            return set()
        return {pk}

    def facts(self, row: Row, deal: Deal, owner: int | None, company: int | None) -> dict[str, Any]:
        """What the row says of the deal; empty cells say nothing."""
        values = row.values
        facts = {name: values[name] for name in ("name", *PLAIN) if name in values}
        facts |= {"owner_id": owner} if owner else {}
        facts |= {"company_id": company} if company else {}
        if product := self.product_of(row):
            facts["product"] = product
        if custom := self.custom_of(row):
            facts["custom"] = custom
        if deal.status == Kind.OPEN:
            facts |= {"probability": values["probability"]} if "probability" in values else {}
            facts |= {"expected_close_date": expected} if (expected := self.expected(row)) else {}
        else:
            facts |= {name: values[name] for name in (f"{deal.status}_reason", "close_note") if name in values}
        return facts

    def settle_update(self, row: Row, result: bool | Refused, moved: bool) -> None:
        if isinstance(result, Refused):
            self.refuse(row, result)
        else:
            row.outcome = "updated" if result or moved else "skipped"
