"""The list of deals: sorted by each column, paged so that each row comes once, filtered, and summed up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from deals.actions import create_deal, delete_deal, move_to_stage
from deals.bulk import NewDeal, create_deals
from deals.models import Deal, Pipeline
from deals.setup import add_pipeline
from leads.actions import create_company
from tests.deals.boards import pages
from tests.factories import make_deal, url
from tests.pages import Element, read

THEN = datetime(2026, 1, 1, tzinfo=UTC)
# Two of each value, and two without one: ties and gaps on every page break.
FACTS = [
    (f"Deal {letter}", None if amount is None else Decimal(amount), None if day is None else date(2027, 1, day), hours)
    for letter, amount, day, hours in (
        ("C", 100, 3, 5),
        ("A", 300, None, 4),
        ("B", None, 1, 4),
        ("A", 100, 1, 3),
        ("E", 200, None, 2),
        ("b", None, 2, 1),
        ("É", 0, 2, 0),
    )
]


@pytest.fixture
def bob(acme, login) -> Client:
    return login(acme.bob)


def listed(client: Client, acme, **query: object) -> Element:
    response = client.get(url(acme.workspace, "deal_list"), query)
    assert response.status_code == 200
    return read(response)


def ids(part: Element) -> list[int]:
    return [int(row["data-href"].split("/")[-2]) for row in part.all("tr", data_href=None)]


def foot(page: Element) -> tuple[str, ...]:
    told = [cell.text for cell in page.one("tfoot").all("td") if cell.text]
    return told[0], *[text for text in told[1:] if not text.startswith("Avg")]


def many(acme, copies: int = 1) -> None:
    new = [
        NewDeal(name, acme.stages["New"], acme.bob.user_id, THEN + timedelta(hours=hours), amount=amount, expected_close_date=day)
        for name, amount, day, hours in FACTS * copies
    ]  # fmt: skip
    create_deals(acme.workspace, new, by=acme.alice)


COLUMNS = {
    "name": lambda deal: deal.name,
    "amount": lambda deal: deal.amount,
    "close": lambda deal: deal.expected_close_date,
    "created": lambda deal: deal.created_at,
    "weighted": lambda deal: None if deal.amount is None else deal.amount * deal.probability,
    "next": lambda deal: deal.next_activity_at,
    "age": lambda deal: timedelta() - (deal.stage_entered_at - THEN),
    "company": lambda deal: deal.company and deal.company.name,
    "stage": lambda deal: deal.stage.position,
    "owner": lambda deal: deal.owner.name,
}


def in_order(sort: str) -> list[int]:
    """As the list should have them: unknown values last whichever way, equal ones by id."""
    key, down = COLUMNS[sort.removeprefix("-")], sort.startswith("-")
    known = [deal for deal in Deal.objects.all() if key(deal) is not None]
    unknown = [deal for deal in Deal.objects.all() if key(deal) is None]
    known.sort(key=lambda deal: (key(deal), deal.pk), reverse=down)
    unknown.sort(key=lambda deal: deal.pk, reverse=down)
    if sort.removeprefix("-") == "age":  # days in the stage grow as the time of entering falls, and so do equals' ids
        known.sort(key=lambda deal: (deal.stage_entered_at, deal.pk), reverse=not down)
    return [deal.pk for deal in known + unknown]


@pytest.mark.parametrize("sort", [sign + name for name in COLUMNS for sign in ("", "-")])
def test_sorted_by_each_column_and_paged_each_row_once(acme, bob, sort):
    many(acme, copies=18)
    companies = [create_company(acme.workspace, name=name, by=acme.alice) for name in ("Cod", "Anchovy", "Bass")]
    for number, deal in enumerate(Deal.objects.order_by("pk")[:90]):
        Deal.objects.filter(pk=deal.pk).update(
            probability=number % 4 * 10,
            stage_entered_at=THEN + timedelta(days=number % 7),
            company=None if number % 4 else companies[number % 3],
            stage=acme.stages[("New", "Contacted", "Proposal")[number % 3]],
            owner_id=(acme.alice, acme.bob)[number % 2].user_id,
            rank=f"x{number:03}",
            next_activity_at=None if number % 3 else THEN + timedelta(days=number % 5),
        )
    parts = [ids(part) for part in pages(bob, listed(bob, acme, sort=sort))]
    assert [len(part) for part in parts] == [50, 50, 26]
    assert sum(parts, []) == in_order(sort)


def test_the_heads_say_how_it_is_sorted_and_a_click_turns_it_round(acme, bob):
    many(acme)
    for query, aria in (({}, {"Created": "descending"}), ({"sort": "name"}, {"Deal": "ascending"}), ({"sort": "-amount"}, {"Value": "descending"}), ({"sort": "nonsense"}, {"Created": "descending"}), ({"sort": "company"}, {"Company": "ascending"}), ({"sort": "-owner"}, {"Owner": "descending"}), ({"sort": "tags"}, {"Created": "descending"})):  # fmt: skip
        page = listed(bob, acme, **query)
        found = {head.text: head["aria-sort"] for head in page.all("th", scope="col") if "aria-sort" in head.attributes}
        assert found == aria
    links = {link.text: link["href"] for link in listed(bob, acme, sort="name", tab="all").one("thead").all("a")}
    others = {"Company": "company", "Stage": "stage", "Owner": "owner", "Value": "amount", "Weighted": "weighted", "Close date": "close", "Next step": "next", "In stage": "age", "Created": "created"}  # fmt: skip
    assert links == {"Deal": "?sort=-name&tab=all"} | {label: f"?sort={sort}&tab=all" for label, sort in others.items()}
    # A click on the column that is sorted downwards sorts it upwards.
    assert {link.text: link["href"] for link in listed(bob, acme).one("thead").all("a")}["Created"] == "?sort=created"


def test_closed_deals_are_sorted_by_the_day_that_is_shown(acme, bob):
    deals = [make_deal(acme.alice, acme.stages["Proposal"], f"Deal {number}") for number in range(3)]
    for deal, days in zip(deals, (2, 3, 1), strict=True):
        move_to_stage(deal, acme.stages["Won"], by=acme.alice, at=THEN + timedelta(days=days))
        Deal.objects.filter(pk=deal.pk).update(expected_close_date=date(2030, 1, days), created_at=THEN)
    page = listed(bob, acme, tab="won", sort="close")
    assert ids(page) == [deals[2].pk, deals[0].pk, deals[1].pk]
    assert "Closed" in [head.text for head in page.all("th")]


@pytest.fixture
def upsell(acme) -> Pipeline:
    """A second pipeline, with one open stage and one open deal, and the cast's with two."""
    other = add_pipeline(acme.workspace, name="Upsell", by=acme.alice)
    for stage in (acme.stages["New"], acme.stages["Proposal"], other.stages.get(position=0)):
        make_deal(acme.bob, stage, f"In {stage.pipeline}", amount=100)
    return other


def test_the_pipeline_of_the_address_is_that_of_the_list(acme, bob, upsell):
    for pipeline, count in ((upsell, 1), (acme.stages["New"].pipeline, 2)):
        page = listed(bob, acme, pipeline=pipeline.pk)
        assert len(ids(page)) == count and foot(page)[0].startswith(f"{count} deal")
        assert page.one("button", "switch").text == pipeline.name
        # With a filter that the kept totals cannot answer.
        assert foot(listed(bob, acme, pipeline=pipeline.pk, amount_min="1"))[0].startswith(f"{count} deal")
    everything = listed(bob, acme, owner=acme.bob.user_id)
    assert len(ids(everything)) == 3 and everything.one("button", "switch").text == "All pipelines"
    links = [link["href"] for link in everything.one(id="pipelines").all("a")]
    assert links[0] == f"?owner={acme.bob.user_id}"
    assert links[1:] == [f"?owner={acme.bob.user_id}&pipeline={pk}" for pk in (acme.stages["New"].pipeline_id, upsell.pk)]  # fmt: skip
    stages = read(bob.get(url(acme.workspace, "deal_list_filter", "stage"), {"pipeline": upsell.pk}))
    assert {box["value"] for box in stages.all("input", type="checkbox")} == {str(stage.pk) for stage in upsell.stages.all()}  # fmt: skip


def test_board_and_list_keep_each_others_pipeline(acme, bob, upsell):
    board = read(bob.get(url(acme.workspace, "deal_board"), {"pipeline": upsell.pk, "owner": acme.bob.user_id}))
    to_list = board.one("div", "seg").all("a")[1]["href"]
    page = read(bob.get(to_list))
    assert len(ids(page)) == 1
    assert page.one("div", "seg").all("a")[0]["href"].endswith(f"?pipeline={upsell.pk}&owner={acme.bob.user_id}")


def test_a_pipeline_that_is_not_there_is_no_list(acme, bob):
    for pipeline in (acme.rival_stages["New"].pipeline_id, 999_999, "x"):
        assert bob.get(url(acme.workspace, "deal_list"), {"pipeline": pipeline}).status_code == 404
        assert bob.get(url(acme.workspace, "deal_list_filter", "owner"), {"pipeline": pipeline}).status_code == 404


def test_what_is_long_stands_whole_in_its_title(acme, bob):
    name = "Cold-chain monitoring of twelve depots " * 5
    make_deal(acme.bob, acme.stages["New"], name.strip())
    page = listed(bob, acme, q="chain")
    assert page.one("a", "med", title=name.strip())
    assert page.one("a", "fchip", id="chip-q")["title"] == "Text: chain"


def test_rows_that_come_and_go_meanwhile_shift_no_page(acme, bob):
    many(acme, copies=10)
    wanted = in_order("-created")
    first = listed(bob, acme)
    delete_deal(Deal(pk=wanted[0]), by=acme.alice)
    make_deal(acme.alice, acme.stages["New"], "Newest")
    assert sum((ids(part) for part in pages(bob, first)), []) == wanted


def test_a_cursor_that_was_tampered_with_or_is_of_another_sort_is_the_first_page(acme, bob):
    many(acme, copies=8)
    first = listed(bob, acme, sort="name")
    [cursor] = parse_qs(urlsplit(first.one("tr", "more-rows")["hx-get"]).query)["after"]
    for after, sort in ((cursor + "x", "name"), ("x", "name"), (cursor, "-name"), (cursor, "amount")):
        assert ids(listed(bob, acme, sort=sort, after=after)) == ids(listed(bob, acme, sort=sort))
    assert ids(listed(bob, acme, sort="name", after=cursor)) == in_order("name")[50:]


def test_a_row_says_what_a_card_does_and_more(acme, bob):
    deal = make_deal(acme.bob, acme.stages["Proposal"], "Harbour", 1000, expected_close_date=date(2031, 2, 3))
    cells = [cell.text for cell in listed(bob, acme).one("tr", data_href=None).all("td")][1:]
    assert cells == ["Harbour", "—", "Proposal", "€1,000", "€800", "3 Feb 2031", "No next step", "BO Bob", "0 d", "now"]
    Deal.objects.filter(pk=deal.pk).update(amount=None)
    assert [cell.text for cell in listed(bob, acme).one("tr", data_href=None).all("td")][4] == "—"


# --- filters and sums ---------------------------------------------------------------------------------


@pytest.fixture
def deals(acme) -> dict[str, Deal]:
    """Two open, two won and one lost, of two owners; one more in the bin."""
    made = {}
    for name, stage, owner, amount in (
        ("Open", "New", acme.bob, 1000),
        ("Ripe", "Proposal", acme.alice, 500),
        ("Won", "Proposal", acme.bob, 70),
        ("Won too", "Proposal", acme.alice, 30),
        ("Lost", "Proposal", acme.bob, 9),
        ("Binned", "New", acme.bob, 100000),
    ):
        made[name] = create_deal(acme.workspace, name=name, stage=acme.stages[stage], by=owner, amount=Decimal(amount))
    for name in ("Won", "Won too"):
        move_to_stage(made[name], acme.stages["Won"], by=acme.alice)
    # Longer ago than the board would show.
    move_to_stage(made["Lost"], acme.stages["Lost"], by=acme.alice, reason="No budget", at=THEN)
    delete_deal(made["Binned"], by=acme.bob)
    return made


@pytest.mark.parametrize(
    ("query", "wanted", "amount", "weighted"),
    [
        ({}, {"Open", "Ripe"}, "€1,500", "€500"),
        ({"tab": "won"}, {"Won", "Won too"}, "€100", "€100"),
        ({"tab": "lost"}, {"Lost"}, "€9", "€0"),
        ({"tab": "all"}, {"Open", "Ripe", "Won", "Won too", "Lost"}, "€1,609", "€600"),
        ({"tab": "nonsense"}, {"Open", "Ripe"}, "€1,500", "€500"),
        ({"owner": "bob"}, {"Open"}, "€1,000", "€100"),
        ({"tab": "all", "team": "north"}, {"Open", "Won", "Lost"}, "€1,079", "€170"),
        ({"tab": "all", "owner": "alice", "stage": ("Won", "Proposal")}, {"Ripe", "Won too"}, "€530", "€430"),
        ({"stage": "Won"}, set(), "", ""),
        ({"tab": "all", "amount_max": "100"}, {"Won", "Won too", "Lost"}, "€109", "€100"),
        ({"tab": "all", "q": "won"}, {"Won", "Won too"}, "€100", "€100"),
        ({"tab": "won", "q": "too", "owner": "alice"}, {"Won too"}, "€30", "€30"),
    ],
)
def test_tabs_and_filters_leave_rows_and_add_up_those(acme, bob, deals, query, wanted, amount, weighted):
    keys = {
        "owner": lambda name: getattr(acme, name).user_id,
        "team": lambda name: acme.north.pk,
        "stage": lambda name: acme.stages[name].pk,
    }
    asked = {key: [keys.get(key, str)(one) for one in (value if isinstance(value, tuple) else [value])] for key, value in query.items()}  # fmt: skip
    page = listed(bob, acme, **asked)
    assert set(ids(page)) == {deals[name].pk for name in wanted}
    if wanted:
        assert foot(page) == (f"{len(wanted)} deal{'s' * (len(wanted) != 1)} match", amount, weighted)
    else:
        assert "No deal here" in page.text


def test_the_sum_is_of_all_pages(acme, bob):
    many(acme, copies=10)
    assert foot(listed(bob, acme)) == ("70 deals match", "€7,000", "€700")
    assert foot(listed(bob, acme, amount_min="1"))[:2] == ("40 deals match", "€7,000")


def test_a_filter_that_cannot_be_read_lists_nothing_and_says_so(acme, bob, deals):
    for query in ({"amount_min": "much"}, {"stage": acme.rival_stages["New"].pk}, {"owner": acme.charlie.user_id}):
        page = listed(bob, acme, **query)
        assert not ids(page) and "This filter cannot be read" in page.one("span", role="alert").text


def test_the_rows_part_is_rows_alone(acme, bob, deals):
    response = bob.get(url(acme.workspace, "deal_list"), headers={"HX-Request": "true", "X-Part": "rows"})
    page = read(response)
    assert len(ids(page)) == 2 and not page.all("table") and not page.all("html")


def test_a_panel_of_the_list_counts_its_tab(acme, bob, deals):
    page = read(bob.get(url(acme.workspace, "deal_list_filter", "stage"), {"tab": "all"}))
    found = {label.all("span")[0].text: label.all("span")[1].text for label in page.all("label", "choice")}
    assert (found["New"], found["Proposal"], found["Won"], found["Lost"]) == ("1", "1", "2", "1")
    page = read(bob.get(url(acme.workspace, "deal_list_filter", "owner"), {"tab": "won"}))
    found = {label.all("span")[0].text: label.all("span")[1].text for label in page.all("label", "choice")}
    assert (found["Alice"], found["Bob"], found["Vera"]) == ("1", "1", "0")
