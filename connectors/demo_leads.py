"""The demo's leads: those that became deals, and all the others (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from connectors import demo_texts as texts
from connectors.demo_days import Days
from connectors.demo_deals import origin, segment_of, talk
from connectors.demo_rows import Campaign, Company, Conversion, Deal, Lead, LeadChange, Person, Row, Segment, Task

# How many have which status now, how many days ago they came, and by what way they got there.
NOW = {
    "new": (22, (1, 14), ()),
    "attempted": (18, (4, 40), ("attempted",)),
    "connected": (16, (8, 70), ("attempted", "connected")),
    "nurture": (14, (50, 400), ("connected", "nurture")),
    "qualified": (12, (12, 60), ("connected", "qualified")),
    "unqualified": (12, (25, 600), ("attempted", "unqualified")),
    "do_not_contact": (4, (60, 500), ("attempted", "do_not_contact")),
}
CONVERTED = 22
SCORES = {
    "new": (20, 60), "attempted": (15, 55), "connected": (35, 75), "nurture": (20, 50), "qualified": (60, 92),
    "unqualified": (2, 25), "converted": (70, 95),
}  # fmt: skip
# Days until the next task of a lead that somebody works on, in turn.
DUE = (0, 1, -1, 3, 0, 2, 7, -3, 5, 1)
OLDEST = 690


class Leads:
    """`make` yields the leads and what happened to them; `deals` are then those with their leads."""

    def __init__(
        self,
        days: Days,
        companies: list[Company],
        people: list[Person],
        campaigns: Sequence[Campaign],
        deals: list[Deal],
    ):
        self.days, self.rng, self.campaigns, self.deals = days, days.rng, campaigns, deals
        self.companies = {company.key: company for company in companies}
        self.people = people
        self.rows: list[Row] = []
        self.count = self.planned = 0

    def make(self) -> list[Row]:
        taken = self._converted()
        others = iter(
            self.rng.sample(
                [person for person in self.people if person.key not in taken], len(self.people) - len(taken)
            )
        )
        for status, (count, ago, way) in NOW.items():
            for _ in range(count):
                self._lead(next(others), status, self.rng.randint(*ago), way)
        return self.rows

    def segments(self) -> tuple[Segment, ...]:
        """By the industry of a lead's company; and one by a filter, which keeps itself up to date."""
        leads = [(row.key, segment_of(self._company(row.person))) for row in self.rows if isinstance(row, Lead)]
        by_hand = (Segment(name, tuple(key for key, of in leads if of == name)) for name in texts.SEGMENTS)
        return *by_hand, Segment(texts.FAIRS, filter={"source": ["event"]})

    def _company(self, person: str) -> Company:
        return self.companies[person.rpartition("@")[2]]

    # --- those that became deals ------------------------------------------------------------------

    def _converted(self) -> set[str]:
        """Give some deals a lead each, of the deal's first person; those people's addresses."""
        taken: set[str] = set()
        for i in self.rng.sample(range(len(self.deals)), len(self.deals)):
            deal = self.deals[i]
            person = deal.people[0]
            if (
                len(taken) < CONVERTED
                and deal.source != "customer"
                and person.key not in taken
                and self.days.ago(deal.at) < OLDEST
            ):
                taken.add(person.key)
                self.deals[i] = replace(deal, lead=self._convert(deal, person).key)
        return taken

    def _convert(self, deal: Deal, person: Person) -> Lead:
        at = self.days.moment(self.days.ago(deal.at) + self.rng.randint(4, 20))
        lead = self._add(person, "converted", at, deal.owner, (deal.source, deal.campaign), deal.amount)
        for status, when in zip(("connected", "qualified"), self._times(at, deal.at, 2), strict=True):
            self._change(lead, person, status, when)
        self.rows.append(Conversion(at=deal.at, by=deal.owner, lead=lead.key, deal=deal.key))
        return lead

    # --- the others -------------------------------------------------------------------------------

    def _lead(self, person: Person, status: str, ago: int, way: tuple[str, ...]) -> None:
        at = self.days.moment(ago)
        came = origin(self.rng, self.campaigns, at)
        # Some that came by themselves wait for somebody to take them.
        owner = None if status == "new" and came[0] == "website" and self.rng.random() < 0.6 else person.owner
        guess = Decimal(self.rng.randrange(6, 90) * 1000) if self.rng.random() < 0.6 else None
        lead = self._add(person, status, at, owner, came, guess)
        end = min(at + timedelta(days=9 * len(way)), self.days.moment(1))
        last = at
        for step, last in zip(way, self._times(at, end, len(way)), strict=True):
            self._change(lead, person, step, last)
        if status in ("connected", "qualified") and self.rng.random() < 0.5:
            self._plan(lead, person, last)

    def _add(
        self, person: Person, status: str, at: datetime, owner: str | None, came: tuple[str, str], guess: Decimal | None
    ) -> Lead:
        self.count += 1
        source, campaign = came
        lead = Lead(
            at=at,
            by=None if source in ("website", "ads") else owner,
            key=f"lead-{self.count}",
            person=person.key,
            owner=owner,
            source=source,
            campaign=campaign,
            score=self.rng.randint(*SCORES[status]) if status in SCORES else None,
            estimated_amount=guess,
        )
        self.rows.append(lead)
        return lead

    def _times(self, start: datetime, end: datetime, count: int) -> list[datetime]:
        """So many moments after `start`, in order."""
        found = (self.days.between(start, end) or start + timedelta(minutes=40 * (i + 1)) for i in range(count))
        return sorted(found)

    def _change(self, lead: Lead, person: Person, status: str, at: datetime) -> None:
        """What was said, and the status that follows from it."""
        by = person.owner
        line = self.rng.choice(texts.LEAD_TALKS[status])
        company = self._company(person.key)
        self.rows.append(talk(self.rng, lead.key, by, at, line, person, company.name, ""))
        reason = self.rng.choice(texts.UNQUALIFIED) if status == "unqualified" else ""
        self.rows.append(LeadChange(at=at, by=by, lead=lead.key, status=status, reason=reason))

    def _plan(self, lead: Lead, person: Person, at: datetime) -> None:
        title, type_ = self.rng.choice(texts.LEAD_NEXT)
        ahead = DUE[self.planned % len(DUE)]
        self.planned += 1
        task = Task(
            at=at + timedelta(minutes=5),
            by=person.owner,
            key=f"{lead.key} task",
            about=lead.key,
            title=title.format(first=person.first),
            type=type_,
            assignee=person.owner,
            due=self.days.due(ahead),
        )
        self.rows.append(task)
