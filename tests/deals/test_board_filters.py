"""The board through each filter: which cards it leaves, and that heads and sums are of those alone."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db.models import Q
from django.test import Client

from deals.actions import create_deal, move_to_stage
from deals.filters import close_ranges
from deals.models import Deal
from leads.actions import create_company
from leads.models import Segment
from tests.deals.boards import board_page, cards, heads, lane_of, names
from tests.factories import url
from tests.pages import SCRIPT, Element, read
from workspaces.models import Team


@pytest.fixture
def bob(acme, login) -> Client:
    return login(acme.bob)


@pytest.fixture
def deals(acme) -> dict[str, Deal]:
    """Five open deals and a won one, by name; each filter leaves some of them."""
    fish = create_company(acme.workspace, name="Blåfisk AS", by=acme.bob)
    steel = create_company(acme.workspace, name="Steel 100%_pure", by=acme.bob)
    large = Segment.objects.create(workspace=acme.workspace, name="Large")
    today = date.today()
    following = close_ranges(today)["next_quarter"][1].children[0][1]
    facts = {
        "Harbour": ("New", acme.bob, 1000, {"company": fish, "source": "event", "expected_close_date": today}),
        "Médoc wines": ("New", acme.alice, 5000, {"company": steel, "source": "referral", "segment": large}),
        "Cranes": ("Contacted", acme.bob, 1500, {"source": "event", "expected_close_date": today - timedelta(days=1)}),
        "Ferry": ("Proposal", acme.alice, 20000, {"company": fish, "expected_close_date": following, "segment": large}),
        "Unpriced": ("Proposal", acme.alice, None, {"expected_close_date": following + timedelta(days=200)}),
        "Wharf": ("Proposal", acme.bob, 700, {"company": fish, "source": "event"}),
    }
    made = {
        name: create_deal(acme.workspace, name=name, stage=acme.stages[stage], by=owner, amount=None if amount is None else Decimal(amount), **more)
        for name, (stage, owner, amount, more) in facts.items()
    }  # fmt: skip
    move_to_stage(made["Wharf"], acme.stages["Won"], by=acme.bob)
    return made


def check(acme, page: Element, wanted: set[str], deals: dict[str, Deal], query: object = None) -> None:
    """The cards of the open columns are those, and every head and the sum above add up just these."""
    assert set(names(page)) == wanted - {"Wharf"}, query
    total = [0, Decimal(0), Decimal(0)]
    for name, stage in acme.stages.items():
        rows = Deal.objects.filter(stage=stage, pk__in=[deals[name].pk for name in wanted])
        count, amount = len(rows), sum((deal.amount or Decimal(0) for deal in rows), Decimal(0))
        weighted = sum((deal.weighted or Decimal(0) for deal in rows), Decimal(0))
        assert heads(page)[stage.pk] == (count, amount, weighted), (query, name)
        if stage.is_open:
            total = [total[0] + count, total[1] + amount, total[2] + weighted]
    plural = "" if total[0] == 1 else "s"
    assert page.one(id="board-sum").text.startswith(f"{total[0]} deal{plural} ·")
    assert page.one(id="board-sum").all("span", title=f"€{total[1]:,.0f}")


EVERYTHING = {"Harbour", "Médoc wines", "Cranes", "Ferry", "Unpriced", "Wharf"}


WANTED = [
    ({}, EVERYTHING),
    ({"q": ""}, EVERYTHING),
    ({"owner": "bob"}, {"Harbour", "Cranes", "Wharf"}),
    ({"owner": ("bob", "alice")}, EVERYTHING),
    ({"owner": "vera"}, set()),
    ({"team": "north"}, {"Harbour", "Cranes", "Wharf"}),
    ({"team": "north", "owner": "alice"}, set()),
    ({"close": "overdue"}, {"Cranes"}),
    ({"close": "none"}, {"Médoc wines", "Wharf"}),
    ({"close": "next_quarter"}, {"Ferry"}),
    ({"close": "later"}, {"Unpriced"}),
    ({"close": ("overdue", "none")}, {"Cranes", "Médoc wines", "Wharf"}),
    ({"close_from": 0}, {"Harbour", "Ferry", "Unpriced"}),
    ({"close_to": 0}, {"Harbour", "Cranes"}),
    ({"close_from": 0, "close_to": 0}, {"Harbour"}),
    ({"amount_min": "1.5k"}, {"Médoc wines", "Cranes", "Ferry"}),
    ({"amount_max": "1,000"}, {"Harbour", "Wharf"}),
    ({"amount_min": "1000", "amount_max": "5000"}, {"Harbour", "Médoc wines", "Cranes"}),
    ({"company": "Blåfisk AS"}, {"Harbour", "Ferry", "Wharf"}),
    ({"company_name": "blåf"}, {"Harbour", "Ferry", "Wharf"}),
    ({"company_name": "100%_"}, {"Médoc wines"}),
    ({"source": "event"}, {"Harbour", "Cranes", "Wharf"}),
    ({"source": ("event", "referral")}, {"Harbour", "Cranes", "Médoc wines", "Wharf"}),
    ({"segment": "Large"}, {"Médoc wines", "Ferry"}),
    ({"q": "RAN"}, {"Cranes"}),
    ({"q": "medoc"}, {"Médoc wines"}),
    ({"q": "blafisk"}, {"Harbour", "Ferry", "Wharf"}),
    ({"q": "%"}, {"Médoc wines"}),
    ({"q": "_"}, {"Médoc wines"}),
    ({"q": "\\"}, set()),
    ({"q": "nowhere"}, set()),
    ({"owner": "bob", "source": "event", "amount_min": "1200"}, {"Cranes"}),
]


def test_each_filter(acme, bob, deals):
    values = {
        "owner": lambda name: getattr(acme, name).user_id,
        "team": lambda name: acme.north.pk,
        "close_from": lambda days: date.today() + timedelta(days=days),
        "close_to": lambda days: date.today() + timedelta(days=days),
        "company": lambda name: deals["Harbour"].company.pk,
        "segment": lambda name: Segment.objects.get(name=name).pk,
    }
    for query, wanted in WANTED:
        asked = {key: [values.get(key, str)(one) for one in (value if isinstance(value, tuple) else [value])] for key, value in query.items()}  # fmt: skip
        page = board_page(bob, acme, **asked)
        check(acme, page, wanted, deals, query)
        # The folded column brings its cards by the same filter.
        assert set(names(read(bob.get(lane_of(page, "Won")["data-src"])))) == wanted & {"Wharf"}, query


def test_this_month_and_this_quarter():
    """Of every day of two years, by the calendar."""
    for number in range(731):
        today = date(2027, 1, 1) + timedelta(days=number)
        ranges = {key: dict(q.children) for key, (_, q) in close_ranges(today).items() if key not in ("overdue", "later", "none")}  # fmt: skip
        for months, key in ((1, "month"), (3, "quarter")):
            first, end = ranges[key].values()
            assert first <= today < end and first.day == end.day == 1
            assert (end.year - first.year) * 12 + end.month - first.month == months
        assert ranges["quarter"]["expected_close_date__lt"] == ranges["next_quarter"]["expected_close_date__gte"]
        assert close_ranges(today)["later"][1] == Q(
            expected_close_date__gte=ranges["next_quarter"]["expected_close_date__lt"]
        )
        assert close_ranges(today)["quarter"][0] == f"This quarter, Q{(today.month - 1) // 3 + 1} {today.year}"


@pytest.mark.parametrize(
    "query",
    [{"owner": "x"}, {"owner": "charlie"}, {"team": 0}, {"close": "soon"}, {"amount_min": "much"}, {"close_from": "someday"}, {"source": "nowhere"}, {"segment": 0}, {"company": 10**9}],
)  # fmt: skip
def test_a_filter_that_cannot_be_read_shows_nothing_and_says_so(acme, bob, deals, query):
    """Not everything, as if it had been applied."""
    if query.get("owner") == "charlie":
        query = {"owner": acme.charlie.user_id}
    page = board_page(bob, acme, **query)
    assert not cards(page) and {count for count, *_ in heads(page).values()} == {0}
    assert "This filter cannot be read" in page.one("span", role="alert").text


@pytest.mark.parametrize("where", ["deal_board", "deal_list"])
def test_a_close_date_is_typed_as_its_reader_writes_it_and_shared_as_iso(acme, bob, where):
    page = url(acme.workspace, where)
    response = bob.get(page, {"close_from": "20/11/2026", "close_to": "2026-12-01", "q": "Kran"})
    assert response.status_code == 302
    assert response["Location"] == "?close_from=2026-11-20&close_to=2026-12-01&q=Kran"
    assert bob.get(page + response["Location"]).status_code == 200
    panel = {"deal_board": "deal_filter", "deal_list": "deal_list_filter"}[where]
    form = read(bob.get(url(acme.workspace, panel, "close") + response["Location"])).one("form", data_filter=None)
    assert (form.fields["close_from"], form.fields["close_to"]) == ("20/11/2026", "01/12/2026")
    refused = bob.get(page, {"close_from": "31/02/2026"})
    assert refused.status_code == 200
    assert "Close: This is not a date. Write it like " in " ".join(problem for problem in filter_in(refused).problems())


def filter_in(response):
    return response.context["board"].filter if "board" in response.context else response.context["filter"]


# --- how it is shown ----------------------------------------------------------------------------------


def test_a_filter_that_is_set_says_to_what_and_can_be_cleared(acme, bob, deals):
    page = board_page(bob, acme, owner=[acme.bob.user_id, acme.alice.user_id], amount_min="1.5k", close="none")
    chips = {chip.text for chip in page.all("a", "set")}
    assert chips == {"Owner Alice + Bob", "Amount ≥ €1.5k", "Close No date"}
    clear = next(link for link in page.all("a") if link.text == "Clear")
    assert clear["href"].endswith("/deals/?")
    pipeline = acme.stages["New"].pipeline_id
    page = board_page(bob, acme, owner=acme.bob.user_id, pipeline=pipeline)
    assert next(link for link in page.all("a") if link.text == "Clear")["href"].endswith(f"/deals/?pipeline={pipeline}")
    assert not board_page(bob, acme).all("a", "set")
    nothing = board_page(bob, acme, q="nowhere")
    assert "No open deal matches" in nothing.text


def test_links_of_a_filtered_board_keep_the_filter(acme, bob, deals):
    page = board_page(bob, acme, owner=acme.bob.user_id)
    assert f"owner={acme.bob.user_id}" in lane_of(page, "Won")["data-src"]
    panels = [link["href"] for link in page.all("a", "fchip")]
    assert panels and all(f"owner={acme.bob.user_id}" in href for href in panels)


@pytest.mark.parametrize(
    ("chip", "counts"),
    [
        ("owner", {"Alice": 3, "Bob": 2, "Vera": 0}),
        ("team", {"North": 2}),
        ("close", {"Overdue": 1, "Later": 1, "No date": 1}),
        ("source", {"Event": 2, "Referral": 1, "Website form": 0}),
        ("segment", {"Large": 2}),
    ],
)
def test_a_panel_counts_the_open_deals_of_each_choice(acme, bob, deals, chip, counts):
    page = read(bob.get(url(acme.workspace, "deal_filter", chip), headers=SCRIPT))
    found = {label.all("span")[0].text: int(label.all("span")[1].text) for label in page.all("label", "choice")}
    assert {name: found[name] for name in counts} == counts


def test_a_panel_counts_through_the_other_filters_and_keeps_them(acme, bob, deals):
    """But not through its own: one adds a second choice to the first."""
    asked = {"amount_min": "1500", "owner": acme.bob.user_id, "undo": 5}
    page = read(bob.get(url(acme.workspace, "deal_filter", "owner"), asked))
    choices = {label.all("span")[0].text: label for label in page.all("label", "choice")}
    assert int(choices["Bob"].all("span")[1].text) == 1 and int(choices["Alice"].all("span")[1].text) == 2
    assert [name for name, label in choices.items() if "checked" in label.one("input").attributes] == ["Bob"]
    form = page.one("form", data_filter=None)
    assert form["action"] == url(acme.workspace, "deal_board") and form["method"] == "get"
    assert form.fields == {"amount_min": "1500", "owner": str(acme.bob.user_id)}
    # Sent as it stands, without JavaScript, it is the same board.
    assert names(board_page(bob, acme, **form.fields)) == ["Cranes"]


def test_a_team_counts_what_any_of_it_owns(acme, bob, deals):
    acme.alice.team = acme.north
    acme.alice.save()
    page = read(bob.get(url(acme.workspace, "deal_filter", "team"), headers=SCRIPT))
    [choice] = page.all("label", "choice")
    assert [span.text for span in choice.all("span")] == ["North", "5"]


def test_an_unknown_panel_is_not_found(acme, bob):
    assert bob.get(url(acme.workspace, "deal_filter", "nonsense")).status_code == 404


def test_teams_that_share_nobody_add_up(acme, bob, deals):
    south = Team.objects.create(workspace=acme.workspace, name="South")
    acme.alice.team = south
    acme.alice.save()
    page = board_page(bob, acme, team=[acme.north.pk, south.pk])
    check(acme, page, EVERYTHING, deals)
    check(acme, board_page(bob, acme, team=south.pk), {"Médoc wines", "Ferry", "Unpriced"}, deals)


def test_the_page_part_is_the_filtered_board_alone(acme, bob, deals):
    response = bob.get(url(acme.workspace, "deal_board"), {"q": "ferry"}, headers={"HX-Request": "true"})
    page = read(response)
    assert names(page) == ["Ferry"] and page.one(id="page") and not page.all("html")
