"""The board as the test client gets it: lanes with their heads and cards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from django.test import Client

from deals.bulk import NewDeal, create_deals
from tests.conftest import Cast
from tests.factories import url
from tests.pages import Element, read


def board_page(client: Client, acme: Cast, **query: object) -> Element:
    response = client.get(url(acme.workspace, "deal_board"), query)
    assert response.status_code == 200
    return read(response)


def lane_of(page: Element, name: str) -> Element:
    return page.one("section", "lane", data_stage_name=name)


def heads(page: Element) -> dict[int, tuple[int, Decimal, Decimal]]:
    """{stage id: (count, total, weighted)} of the lane heads that the page or answer has."""
    found = page.all("header", "lane-head")
    assert len({head["data-stage"] for head in found}) == len(found)
    return {int(h["data-stage"]): (int(h["data-count"]), Decimal(h["data-total"]), Decimal(h["data-weighted"])) for h in found}  # fmt: skip


def cards(part: Element) -> list[int]:
    return [int(card["data-deal-id"]) for card in part.all("li", "deal")]


def names(part: Element) -> list[str]:
    return [card.one("a", "nm").text for card in part.all("li", "deal")]


def pages(client: Client, first: Element) -> Iterator[Element]:
    """A lane or list, and what comes as one scrolls on."""
    yield first
    while more := [found for found in first.walk() if "hx-get" in found.attributes]:
        response = client.get(more[0]["hx-get"], headers={"HX-Request": "true", "X-Part": "rows"})
        assert response.status_code == 200
        first = read(response)
        yield first


def fill(acme: Cast, stage: str, count: int, *, closed_at: datetime | None = None, amount: int = 10) -> list[int]:
    """Ids of new deals of bob's, in their order from the top."""
    then = datetime(2024, 1, 1, tzinfo=UTC)
    new = [
        NewDeal(
            f"{stage} {number}", acme.stages[stage], acme.bob.user_id, then, closed_at=closed_at, amount=Decimal(amount), reason="Price"
        )
        for number in range(count)
    ]  # fmt: skip
    return create_deals(acme.workspace, new, by=acme.alice)
