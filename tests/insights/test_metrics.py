"""Each figure of the pipeline (domain.md section 6) against rows made by hand, now and as of an earlier day."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from statistics import mean, median
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from deals.actions import create_deal, delete_deal, move_to_stage, update_deal
from deals.models import Deal
from deals.setup import add_pipeline
from insights import metrics
from insights.metrics import Summary, summary, summary_as_of
from tests.factories import url
from tests.pages import read
from workspaces.models import Workspace

DAY = timedelta(days=1)
# Long enough ago that all of it is history on any day of the tests.
THEN = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def made(acme):
    def make(stage: str, amount: int | None, *, at: datetime = THEN, took: timedelta | None = None, **more) -> Deal:
        """A deal in that stage; in a closed one `took` after its creation."""
        first = "Qualified" if took is not None else stage
        fields = {"name": "Deal", "by": acme.alice, "at": at} | more
        deal = create_deal(acme.workspace, stage=acme.stages[first], amount=None if amount is None else Decimal(amount), **fields)  # fmt: skip
        if took is not None:
            deal, _ = move_to_stage(deal, acme.stages[stage], by=acme.alice, reason="Other", note="So", at=at + took)
        return deal

    return make


def both(acme) -> tuple[Summary, Summary]:
    """From the kept totals, and from history: they must agree."""
    now, then = summary(acme.workspace), summary_as_of(acme.workspace, timezone.now().date())
    assert now.as_json() == then.as_json()
    return now, then


def by_stage(found: Summary) -> dict[str, tuple]:
    return {line.name: (line.deals, line.amount, line.weighted) for line in found.stages if line.deals}


# --- sums -----------------------------------------------------------------------------------------------


def test_an_empty_pipeline(acme):
    for found in both(acme):
        assert by_stage(found) == {} and [line.name for line in found.stages] == list(acme.stages)
        assert (found.in_progress.deals, found.won.deals, found.lost.deals) == (0, 0, 0)
        assert (found.win_rate, found.win_rate_value) == (None, None)
        assert (found.days_to_close_mean, found.days_to_close_median) == (None, None)


def test_in_progress_and_weighted(acme, made):
    """The sum of open amounts, and of amount x probability, be that the stage's or one's own."""
    made("New", 1000)
    made("New", 501, probability=33)
    made("Proposal", 20_000)
    made("Proposal", None)
    made("Won", 7, took=DAY)
    for found in both(acme):
        assert by_stage(found) == {
            "New": (2, Decimal(1501), Decimal("265.33")),
            "Proposal": (2, Decimal(20_000), Decimal(16_000)),
            "Won": (1, Decimal(7), Decimal(7)),
        }
        assert (found.in_progress.deals, found.in_progress.amount, found.in_progress.weighted) == (
            4,
            Decimal(21_501),
            Decimal("16265.33"),
        )


def test_the_win_rate_is_won_of_all_closed_by_count_and_by_value(acme, made):
    for stage, amount in (("Won", 100), ("Won", 500), ("Won", None), ("Lost", 1400), ("New", 9999)):
        made(stage, amount, **({} if stage == "New" else {"took": DAY}))
    for found in both(acme):
        assert (found.won.deals, found.won.amount, found.lost.deals, found.lost.amount) == (3, 600, 1, 1400)
        assert (found.win_rate, found.win_rate_value) == (0.75, 0.3)


def test_a_rate_by_value_needs_a_value(acme, made):
    made("Won", None, took=DAY)
    made("Lost", 0, took=DAY)
    for found in both(acme):
        assert (found.win_rate, found.win_rate_value) == (0.5, None)


def test_what_is_in_the_bin_counts_for_nothing(acme, made):
    for deal in (made("New", 10), made("Won", 10, took=DAY)):
        delete_deal(deal, by=acme.alice)
    for found in both(acme):
        assert by_stage(found) == {} and found.days_to_close_mean is None


def test_over_what_the_reader_may_see(acme, login, made):
    made("New", 10)
    made("Won", 100, took=2 * DAY, owner_id=acme.bob.user_id)
    made("Won", 700, took=8 * DAY)
    for found in (
        summary(acme.workspace, [acme.bob.user_id]),
        summary_as_of(acme.workspace, timezone.now().date(), [acme.bob.user_id]),
    ):
        assert (found.in_progress.deals, found.won.amount, found.days_to_close_mean) == (0, 100, 2)
    Workspace.objects.update(visibility="own")
    shown = {name: read(login(member).get(url(acme.workspace, "pipeline_summary"))).text for name, member in (("bob", acme.bob), ("alice", acme.alice))}  # fmt: skip
    assert "€100" in shown["bob"] and "€800" not in shown["bob"] and "€800" in shown["alice"]


# --- days to close --------------------------------------------------------------------------------------


TOOK = [timedelta(days=2), timedelta(days=3, hours=6), timedelta(days=30), timedelta(hours=5), timedelta(days=9, hours=20)]  # fmt: skip


@pytest.mark.parametrize("count", range(1, 6))
def test_days_to_close_are_the_time_from_creation_to_close_of_won_deals(acme, made, count):
    for took in TOOK[:count]:
        made("Won", 10, took=took)
    made("Lost", 10, took=99 * DAY)
    made("New", 10)
    days = [took / DAY for took in TOOK[:count]]
    for found in both(acme):
        assert found.days_to_close_mean == pytest.approx(mean(days))
        # Of whole days: as exact as it is shown.
        assert found.days_to_close_median == pytest.approx(median(days), abs=0.5)


def test_closed_on_the_same_day(acme, made):
    made("Won", 10, took=timedelta(0))
    made("Won", 10, took=timedelta(hours=6))
    for found in both(acme):
        assert (found.days_to_close_mean, found.days_to_close_median) == (0.125, 0)


@pytest.mark.parametrize("hour", [0, 12, 22, 23])
def test_no_midnight_adds_a_day(acme, made, hour):
    """Two hours are two hours, in whatever zone it was just before midnight."""
    made("Won", 10, at=THEN.replace(hour=hour), took=timedelta(hours=2))
    for found in both(acme):
        assert (found.days_to_close_mean, found.days_to_close_median) == (pytest.approx(1 / 12), 0)


def test_a_clock_put_forward_takes_no_day_away(acme, made):
    """From midnight to midnight in Berlin, over the last Sunday of March: an hour less than thirty days."""
    berlin = ZoneInfo("Europe/Berlin")
    start, end = (datetime(2026, month, day, tzinfo=berlin).astimezone(UTC) for month, day in ((3, 15), (4, 14)))
    made("Won", 10, at=start, took=end - start)
    for found in both(acme):
        assert found.days_to_close_median == 30 and found.days_to_close_mean == pytest.approx(30 - 1 / 24)


def test_a_reopened_deal_is_in_progress_again(acme, made):
    won = made("Won", 800, took=4 * DAY)
    assert summary(acme.workspace).days_to_close_mean == 4
    reopened, _ = move_to_stage(won, acme.stages["Proposal"], by=acme.alice, at=THEN + 6 * DAY)
    for found in both(acme):
        assert by_stage(found) == {"Proposal": (1, Decimal(800), Decimal(640))}
        assert (found.win_rate, found.days_to_close_mean, found.days_to_close_median) == (None, None, None)
    # Won once more, it took until then.
    move_to_stage(reopened, acme.stages["Won"], by=acme.alice, at=THEN + 10 * DAY)
    for found in both(acme):
        assert (found.won.deals, found.win_rate, found.days_to_close_mean) == (1, 1, 10)


def test_the_median_of_counts():
    for values in ([3], [1, 2], [5, 1, 1], [1, 1, 2, 9], [4, 4, 4, 4], [0, 7, 7, 8, 100, 3]):
        assert metrics.median(Counter(values)) == median(values)
    assert metrics.median(Counter()) is None and metrics.median(Counter({5: 0})) is None


# --- as of an earlier day -------------------------------------------------------------------------------


def test_as_of_each_day_of_a_deals_life(acme, made):
    deal = made("New", 1000)
    deal, _ = move_to_stage(deal, acme.stages["Proposal"], by=acme.alice, at=THEN + 2 * DAY)
    deal, _ = move_to_stage(deal, acme.stages["Won"], by=acme.alice, at=THEN + 5 * DAY)
    deal, _ = move_to_stage(deal, acme.stages["Proposal"], by=acme.alice, at=THEN + 7 * DAY)
    move_to_stage(deal, acme.stages["Lost"], by=acme.alice, reason="No budget", at=THEN + 9 * DAY)
    stood = {-1: {}, 0: "New", 1: "New", 2: "Proposal", 4: "Proposal", 5: "Won", 6: "Won", 7: "Proposal", 9: "Lost"}
    for days, stage in stood.items():
        found = summary_as_of(acme.workspace, (THEN + days * DAY).date())
        assert set(by_stage(found)) == ({stage} if stage else set()), days
        assert found.days_to_close_mean == (5 if stage == "Won" else None)
        assert found.win_rate == {"Won": 1, "Lost": 0}.get(str(stage))


def test_a_day_ends_at_its_midnight(acme, made):
    made("New", 5, at=THEN.replace(hour=23, minute=59, second=59))
    made("New", 7, at=THEN.replace(hour=0) + DAY)
    assert summary_as_of(acme.workspace, THEN.date()).in_progress.amount == 5
    assert summary_as_of(acme.workspace, (THEN + DAY).date()).in_progress.amount == 12


# --- the command ----------------------------------------------------------------------------------------


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("pipeline_summary", "--workspace", "acme", *arguments, stdout=out)
    return out.getvalue()


def test_the_table(acme, made):
    made("New", 1000)
    made("Proposal", 1_234_567)
    made("Won", 600, took=timedelta(days=2, hours=12))
    made("Lost", 400, took=DAY)
    assert printed().splitlines() == [
        "Sales                Deals        Amount    Weighted",
        "  New                    1      1,000.00      100.00",
        "  Contacted              0          0.00        0.00",
        "  Qualified              0          0.00        0.00",
        "  Meeting scheduled      0          0.00        0.00",
        "  Proposal               1  1,234,567.00  987,653.60",
        "  Won                    1        600.00",
        "  Lost                   1        400.00",
        "",
        "Total in EUR         Deals        Amount    Weighted",
        "  in progress            2  1,235,567.00  987,753.60",
        "  won                    1        600.00",
        "  lost                   1        400.00",
        "Win rate 50.0% of deals, 60.0% of their amount",
        "Days to close 2.5 on average, 3.0 in the middle",
    ]


def test_the_table_of_nothing_and_of_two_pipelines(acme):
    add_pipeline(acme.workspace, name="Renewals", by=acme.alice)
    lines = printed("--as-of", "2020-01-01").splitlines()
    assert [line.split()[0] for line in lines if line[:1].strip()] == ["Sales", "Renewals", "Total", "Win", "Days"]
    assert lines[-2:] == [
        "Win rate — of deals, — of their amount",
        "Days to close — on average, — in the middle",
    ]


def test_one_line_of_json(acme, made):
    made("Won", 600, took=3 * DAY)
    [line] = printed("--json").splitlines()
    found = json.loads(line)
    assert (found["won"], found["win_rate"], found["days_to_close"]) == (
        {"deals": 1, "amount": 600.0},
        1.0,
        {"mean": 3.0, "median": 3.0},
    )
    assert json.loads(printed("--json", "--as-of", THEN.date().isoformat()))["won"]["deals"] == 0


def test_what_is_no_date_and_no_workspace(acme):
    with pytest.raises(CommandError, match="soon is not a date"):
        printed("--as-of", "soon")
    with pytest.raises(CommandError):
        call_command("pipeline_summary", "--workspace", "nowhere")


def test_an_amount_changed_later_counts_as_it_was(acme, made):
    deal = made("New", 1000, at=timezone.now() - 9 * DAY)
    update_deal(deal, by=acme.alice, version=1, amount=Decimal(5))
    assert summary_as_of(acme.workspace, (timezone.now() - 2 * DAY).date()).in_progress.amount == 1000
    assert summary(acme.workspace).in_progress.amount == 5
