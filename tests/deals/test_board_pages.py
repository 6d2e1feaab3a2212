"""The board as a page: its columns, heads and cards, paging, pipelines, and what changed since."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from activities.actions import plan_task
from activities.models import Activity
from deals.actions import delete_deal, move_to_stage, update_deal
from deals.models import Deal
from deals.setup import add_pipeline
from leads.actions import create_company
from tests.deals.boards import board_page, cards, fill, heads, lane_of, names, pages
from tests.factories import make_deal, url
from tests.pages import SCRIPT, read
from workspaces.tenancy import tenant


@pytest.fixture
def bob(acme, login) -> Client:
    return login(acme.bob)


def now() -> datetime:
    return timezone.now()


# --- columns ------------------------------------------------------------------------------------------


def test_a_column_per_stage(acme, bob):
    page = board_page(bob, acme)
    board = page.one(id="board")
    assert board["data-pipeline-id"] == str(acme.stages["New"].pipeline_id) and "data-editable" in board.attributes
    lanes = board.all("section", "lane")
    assert [(lane["data-stage-id"], lane["data-stage-name"]) for lane in lanes] == [
        (str(stage.pk), name) for name, stage in acme.stages.items()
    ]
    assert [lane["data-kind"] for lane in lanes] == ["open"] * 5 + ["won", "lost"]
    for lane, stage in zip(lanes, acme.stages.values(), strict=True):
        head = lane.one("header", "lane-head")
        assert head.one("h2").text.startswith(stage.name) and f"{stage.probability}%" in head.text
        assert stage.color in [dot.get("fill") for dot in head.walk()]
    assert "No deals in this pipeline yet" in page.text


def test_heads_count_and_add_up(acme, bob):
    make_deal(acme.bob, acme.stages["Proposal"], amount=1000)
    make_deal(acme.alice, acme.stages["Proposal"], amount=9500, probability=10)
    make_deal(acme.alice, acme.stages["Proposal"], amount=None)
    page = board_page(bob, acme)
    assert heads(page)[acme.stages["Proposal"].pk] == (3, Decimal(10500), Decimal(1750))
    head = lane_of(page, "Proposal").one("header")
    assert head.one("span", "ct").text == "3" and head.one("b")["title"] == "€10,500" and head.one("b").text == "€11k"
    assert head.all("span", title="€1,750") and page.one(id="board-sum").text == "3 deals · €11k · €1.8k weighted"
    assert "No deals in this pipeline yet" not in page.text


def test_a_viewer_gets_the_board_without_anything_to_press(acme, login):
    make_deal(acme.bob, acme.stages["New"])
    page = board_page(login(acme.vera), acme)
    assert names(page) == ["Cold-chain monitoring"] and "data-editable" not in page.one(id="board").attributes
    assert not page.all("a", href=url(acme.workspace, "deal_new"))


# --- cards --------------------------------------------------------------------------------------------


def test_a_card_says_what_one_needs(acme, bob):
    blue = create_company(acme.workspace, name="Blue <b> Fish", by=acme.bob)
    close = now().date() + timedelta(days=40)
    deal = make_deal(acme.bob, acme.stages["New"], "Harbour & <i>", 48000, company=blue, expected_close_date=close)
    Deal.objects.filter(pk=deal.pk).update(stage_entered_at=now() - timedelta(days=3, hours=1))
    plan_task(deal, "Call Uma", by=acme.bob, due_at=now() + timedelta(days=2))
    card = board_page(bob, acme).one("li", "deal")
    assert (card["data-deal-id"], card["data-version"], card["data-amount"]) == (str(deal.pk), "1", "48000.00")
    assert card.one("a", "nm").text == "Harbour & <i>" and card.one("a", "nm")["href"] == url(acme.workspace, "deal_detail", deal.pk)  # fmt: skip
    assert "Blue <b> Fish" in card.text and "€48,000" in card.text and "3 d" in card.text
    assert f"{close.day}" in card.one("p", "vl").text
    assert card.one("span", "next")["data-tone"] == "green" and "Call Uma" in card.one("span", "next").text
    assert card.one("span", "av")["title"] == "Bob"


def test_a_bare_card_says_so(acme, bob):
    make_deal(acme.bob, acme.stages["New"], amount=None)
    card = board_page(bob, acme).one("li", "deal")
    assert "No company" in card.text and "No next step" in card.text and card["data-amount"] == "0"
    assert card.one("span", "next")["data-tone"] == "grey"


@pytest.mark.parametrize(
    ("due", "tone"),
    [(timedelta(hours=-49), "red"), (timedelta(minutes=-1), "red"), (timedelta(minutes=1), "amber"), (timedelta(days=3), "green"), (None, "green")],
)  # fmt: skip
def test_the_next_step_is_red_when_late_and_amber_today(acme, bob, due, tone):
    noon = now().replace(hour=12)
    zone = (noon - now()) // timedelta(hours=1)
    # In a zone where it is about noon, so that a minute later is still today.
    acme.bob.user.time_zone = f"Etc/GMT{-zone:+d}" if zone else "UTC"
    acme.bob.user.save()
    deal = make_deal(acme.bob, acme.stages["New"])
    plan_task(deal, "Call", by=acme.bob, due_at=due and now() + due)
    assert board_page(bob, acme).one("span", "next")["data-tone"] == tone


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_day_is_late_only_once_it_is_over(acme, bob, zone):
    """Wherever its assignee lives: their day may be over already, or yet to begin."""
    acme.alice.user.time_zone = zone
    acme.alice.user.save()
    deal = make_deal(acme.bob, acme.stages["New"])
    plan_task(deal, "Call", by=acme.bob, assignee_id=acme.alice.user_id, due_on=now().date())
    assert board_page(bob, acme).one("span", "next")["data-tone"] == "amber"


def test_the_earliest_open_task_is_the_next_step(acme, bob):
    deal = make_deal(acme.bob, acme.stages["New"])
    for title, due in (("Undated", None), ("Later", now() + timedelta(days=5)), ("Sooner", now() + timedelta(days=2))):
        plan_task(deal, title, by=acme.bob, due_at=due)
    done = plan_task(deal, "Done", by=acme.bob, due_at=now())
    type(done).objects.filter(pk=done.pk).update(status="done", done_at=now())
    assert "Sooner" in board_page(bob, acme).one("span", "next").text


@pytest.mark.parametrize(
    ("quiet", "due_in", "rot"),
    [
        (timedelta(days=7) - timedelta(minutes=5), None, None),
        (timedelta(days=7, minutes=5), None, "amber"),
        (timedelta(days=10.5) - timedelta(minutes=5), None, "amber"),
        (timedelta(days=10.5, minutes=5), None, "red"),
        # a task planned in the window pauses it, one that is late or far off does not
        (timedelta(days=20), timedelta(days=3), None),
        (timedelta(days=20), timedelta(days=8), "red"),
        (timedelta(days=20), timedelta(days=-1), "red"),
    ],
)
def test_rotting_by_days_without_activity(acme, bob, quiet, due_in, rot):
    """New rots after 7 days: amber, after one and a half times that red."""
    deal = make_deal(acme.bob, acme.stages["New"], at=now() - quiet)
    if due_in:
        plan_task(deal, "Call", by=acme.bob, due_at=now() + due_in)
    assert board_page(bob, acme).one("li", "deal").get("data-rot") == rot


def test_a_deal_that_was_worked_on_does_not_rot(acme, bob):
    deal = make_deal(acme.bob, acme.stages["New"], at=now() - timedelta(days=30))
    Activity.objects.create(workspace=acme.workspace, deal=deal, kind="call", actor_id=acme.bob.user_id)
    assert board_page(bob, acme).one("li", "deal").get("data-rot") is None


@pytest.mark.parametrize(("days", "tone"), [(-1, "red"), (0, ""), (1, "")])
def test_a_close_date_that_passed_is_red(acme, bob, days, tone):
    make_deal(acme.bob, acme.stages["New"], expected_close_date=now().date() + timedelta(days=days))
    assert board_page(bob, acme).one("p", "vl").all("span")[0]["data-tone"] == tone


# --- pages of a column --------------------------------------------------------------------------------


def test_twenty_five_cards_then_the_rest_each_once(acme, bob):
    ids = fill(acme, "New", 60)
    other = fill(acme, "Contacted", 25)
    page = board_page(bob, acme)
    found = [cards(part) for part in pages(bob, lane_of(page, "New"))]
    assert [len(part) for part in found] == [25, 25, 10] and sum(found, []) == ids
    # Exactly a page: nothing more is offered.
    assert [cards(part) for part in pages(bob, lane_of(page, "Contacted"))] == [other]


def test_a_card_dropped_meanwhile_is_not_lost_from_the_next_page(acme, bob):
    ids = fill(acme, "New", 40)
    first = lane_of(board_page(bob, acme), "New")
    move_to_stage(Deal(pk=ids[24]), acme.stages["Contacted"], by=acme.alice)
    move_to_stage(Deal(pk=ids[39]), acme.stages["New"], by=acme.alice, before=ids[0])
    assert sum((cards(part) for part in pages(bob, first)), []) == ids[:39]


def test_closed_columns_are_folded_to_thirty_days(acme, bob):
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)
    young = fill(acme, "Won", 1, closed_at=today - timedelta(days=30), amount=7)
    fill(acme, "Won", 1, closed_at=today - timedelta(days=30, seconds=1), amount=100)
    latest = fill(acme, "Won", 1, closed_at=now(), amount=5)
    fill(acme, "Lost", 2, closed_at=now(), amount=3)
    page = board_page(bob, acme)
    lane = lane_of(page, "Won")
    assert "data-folded" in lane.attributes and not cards(lane) and "30 days" in lane.one("header").text
    assert heads(page)[acme.stages["Won"].pk] == (2, 12, 12) and heads(page)[acme.stages["Lost"].pk] == (2, 6, 0)
    assert cards(read(bob.get(lane["data-src"]))) == latest + young
    # Closed deals are in no sum of the board.
    assert page.one(id="board-sum").text.startswith("0 deals")


def test_a_closed_column_pages_newest_first_through_deals_closed_at_the_same_moment(acme, bob):
    older = fill(acme, "Lost", 30, closed_at=now() - timedelta(days=3))
    newer = fill(acme, "Lost", 26, closed_at=now() - timedelta(days=2))
    lane = lane_of(board_page(bob, acme), "Lost")
    found = [cards(part) for part in pages(bob, read(bob.get(lane["data-src"])))]
    assert [len(part) for part in found] == [25, 25, 6] and sum(found, []) == newer[::-1] + older[::-1]


def test_the_bin_is_on_no_board(acme, bob):
    gone = make_deal(acme.bob, acme.stages["New"])
    delete_deal(gone, by=acme.bob)
    page = board_page(bob, acme)
    assert not cards(page) and heads(page)[acme.stages["New"].pk] == (0, 0, 0)


# --- pipelines ----------------------------------------------------------------------------------------


def test_the_pipeline_switcher(acme, bob):
    assert not board_page(bob, acme).all(id="pipelines")
    other = add_pipeline(acme.workspace, name="Renewals", by=acme.alice)
    there = make_deal(acme.bob, other.stages.get(name="New"), "There")
    here = make_deal(acme.bob, acme.stages["New"], "Here")
    page = board_page(bob, acme)
    assert cards(page) == [here.pk]
    links = {link.text: link for link in page.one(id="pipelines").all("a")}
    assert list(links) == ["Sales", "Renewals"] and "aria-current" in links["Sales"].attributes
    response = bob.get(url(acme.workspace, "deal_board") + links["Renewals"]["href"])
    assert cards(read(response)) == [there.pk]
    assert read(response).one(id="board")["data-pipeline-id"] == str(other.pk)
    lane = lane_of(read(response), "New")
    assert lane["data-stage-id"] == str(there.stage_id)


def test_the_default_pipeline_opens_wherever_it_stands(acme, bob):
    other = add_pipeline(acme.workspace, name="Renewals", by=acme.alice, is_default=True, position=5)
    page = board_page(bob, acme)
    assert page.one(id="board")["data-pipeline-id"] == str(other.pk)
    assert [link.text for link in page.one(id="pipelines").all("a")] == ["Sales", "Renewals"]


def test_an_unknown_pipeline_is_not_found(acme, bob):
    rivals = acme.rival_stages["New"].pipeline_id
    for pipeline in (0, 10**9, 10**30, "x", "-1", rivals):
        assert bob.get(url(acme.workspace, "deal_board"), {"pipeline": pipeline}).status_code == 404


# --- what changed ---------------------------------------------------------------------------------------


def test_changes_are_the_cards_asked_for_and_all_heads(acme, bob):
    low, top = fill(acme, "New", 2)[::-1]
    fill(acme, "Contacted", 1)
    closed = fill(acme, "Lost", 1, closed_at=now())
    answer = bob.get(url(acme.workspace, "deal_changes"), {"ids": f"{low},{top},x,,{closed[0]},{10**12}"}, headers=SCRIPT)  # fmt: skip
    page = read(answer)
    placed = {cards(part)[0]: (part["data-stage"], part["data-above"]) for part in page.all("ol")}
    new = str(acme.stages["New"].pk)
    assert placed == {top: (new, ""), low: (new, str(top)), closed[0]: (str(acme.stages["Lost"].pk), "")}
    assert heads(page)[int(new)] == (2, 20, 2) and len(heads(page)) == 7
    assert page.one(id="board-sum").text.startswith("3 deals") and "X-About" in answer


def test_changes_keep_to_the_filter_and_the_pipeline(acme, bob):
    mine, hers = make_deal(acme.bob, acme.stages["New"], "Mine"), make_deal(acme.alice, acme.stages["New"], "Hers")
    other = add_pipeline(acme.workspace, name="Renewals", by=acme.alice)
    there = make_deal(acme.bob, other.stages.get(name="New"), "There")
    asked = {"ids": f"{mine.pk},{hers.pk},{there.pk}", "owner": acme.bob.user_id}
    page = read(bob.get(url(acme.workspace, "deal_changes"), asked, headers=SCRIPT))
    assert cards(page) == [mine.pk] and heads(page)[acme.stages["New"].pk][0] == 1
    there_page = read(bob.get(url(acme.workspace, "deal_changes"), asked | {"pipeline": other.pk}, headers=SCRIPT))
    assert cards(there_page) == [there.pk]


@pytest.mark.parametrize("since", ["x", "-1", "", "1" * 20])
def test_a_moment_that_is_none_is_not_found(acme, bob, since):
    assert bob.get(url(acme.workspace, "deal_changes"), {"since": since}).status_code == 404


@pytest.fixture
def committed(transactional_db, cast) -> dict[str, Deal]:
    with tenant(cast.workspace, cast.bob.user):
        return {
            name: make_deal(cast.bob, cast.stages["New"], name) for name in ("Known", "Moved", "Changed", "Deleted")
        }


def test_changes_since_a_page_was_made(committed, cast, login):
    """Committed ones, as a page that was away must find them: moved, changed and deleted."""
    client = login(cast.bob)
    with tenant(cast.workspace, cast.bob.user):
        # Long ago, for transactions of other databases in this cluster move the horizon back.
        Deal.objects.filter(pk=committed["Known"].pk).update(updated_at=now() - timedelta(hours=2))
    horizon = board_page(client, cast).one(id="board")["data-since"]
    with tenant(cast.workspace, cast.alice.user):
        move_to_stage(committed["Moved"], cast.stages["Contacted"], by=cast.alice)
        update_deal(committed["Changed"], by=cast.alice, version=1, expected_close_date=date(2030, 1, 1))
        delete_deal(committed["Deleted"], by=cast.alice)
    answer = client.get(url(cast.workspace, "deal_changes"), {"since": horizon}, headers=SCRIPT)
    about = {int(pk) for pk in answer["X-About"].split(",")}
    assert about == {committed[name].pk for name in ("Moved", "Changed", "Deleted")}
    assert set(cards(read(answer))) == {committed["Moved"].pk, committed["Changed"].pk}
    with tenant(cast.workspace, cast.alice.user):
        fill(cast, "New", 101)
    assert client.get(url(cast.workspace, "deal_changes"), {"since": horizon}, headers=SCRIPT).status_code == 205


def test_changes_that_were_under_way_while_the_page_was_made(committed, cast, login):
    """Written before the page and committed after it: the page cannot have seen them."""
    client = login(cast.bob)
    with connection.get_new_connection(connection.get_connection_params()) as other:
        other.execute("SELECT set_config('app.workspace_id', %s, true)", [str(cast.workspace.pk)])
        other.execute("UPDATE deals_deal SET name = 'Late', updated_at = now() WHERE id = %s", [committed["Moved"].pk])
        page = board_page(client, cast)
        assert "Late" not in names(page)
        other.commit()
    answer = client.get(
        url(cast.workspace, "deal_changes"), {"since": page.one(id="board")["data-since"]}, headers=SCRIPT
    )
    # Among others, maybe: transactions of other databases in this cluster move the horizon back.
    assert "Late" in names(read(answer))
