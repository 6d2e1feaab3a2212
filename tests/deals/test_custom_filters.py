"""Deals are found by their custom fields, and what is found costs little."""

from __future__ import annotations

from datetime import UTC, date

import pytest
from django.db import connection

from deals.models import Deal
from leads.actions import create_company
from tests.factories import make_deal, url
from workspaces.custom.actions import change_field, create_field
from workspaces.custom.columns import custom_cells, custom_columns
from workspaces.custom.values import Choice
from workspaces.formats import Formats, locale_of
from workspaces.models import CustomField
from workspaces.tenancy import tenant


@pytest.fixture
def deals(acme) -> dict[str, Deal]:
    """Three deals: one with much, one with little, one with nothing."""
    for label, type_, choices in (
        ("Tier", "choice", ["Gold", "Silver"]),
        ("Fit", "multi", ["Size", "Place"]),
        ("Signed", "checkbox", []),
        ("Seats", "number", []),
        ("Budget", "money", []),
        ("Start", "date", []),
        ("Site", "url", []),
        ("Coach", "user", []),
    ):
        create_field(acme.workspace, entity="deal", label=label, type=type_, choices=choices, by=acme.alice)
    much = {
        "tier": "gold", "fit": ["size", "place"], "signed": True, "seats": "120", "budget": "5000.5", "start": "2027-01-29", "site": "https://northwind.example",
        "coach": acme.alice.user_id,
    }  # fmt: skip
    stage = acme.stages["New"]
    return {
        "much": make_deal(acme.bob, stage, "Much", custom=much),
        "little": make_deal(acme.bob, stage, "Little", custom={"tier": "silver", "fit": ["size"], "seats": "-9"}),
        "nothing": make_deal(acme.bob, stage, "Nothing"),
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("cf_tier=gold", ["Much"]),
        ("cf_tier=gold&cf_tier=silver", ["Little", "Much"]),
        ("cf_fit=size", ["Little", "Much"]),
        ("cf_fit=place", ["Much"]),
        ("cf_fit=place&cf_tier=silver", []),
        ("cf_signed=yes", ["Much"]),
        ("cf_signed=no", ["Little", "Nothing"]),
        ("cf_signed=no&cf_signed=yes", ["Little", "Much", "Nothing"]),
        ("cf_seats__from=10", ["Much"]),
        ("cf_seats__to=120", ["Little", "Much"]),
        ("cf_seats__from=-10&cf_seats__to=0", ["Little"]),
        ("cf_budget__from=5000.51", []),
        ("cf_budget__from=5k&cf_budget__to=5001", ["Much"]),
        ("cf_start__from=2027-01-29&cf_start__to=2027-01-29", ["Much"]),
        ("cf_start__from=2027-01-30", []),
        ("cf_site=NORTHWIND", ["Much"]),
        ("cf_coach={alice}", ["Much"]),
        ("cf_tier=platinum", []),
        ("cf_seats__from=many", []),
    ],
)
def test_what_a_filter_finds(acme, login, deals, query, found):
    page = login(acme.bob).get(
        url(acme.workspace, "deal_list") + "?sort=name&" + query.format(alice=acme.alice.user_id)
    )
    assert [card["name"] for card in page.context["cards"]] == found


def test_chips_say_what_they_are_set_to(acme, login, deals):
    query = "?cf_tier=gold&cf_seats__from=10&cf_budget__to=5000&cf_start__from=2027-01-29&cf_signed=yes&cf_site=north"
    filterset = login(acme.bob).get(url(acme.workspace, "deal_list") + query).context["filter"]
    said = {item["chip"].label: item["summary"] for item in filterset.bar if item["is_set"]}
    assert said == {
        "Tier": "Gold", "Seats": "≥ 10", "Budget": "≤ €5.0k", "Start": "≥ 29 Jan 2027", "Signed": "Yes", "Site": "north",
    }  # fmt: skip


def test_panels_count_what_each_choice_would_find(acme, login, deals):
    bob = login(acme.bob)

    def counts(name: str) -> dict[str, int]:
        page = bob.get(url(acme.workspace, "deal_list_filter", name))
        return {option["label"]: option["count"] for option in page.context["options"]}

    assert counts("cf_tier") == {"Gold": 1, "Silver": 1}
    assert counts("cf_fit") == {"Size": 2, "Place": 1}
    assert counts("cf_signed") == {"Yes": 1, "No": 2}
    assert counts("cf_coach")["Alice"] == 1
    tier = CustomField.objects.get(key="tier")
    change_field(tier, version=1, label="Tier", choices=[Choice("gold", "Gold")], by=acme.alice)
    assert counts("cf_tier") == {"Gold": 1}
    kept = bob.get(url(acme.workspace, "deal_list_filter", "cf_tier") + "?cf_tier=silver")
    assert "Silver" in [option["label"] for option in kept.context["options"]]


def test_a_range_has_inputs(acme, login, deals):
    page = login(acme.bob).get(url(acme.workspace, "deal_list_filter", "cf_start")).content.decode()
    assert 'name="cf_start__from"' in page
    assert 'name="cf_start__to"' in page


def test_companies_have_their_own(acme, login, deals):
    create_field(acme.workspace, entity="company", label="Tier", type="choice", choices=["A"], by=acme.alice)
    create_company(acme.workspace, name="Harbour", by=acme.bob, custom={"tier": "a"})
    create_company(acme.workspace, name="Island", by=acme.bob)
    page = login(acme.bob).get(url(acme.workspace, "company_list") + "?cf_tier=a")
    assert [row["name"] for row in page.context["page"].rows] == ["Harbour"]


def test_another_workspace_is_not_looked_into(acme, deals):
    asked = 'SELECT count(*) FROM crm_custom_deals(ARRAY[\'{"tier": "gold"}\'::jsonb])'
    with connection.cursor() as cursor:
        assert cursor.execute(asked).fetchone() == (1,)
        with tenant(acme.rival, acme.charlie.user):
            assert cursor.execute(asked).fetchone() == (0,)


def test_columns_say_the_values_in_the_readers_words(acme, deals):
    formats = Formats(locale_of("de"), UTC, "EUR", date(2026, 11, 20))
    names = [column.name for column in custom_columns(acme.workspace, "deal")]
    assert names[:3] == ["cf_tier", "cf_fit", "cf_signed"]
    rows = Deal.objects.order_by("pk").values("custom")
    much, little, nothing = custom_cells(acme.workspace, "deal", [*names, "amount"], rows, formats)
    assert (much["cf_budget"], much["cf_coach"], much["cf_fit"]) == ("5.000,50\xa0€", "Alice", "Size, Place")
    assert (little["cf_seats"], little["cf_signed"]) == ("−9", "")
    assert set(nothing) == set(names)
    assert set(nothing.values()) == {""}


def test_the_list_of_deals_shows_them_as_columns(acme, login, deals):
    page = login(acme.bob).get(url(acme.workspace, "deal_list") + "?sort=name&columns=name,cf_tier,cf_coach,cf_seats")
    assert [(card["name"], card["cf_tier"], card["cf_coach"], card["cf_seats"]) for card in page.context["cards"]] == [
        ("Little", "Silver", "", "−9"),
        ("Much", "Gold", "Alice", "120"),
        ("Nothing", "", "", ""),
    ]
    assert f"{deals['much'].pk}/edit/cf_tier/" in page.content.decode()
