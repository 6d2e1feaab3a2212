"""The demo's deals and their way through the stages over two years (pure)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import NamedTuple

from connectors import demo_names as names
from connectors import demo_texts as texts
from connectors.demo_days import Days
from connectors.demo_rows import Campaign, Company, Deal, Move, Person, Place, PutOff, Row, Talk, Task, TaskDone

STAGES = ("New", "Contacted", "Qualified", "Meeting scheduled", "Proposal")
# Days that a deal stays in a stage, and in how many days it is expected to close from there.
GAPS = {
    "New": (2, 9),
    "Contacted": (4, 18),
    "Qualified": (7, 28),
    "Meeting scheduled": (5, 22),
    "Proposal": (9, 42),
    "Lost": (40, 70),
}
EXPECTED = {
    "New": (60, 130),
    "Contacted": (45, 105),
    "Qualified": (30, 80),
    "Meeting scheduled": (20, 60),
    "Proposal": (6, 32),
}


class Card(NamedTuple):
    """An open deal: so many days in its stage, quiet for so many, next task due in so many (None: no next step)."""

    days: int
    quiet: int
    due: int | None
    was_lost: bool = False


# Column by column, from the top. Quiet ones are chosen by the stages' own days (7, 10, 14, 10, 10), so that they
# are amber or red on every day of the week (deals/cards.py says when).
BOARD = {
    "New": (
        Card(1, 1, 0), Card(4, 2, 2), Card(8, 8, -2), Card(2, 2, None), Card(3, 3, 1),
        Card(12, 12, -5), Card(6, 2, 5), Card(9, 8, None), Card(5, 3, 3), Card(13, 4, 6),
    ),
    "Contacted": (
        Card(3, 1, 0), Card(11, 11, -1), Card(2, 2, 1), Card(6, 5, 4), Card(8, 4, None),
        Card(17, 17, None), Card(14, 3, 2), Card(5, 5, 6),
    ),
    "Qualified": (
        Card(4, 2, 0), Card(1, 1, 3), Card(16, 16, -3), Card(7, 7, 2), Card(12, 5, None),
        Card(22, 2, 0, was_lost=True), Card(24, 24, -6), Card(19, 3, 7), Card(9, 6, 1),
    ),
    "Meeting scheduled": (
        Card(3, 3, 0), Card(1, 1, 2), Card(18, 17, -4), Card(6, 2, 4), Card(12, 12, None),
        Card(8, 5, 1), Card(5, 1, 6),
    ),
    "Proposal": (
        Card(4, 4, 0), Card(11, 11, -2), Card(2, 1, 1), Card(9, 3, 3), Card(21, 16, -8),
        Card(7, 2, 5),
    ),
}  # fmt: skip
# From so many days of quiet on nobody believes in the date of a deal in the later stages any more.
FORGOTTEN = 10
WON, LOST = 30, 20
# How long ago the first of the closed ones was closed (later ones lie closer together, for business grows), and made.
OLDEST = 580
LONGEST = 700
MINUTES = {
    "connected": (4, 28),
    "meeting_booked": (3, 9),
    "callback": (1, 3),
    "gatekeeper": (1, 4),
    "voicemail": (1, 1),
}
LEAST, MOST = 5_000, 200_000


class Offer(NamedTuple):
    name: str
    product: str
    amount: int


class Deals:
    """`make` yields the deals and everything that happened to them, in no particular order."""

    def __init__(
        self, days: Days, companies: list[Company], people: dict[str, list[Person]], campaigns: Sequence[Campaign]
    ):
        self.days, self.companies, self.people, self.campaigns = days, companies, people, campaigns
        self.rng: Random = days.rng
        self.rows: list[Row] = []
        self.offered: Counter[str] = Counter()
        self.bought: Counter[tuple[str, str]] = Counter()
        self.names: set[str] = set()
        self.said: defaultdict[str, set[str]] = defaultdict(set)
        self.customers: dict[str, datetime] = {}  # since when
        self.count = 0

    def make(self) -> list[Row]:
        # All of them before the first day is drawn, so that every day's demo sells the same to the same.
        sales = iter([(company, self._offer(company)) for company in self._turns()])
        for kind, count, first in (("Won", WON, 4), ("Lost", LOST, 6)):
            for turn in reversed(range(count)):
                ago = first + round(OLDEST * (turn / (count - 1)) ** 1.4)
                self._closed(*next(sales), kind, ago)
        for stage, cards in BOARD.items():
            self._arrange([self._open(*next(sales), stage, card) for card in cards])
        return self.rows

    def _arrange(self, column: list[tuple[Deal, datetime]]) -> None:
        """Put the cards that stand elsewhere than BOARD says below the one that they follow there: newest on top, else."""
        order = [deal.key for deal, entered in sorted(column, key=lambda card: card[1], reverse=True)]
        evening = self.days.moment(1).replace(hour=18, minute=0)
        for (above, _), (deal, _) in pairwise(column):
            if order.index(deal.key) != order.index(above.key) + 1:
                order.remove(deal.key)
                order.insert(order.index(above.key) + 1, deal.key)
                self.rows.append(Place(at=evening, by=deal.owner, deal=deal.key, below=above.key))

    def _turns(self) -> list[Company]:
        """Every company once, and the larger ones more often."""
        count = WON + LOST + sum(map(len, BOARD.values()))
        weights = [company.size**0.5 for company in self.companies]
        turns = self.companies + self.rng.choices(self.companies, weights, k=count - len(self.companies))
        self.rng.shuffle(turns)
        return turns

    # --- one deal ---------------------------------------------------------------------------------

    def _closed(self, company: Company, offer: Offer, kind: str, ago: int) -> None:
        last = self.rng.choices(STAGES, (0, 0, 0, 2, 8) if kind == "Won" else (2, 4, 4, 3, 5))[0]
        way = [*self._way(last), kind]
        gaps = self._gaps(way, offer)
        short = min(1, (LONGEST - ago) / sum(gaps))
        agos = self.days.backwards(ago, (max(1, int(gap * short)) for gap in gaps))
        times = [self.days.moment(ago) for ago in agos]
        expected = times[-1].date() + timedelta(days=self.rng.randint(-18, 18))
        deal = self._deal(company, offer, way[0], times[0], expected_close_date=expected)
        self._live(deal, way, times)
        self._chore(deal, kind, times[-1], None)
        if kind == "Won":
            self.customers.setdefault(company.key, times[-1])

    def _open(self, company: Company, offer: Offer, stage: str, card: Card) -> tuple[Deal, datetime]:
        """The deal, and when it entered its stage."""
        way = ["New", "Contacted", "Lost", stage] if card.was_lost else self._way(stage)
        # In the afternoon, so that a quiet day is not yet another one by this evening.
        agos = self.days.backwards(card.days, self._gaps(way, offer))
        times = [self.days.moment(ago, late=i == len(agos) - 1) for i, ago in enumerate(agos)]
        forgotten = card.quiet >= FORGOTTEN and stage in STAGES[2:]
        ahead = -self.rng.randint(3, 14) if forgotten else self.rng.randint(*EXPECTED[stage])
        step = self.rng.choice(("", *texts.NEXT_STEPS[stage]))
        expected = self._put_off(times[0], times[-1], self.days.day(-ahead))
        deal = self._deal(company, offer, way[0], times[0], expected_close_date=expected[0][1], next_step=step)
        self.rows += [PutOff(at=at, by=deal.owner, deal=deal.key, day=day) for at, day in expected[1:]]
        self._live(deal, way, times)
        touched = self._touch(deal, stage, times[-1], card)
        if card.due is not None:
            self._plan(deal, stage, touched + timedelta(minutes=5), card.due)
        return deal, times[-1]

    def _put_off(self, start: datetime, end: datetime, day: date) -> list[tuple[datetime, date]]:
        """When the expected date became which: some deals are put off once or twice. Drawn apart from all else, so that
        the rest of the demo stays what it is."""
        rng = Random(f"{start:%H%M} {day:%d}")  # noqa: S311
        times = rng.choice((0, 0, 1, 2)) if end - start > timedelta(days=14) else 0
        found = [(start, day)]
        for turn in range(times):
            gap = (end - start) * (turn + 1) / (times + 1)
            found[-1] = (found[-1][0], day - timedelta(days=rng.choice((7, 14, 21, 30))))
            found.append((start + gap, day))
        return found if all(before < after for (_, before), (_, after) in pairwise(found)) else [(start, day)]

    def _way(self, stage: str) -> list[str]:
        """The stages up to this one; some are skipped, and now and then a deal steps back."""
        way = list(STAGES[: STAGES.index(stage) + 1])
        for skipped, chance in (("New", 0.1), ("Contacted", 0.3), ("Qualified", 0.1)):
            if skipped in way[:-1] and len(way) > 2 and self.rng.random() < chance:
                way.remove(skipped)
        if stage == "Proposal" and "Meeting scheduled" in way and self.rng.random() < 0.12:
            way[-1:-1] = ["Qualified", "Meeting scheduled"]
        return way

    def _gaps(self, way: list[str], offer: Offer) -> list[int]:
        """Days in each stage but the last one, the latest first; large deals take longer."""
        pace = 1.4 if offer.amount > 80_000 else 1
        return [round(self.rng.randint(*GAPS[stage]) * pace) for stage in reversed(way[:-1])]

    def _offer(self, company: Company) -> Offer:
        """What nobody has been offered yet, this company least of all; large companies want more of it."""
        template, product, price, fewest, most = min(
            texts.OFFERS[company.industry],
            key=lambda offer: (self.bought[company.key, offer[0]], self.offered[offer[0]], self.rng.random()),
        )
        self.offered[template] += 1
        self.bought[company.key, template] += 1
        size = 1.8 if company.size >= 600 else 1.2 if company.size >= 200 else 0.7
        share = min(1, self.rng.betavariate(0.7, 1.3) * size)
        pieces = fewest + round((most - fewest) * share)
        if pieces > 60:
            pieces = round(pieces, -1)
        name = template.format(n=pieces)
        while name in self.names and "{n}" in template:
            pieces += 1
            name = template.format(n=pieces)
        if name in self.names:
            name += f", {texts.AGAIN[(self.offered[template] - 2) % len(texts.AGAIN)]}"
        self.names.add(name)
        return Offer(name, product, min(MOST, max(LEAST, round(price * pieces, -2))))

    def _deal(self, company: Company, offer: Offer, stage: str, at: datetime, **more) -> Deal:
        self.count += 1
        staff = self.people[company.key]
        source, campaign = self._origin(company, at)
        deal = Deal(
            at=at,
            by=company.owner,
            key=f"deal-{self.count}",
            name=offer.name,
            company=company.key,
            owner=company.owner,
            stage=stage,
            amount=Decimal(offer.amount),
            currency=names.CURRENCIES.get(company.country, ""),
            product=offer.product,
            source=source,
            campaign=campaign,
            segment=segment_of(company),
            people=tuple(self.rng.sample(staff, min(len(staff), self.rng.choice((1, 1, 2, 2, 3))))),
            **{"next_step": ""} | more,
        )
        self.rows.append(deal)
        return deal

    def _origin(self, company: Company, at: datetime) -> tuple[str, str]:
        """Source and campaign; who has bought before comes back by himself."""
        if company.key in self.customers and self.customers[company.key] < at:
            return "customer", ""
        return origin(self.rng, self.campaigns, at)

    # --- what happens to it -----------------------------------------------------------------------

    def _live(self, deal: Deal, way: list[str], times: list[datetime]) -> None:
        """Moves from stage to stage, with what is said and done in each but the last one."""
        for i, (stage, at) in enumerate(zip(way, times, strict=True)):
            if i:
                self.rows.append(self._move(deal, stage, at, way[i - 1]))
            if i < len(way) - 1:
                self._talks(deal, stage, at, times[i + 1], self.rng.choice((0, 1, 1, 2, 2)))
                self._chore(deal, stage, at, times[i + 1])

    def _move(self, deal: Deal, stage: str, at: datetime, before: str) -> Move:
        if before == "Lost":
            # Only a manager reopens.
            return Move(at=at, by="alice", deal=deal.key, stage=stage, note=texts.REOPENED)
        reason = note = competitor = ""
        if stage == "Won":
            reason, note = self.rng.choice(texts.WINS)
        elif stage == "Lost":
            reason, note, competitor = self.rng.choice(texts.LOSSES)
        return Move(at=at, by=deal.owner, deal=deal.key, stage=stage, reason=reason, note=note, competitor=competitor)

    def _talks(self, deal: Deal, stage: str, start: datetime, end: datetime, count: int) -> None:
        times = sorted(at for at in (self.days.between(start, end) for _ in range(count)) if at)
        for at in times:
            self._talk(deal, stage, at)

    def _talk(self, deal: Deal, stage: str, at: datetime) -> None:
        """Something not yet said about this deal."""
        fresh = [line for line in texts.TALKS.get(stage, ()) if line[2] not in self.said[deal.key]]
        if fresh:
            line = self.rng.choice(fresh)
            self.said[deal.key].add(line[2])
            company = next(company for company in self.companies if company.key == deal.company)
            person = self.rng.choice(deal.people)
            self.rows.append(talk(self.rng, deal.key, deal.owner, at, line, person, company.name, deal.product))

    def _touch(self, deal: Deal, stage: str, entered: datetime, card: Card) -> datetime:
        """What is said in the stage where the deal stands, until it became quiet; when that was."""
        if self.days.working(card.quiet) == self.days.ago(entered):
            return entered
        last = self.days.moment(card.quiet, late=True)
        self._talks(deal, stage, entered, last, self.rng.choice((0, 1, 1, 2)))
        self._talk(deal, stage, last)
        return last

    def _chore(self, deal: Deal, stage: str, at: datetime, left: datetime | None) -> None:
        """A task of the stage, done in time; the latest closed deals still have theirs."""
        if stage not in texts.CHORES or self.rng.random() < 0.6:
            return
        title, type_ = texts.CHORES[stage]
        planned = at + timedelta(minutes=2)
        done = self.days.between(planned, left or min(at + timedelta(days=5), self.days.moment(1)))
        if done is None and left is not None:
            return
        due = self.days.due(self.rng.randint(0, 3) - self.days.ago(done)) if done else self.days.due(2)
        task = self._task(deal, planned, title, type_, due=due)
        if done:
            self.rows.append(TaskDone(at=done, by=deal.owner, task=task.key))

    def _plan(self, deal: Deal, stage: str, at: datetime, ahead: int) -> None:
        """The next step of an open deal. On the same day some have a time, the others until the evening."""
        title, type_ = self.rng.choice(texts.NEXT[stage])
        has_clock = type_ in ("call", "meeting") and self.rng.random() < 0.5
        clock = time(self.rng.choice((15, 16, 17) if ahead == 0 else (9, 10, 11, 14, 15)), self.rng.choice((0, 30)))
        self._task(
            deal,
            at,
            title.format(first=deal.people[0].first),
            type_,
            due=self.days.due(ahead),
            clock=clock if has_clock else None,
            priority=2 if ahead < 0 else 1,
        )

    def _task(self, deal: Deal, at: datetime, title: str, type_: str, **more) -> Task:
        key = f"{deal.key} task {len(self.rows)}"
        task = Task(at=at, by=deal.owner, key=key, about=deal.key, title=title, type=type_, assignee=deal.owner, **more)
        self.rows.append(task)
        return task


def talk(
    rng: Random,
    about: str,
    by: str,
    at: datetime,
    line: tuple[str, str, str],
    person: Person,
    company: str,
    product: str,
) -> Talk:
    """A line of texts.TALKS, filled in."""
    kind, outcome, text = line
    body = text.format(first=person.first, who=person.name, company=company, thing=product.lower())
    minutes = None
    if kind == "meeting":
        minutes = rng.choice((30, 45, 60, 90))
    elif outcome in MINUTES:
        minutes = rng.randint(*MINUTES[outcome])
    return Talk(at=at, by=by, about=about, kind=kind, outcome=outcome, body=body, minutes=minutes)


def origin(rng: Random, campaigns: Sequence[Campaign], at: datetime) -> tuple[str, str]:
    """Where something came from on that day, and which campaign brought it (up to six weeks after its end)."""
    running = [c for c in campaigns if c.start <= at.date() <= c.end + timedelta(days=45)]
    if running and rng.random() < 0.4:
        campaign = rng.choice(running)
        return next(source for source, channel, _ in texts.SOURCES if channel == campaign.channel), campaign.name
    return rng.choices([source for source, *_ in texts.SOURCES], [weight for *_, weight in texts.SOURCES])[0], ""


def segment_of(company: Company) -> str:
    return next((name for name, industries in texts.SEGMENTS.items() if company.industry in industries), "")
