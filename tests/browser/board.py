"""What a person does on the board, for the browser tests to say in a word."""

from __future__ import annotations

from decimal import Decimal

from playwright.sync_api import Locator, Page, expect

from deals.models import Stage
from tests.factories import make_deal
from workspaces.tenancy import tenant


def fill(place, *, per_stage: int = 3) -> dict[str, list]:
    """Committed deals of alice in every open stage: {stage name: deals, first card first}."""
    with tenant(place.workspace, place.alice.user, door="web"):
        stages = Stage.objects.filter(kind="open").order_by("position")
        return {
            stage.name: [
                make_deal(place.alice, stage, f"{stage.name} deal {number}", amount=Decimal(1000 * number))
                for number in range(per_stage, 0, -1)
            ][::-1]
            for stage in stages
        }


def lane(page: Page, stage: str) -> Locator:
    return page.locator(f'[data-stage-name="{stage}"]')


def card(page: Page, deal) -> Locator:
    return page.locator(f'.deal[data-deal-id="{deal.pk}"]:not(.drag)')


def stands_in(page: Page, deal, stage: str) -> None:
    """Waits until the card is in the column."""
    expect(lane(page, stage).locator(f'.deal[data-deal-id="{deal.pk}"]:not(.drag)')).to_have_count(1)


def order(page: Page, stage: str) -> list[int]:
    return [
        int(pk)
        for pk in lane(page, stage).locator(".deal").evaluate_all("cards => cards.map(card => card.dataset.dealId)")
    ]


def open_board(page: Page, place, query: str = "") -> Page:
    """With the event stream open, and what was changed while the page was on its way drawn."""
    page.goto(place.url(f"deals/{query}"))
    expect(page.locator("#live")).to_have_text("Live")
    expect(page.locator("#board")).to_have_attribute("aria-busy", "false")
    return page


def scroll_down(page: Page, stage: str) -> None:
    lane(page, stage).locator("ol").evaluate("list => list.scrollTop = list.scrollHeight")


def in_hand(page: Page) -> Locator:
    """The card that is being dragged, where it was taken from."""
    return page.locator(".deal.ghost")


def drop_zone(page: Page, name: str) -> Locator:
    """What rises from below while a card is in the hand: Won, Lost, Delete."""
    return page.locator("[data-drop]", has_text=name)


def drag(page: Page, source: Locator, target: Locator, *, drop: bool = True) -> None:
    """With the mouse, to the middle of the target's upper half (above a card, into a column)."""
    at = source.bounding_box()
    page.mouse.move(at["x"] + 40, at["y"] + 30)
    page.mouse.down()
    page.mouse.move(at["x"] + 60, at["y"] + 40, steps=3)
    expect(in_hand(page)).to_be_visible()
    to = target.bounding_box()  # some targets are there only now
    page.mouse.move(to["x"] + to["width"] / 2, to["y"] + min(20, to["height"] / 2), steps=10)
    if drop:
        page.mouse.up()


def touch_drag(page: Page, source: Locator, target: Locator) -> None:
    """With a finger: press until the card is in the hand, then move. Playwright has no touch drag of its own."""
    at, to = source.bounding_box(), target.bounding_box()
    client = page.context.new_cdp_session(page)

    def send(kind: str, x: float | None = None, y: float | None = None) -> None:
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [] if x is None else [{"x": x, "y": y}]})

    x, y = at["x"] + 60, at["y"] + 30
    send("touchStart", x, y)
    expect(in_hand(page)).to_be_visible()
    goal_x, goal_y = to["x"] + to["width"] / 2, to["y"] + 12
    for step in range(1, 11):
        send("touchMove", x + (goal_x - x) * step / 10, y + (goal_y - y) * step / 10)
    send("touchEnd")


def saved(page: Page, text: str) -> None:
    expect(page.locator("#toasts .toast").last).to_contain_text(text)
