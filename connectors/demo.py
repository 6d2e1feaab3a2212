"""The demo workspace's contents: two years of a maker of cold-chain sensors that sells all over Europe (pure).

Everything is invented, and depends on nothing but the day of `now`: the same day gives the same rows.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from connectors import demo_names as names
from connectors import demo_texts as texts
from connectors.demo_days import Days
from connectors.demo_deals import Deals
from connectors.demo_leads import Leads
from connectors.demo_rows import Campaign, Company, Deal, Demo, Lead, Person, Rate, Row, Task

SEED = "eisvogel"
# What is more than an accent; umlauts only where German is spoken.
LETTERS = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "ł": "l", "þ": "th", "ð": "d", "ı": "i"})
UMLAUTS = LETTERS | str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
GERMAN = ("Germany", "Austria", "Switzerland")


def make(now: datetime) -> Demo:
    """All of it, as of the day of `now` (aware) in the demo's own time zone."""
    days = Days(now, ZoneInfo(names.TIME_ZONE), Random(SEED))  # noqa: S311 - the same every time is what we want
    campaigns = make_campaigns(days)
    companies = make_companies(days)
    people = make_people(days, companies)
    staff = defaultdict(list)
    for person in people:
        staff[person.company].append(person)
    lived = Deals(days, companies, staff, campaigns).make()
    leads = Leads(days, companies, people, campaigns, [row for row in lived if isinstance(row, Deal)])
    pursued = leads.make()
    deals = {deal.key: deal for deal in leads.deals}
    lived = [deals[row.key] if isinstance(row, Deal) else row for row in lived]
    happened = [*known_before(companies, people, lived, pursued), *lived, *pursued, *housekeeping(days, companies)]
    return Demo(
        name=names.NAME,
        slug=names.SLUG,
        currency=names.CURRENCY,
        time_zone=names.TIME_ZONE,
        members=names.MEMBERS,
        campaigns=campaigns,
        segments=leads.segments(),
        rates=tuple(Rate(code, days.day(ago), Decimal(rate)) for code, ago, rate in names.RATES),
        # Sorting keeps the order of what happened at one moment: a deal before its lead's conversion.
        history=tuple(sorted(happened, key=lambda row: row.at)),
    )


def make_campaigns(days: Days) -> tuple[Campaign, ...]:
    return tuple(
        Campaign(name, channel, status, days.day(start), days.day(end), Decimal(budget), Decimal(cost))
        for name, channel, status, start, end, budget, cost in texts.CAMPAIGNS
    )


def make_companies(days: Days) -> list[Company]:
    return [
        make_company(days, name, industry, code, size)
        for industry, companies in names.COMPANIES.items()
        for name, code, size in companies
    ]


def make_company(days: Days, name: str, industry: str, code: str, size: int) -> Company:
    country = names.COUNTRIES[code]
    owners = names.ACCOUNTS[country.team]
    owner = days.rng.choices(list(owners), list(owners.values()))[0]
    words = slug(name, country.name).split("-")
    return Company(
        at=days.moment(days.rng.randint(20, 680)),
        by=owner,
        key=("" if len(words) < 3 else "-").join(words) + ".example",
        owner=owner,
        name=name,
        industry=industry,
        size=size,
        country=country.name,
        annual_revenue=Decimal(size * days.rng.randrange(90, 260) * 1000),
        phone=country.phone.format(0) if size > 150 else "",
    )


def make_people(days: Days, companies: list[Company]) -> list[Person]:
    """Dealt out to the companies of their country, the largest first."""
    found = []
    for code, written in names.PEOPLE.items():
        country = names.COUNTRIES[code]
        employers = sorted((c for c in companies if c.country == country.name), key=lambda c: -c.size)
        titles = {company.key: draw_titles(days.rng, company.industry) for company in employers}
        for i, name in enumerate(written.split(", ")):
            company = employers[i % len(employers)]
            found.append(make_person(days, name, company, country, titles[company.key].pop(), i + 1))
    return found


def draw_titles(rng: Random, industry: str) -> list[tuple[str, str]]:
    """Each title once in a company, the trade's own ones first (they are taken from the end)."""
    common, own = list(names.TITLES), list(names.TITLES_OF.get(industry, ()))
    rng.shuffle(common)
    return common + own[:2]


def make_person(
    days: Days, name: str, company: Company, country: names.Country, title: tuple[str, str], number: int
) -> Person:
    first, _, last = name.partition(" ")
    before, after = slug(first, country.name), slug(last, country.name)
    # Each company has its own habit.
    local = f"{before[:1] if len(company.name) % 3 == 0 else before}.{after}"
    return Person(
        at=days.moment(days.rng.randint(10, 600)),
        by=company.owner,
        key=f"{local}@{company.key}",
        company=company.key,
        owner=company.owner,
        first=first,
        last=last,
        title=title[0],
        role=title[1],
        phones=(country.phone.format(number),) if days.rng.random() < 0.8 else (),
        time_zone=country.time_zone,
    )


def slug(name: str, country: str) -> str:
    """Letters and hyphens for an address.

    >>> slug("Großbäckerei Kornhagel", "Germany"), slug("Närköp Lanthandel", "Sweden")
    ('grossbaeckerei-kornhagel', 'narkop-lanthandel')
    """
    letters = name.lower().translate(UMLAUTS if country in GERMAN else LETTERS)
    plain = unicodedata.normalize("NFKD", letters).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z]+", "-", plain).strip("-")


def known_before(
    companies: list[Company], people: list[Person], lived: Iterable[Row], pursued: Iterable[Row]
) -> list[Row]:
    """Companies and people, entered before the first deal or lead of theirs."""
    first: dict[str, datetime] = {}
    for row in (*lived, *pursued):
        keys = [row.person] if isinstance(row, Lead) else [p.key for p in row.people] if isinstance(row, Deal) else []
        for key in keys:
            first[key] = min(row.at, first.get(key, row.at))
    people = [
        replace(person, at=min(person.at, first.get(person.key, person.at) - timedelta(minutes=10)))
        for person in people
    ]
    for person in people:
        first[person.company] = min(person.at, first.get(person.company, person.at))
    companies = [
        replace(company, at=min(company.at, first[company.key] - timedelta(minutes=10))) for company in companies
    ]
    return [*companies, *people]


def housekeeping(days: Days, companies: list[Company]) -> list[Task]:
    """What the owner has to do about companies as such."""
    return [
        Task(
            at=days.moment(days.rng.randint(2, 6)),
            by="alice",
            key=f"own task {i}",
            about=next(company.key for company in companies if company.industry == industry),
            title=title,
            type=type_,
            assignee="alice",
            due=days.due(ahead),
        )
        for i, (industry, title, type_, ahead) in enumerate(texts.HOUSEKEEPING)
    ]
