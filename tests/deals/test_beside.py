"""Next and previous from a deal's page, in the list or column one came from."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tests.factories import make_deal, url
from tests.pages import SCRIPT, Element, read
from workspaces.models import Workspace


@pytest.fixture
def bob(acme, login) -> Client:
    return login(acme.bob)


@pytest.fixture
def deals(acme):
    """In the column from the top: e d c b a; by amount: a b c d e."""
    return {name: make_deal(acme.bob, acme.stages["New"], name, 100 * n) for n, name in enumerate("abcde", 1)}


def arrows(client: Client, deal, query: str = "") -> Element:
    return read(client.get(url(deal.workspace, "deal_beside", deal.pk) + query))


def step(client: Client, deal, go: str, query: str = "") -> str:
    sign = "&" if query else "?"
    return client.get(f"{url(deal.workspace, 'deal_beside', deal.pk)}{query}{sign}go={go}")["Location"]


def test_without_a_word_it_is_the_column_of_the_board(acme, bob, deals):
    make_deal(acme.bob, acme.stages["Qualified"], "elsewhere")
    shown = arrows(bob, deals["d"])
    assert shown.text == "2 of 5"
    up, down = shown.all("a")
    assert up["href"] == url(acme.workspace, "deal_detail", deals["e"].pk) + "?"
    assert down["href"].startswith(url(acme.workspace, "deal_detail", deals["c"].pk))
    assert [link["aria-label"] for link in arrows(bob, deals["e"]).all("a")] == ["Next deal"]
    assert [link["aria-label"] for link in arrows(bob, deals["a"]).all("a")] == ["Previous deal"]


def test_from_a_list_it_is_the_lists_own_order_and_filter(acme, bob, deals):
    page = read(bob.get(url(acme.workspace, "deal_list") + "?sort=amount&amount_min=200"))
    links = [link["href"] for link in page.one("tbody").all("a", "med")]
    assert [parse_qs(urlsplit(link).query)["in"] for link in links] == 4 * [["list?sort=amount&amount_min=200"]]
    detail = read(bob.get(links[1]))
    [spot] = [
        found
        for found in detail.walk()
        if "deal_beside" in (found.get("class") or "") or found.get("class") == "beside"
    ]
    shown = read(bob.get(spot["hx-get"]))
    assert shown.text == "2 of 4"
    assert [urlsplit(link["href"]).path for link in shown.all("a")] == [url(acme.workspace, "deal_detail", deals[name].pk) for name in "bd"]  # fmt: skip
    assert all("amount_min" in link["href"] for link in shown.all("a"))
    plain = [link["href"] for link in spot.all("a")]
    assert urlsplit(bob.get(plain[1])["Location"]).path == url(acme.workspace, "deal_detail", deals["d"].pk)


@pytest.mark.parametrize(
    ("sort", "order"), [("-amount", "edcba"), ("close", "caebd"), ("-name", "edcba"), ("age", "edcba")]
)
def test_each_sort_with_what_is_not_known_last(acme, bob, deals, sort, order):
    days = {"c": "2030-01-01", "a": "2030-02-01", "e": "2030-03-01"}
    for name, day in days.items():
        type(deals[name]).objects.filter(pk=deals[name].pk).update(expected_close_date=day)
    page = read(bob.get(url(acme.workspace, "deal_list") + f"?sort={sort}"))
    rows = [link.text for link in page.one("tbody").all("a", "med")]
    assert "".join(rows) == order
    query = f"?in=list%3Fsort%3D{sort}"
    for here, after in zip(rows, rows[1:], strict=False):
        assert step(bob, deals[here], "next", query).startswith(
            url(acme.workspace, "deal_detail", deals[after].pk) + "?"
        )
        assert step(bob, deals[after], "previous", query).startswith(
            url(acme.workspace, "deal_detail", deals[here].pk) + "?"
        )


def test_at_the_ends_and_outside_of_the_list_one_stays(acme, bob, deals):
    here = url(acme.workspace, "deal_detail", deals["e"].pk)
    assert step(bob, deals["e"], "previous") == here
    assert arrows(bob, deals["e"], "?in=list%3Famount_max%3D100").text == ""
    assert step(bob, deals["e"], "next", "?in=list%3Famount_max%3D100").startswith(here)


@pytest.mark.parametrize(
    "query",
    [
        "?in=list%3Famount_min%3Dlots",
        "?in=list%3Ftab%3Dnowhere%26sort%3Dx",
        "?in=else",
        "?in=list%3Fafter%3Dx",
        "?in=board%3Fowner%3D-1",
    ],
)
def test_what_cannot_be_read_breaks_nothing(acme, bob, deals, query):
    assert bob.get(url(acme.workspace, "deal_beside", deals["c"].pk) + query).status_code == 200


def test_what_one_may_not_see_is_stepped_over(acme, bob, deals):
    hidden = make_deal(acme.alice, acme.stages["New"], "hidden", 50)
    make_deal(acme.bob, acme.stages["New"], "f", 25)
    type(hidden).objects.filter(pk=deals["c"].pk).update(owner=acme.alice.user)
    Workspace.objects.update(visibility=Workspace.Visibility.OWN)
    assert arrows(bob, deals["d"]).text == "3 of 5"
    assert urlsplit(step(bob, deals["d"], "next")).path == url(acme.workspace, "deal_detail", deals["b"].pk)
    assert urlsplit(step(bob, deals["a"], "previous", "?in=list%3Fsort%3Damount")).path == url(acme.workspace, "deal_detail", type(hidden).objects.get(name="f").pk)  # fmt: skip
    assert bob.get(url(acme.workspace, "deal_beside", hidden.pk)).status_code == 404
    assert Decimal(50) == hidden.amount


def test_cards_of_a_filtered_board_say_so_in_their_links(acme, bob, deals):
    board = read(bob.get(url(acme.workspace, "deal_board") + "?amount_min=400"))
    links = [card.one("a", "nm")["href"] for card in board.all("li", "deal")]
    assert len(links) == 2
    assert all(parse_qs(urlsplit(link).query)["in"] == ["board?amount_min=400"] for link in links)
    assert arrows(bob, deals["d"], "?in=board%3Famount_min%3D400").text == "2 of 2"


@pytest.mark.parametrize(("came", "name", "query"), [
    ({"in": "list?sort=amount&amount_min=200"}, "deal_list", {"sort": ["amount"], "amount_min": ["200"]}),
    ({"in": "list?"}, "deal_list", {}),
    ({"in": "board?owner=7"}, "deal_board", {"owner": ["7"], "pipeline": None}),
    ({}, "deal_board", {"pipeline": None}),
])  # fmt: skip
def test_the_way_back_and_a_deleted_deal_lead_to_where_one_came_from(acme, bob, deals, came, name, query):
    query = {key: value or [str(deals["c"].pipeline_id)] for key, value in query.items()}
    detail = read(bob.get(url(acme.workspace, "deal_detail", deals["c"].pk), came))
    menu = next(link["href"] for link in detail.all("a", data_key="m"))
    form = read(bob.get(menu, headers=SCRIPT)).one("form", data_delete=None)
    gone = bob.post(form["action"], form.fields)
    for target in (detail.one("nav", "crumb").all("a")[0]["href"], gone["Location"]):
        assert urlsplit(target).path == url(acme.workspace, name) and parse_qs(urlsplit(target).query) == query
    assert "is in the bin" in read(bob.get(gone["Location"])).text


def test_from_the_list_one_deletes_and_undoes_without_leaving_it(acme, bob, deals):
    path = url(acme.workspace, "deal_delete", deals["c"].pk)
    said = read(bob.post(path, {"version": 1, "list": "1"}, headers=SCRIPT))
    assert "Deleted" in said.text and said.one("i")["data-about"] == str(deals["c"].pk)
    back = read(bob.post(said.one("form", data_undo=None)["action"], {"list": "1"}, headers=SCRIPT))
    assert "Undone" in back.text and back.one("i")["data-about"] == str(deals["c"].pk)
