"""The demo: what the generator yields on any day, and the workspace that create_demo makes of it."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.db.models import F, Sum
from django.utils import timezone

from activities.models import Activity, Task
from connectors import demo
from connectors import demo_rows as rows
from deals import cards
from deals.actions import DEFAULT_STAGES
from deals.models import Deal, Kind, StageEvent, StageTotal
from deals.transitions import LOST_REASONS, WON_REASONS
from insights.models import Adjustment, Goal
from leads.models import CampaignMember, Company, Contact, Lead, SegmentMember
from workspaces.actions import create_workspace, slug_is_taken
from workspaces.commands import find_workspace
from workspaces.models import Membership, User
from workspaces.tenancy import tenant

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
WEEK = [NOW + timedelta(days=day) for day in range(7)]
COUNTS = {rows.Company: 60, rows.Person: 150, rows.Lead: 120, rows.Deal: 90}
# What regulators keep for fiction: BNetzA, ARCEP, Ofcom, ComReg, PTS.
FICTION = ("+493023125", "+331990", "+442079460", "+353209", "+468465004")


# --- the generator ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def story() -> rows.Demo:
    return demo.make(NOW)


def stages_now(story: rows.Demo) -> dict[str, str]:
    stages = {deal.key: deal.stage for deal in story.of(rows.Deal)}
    return stages | {move.deal: move.stage for move in story.of(rows.Move)}


def test_has_what_a_company_of_that_size_has(story):
    assert {kind: len(story.of(kind)) for kind in COUNTS} == COUNTS
    assert Counter(stages_now(story).values()) == {
        "New": 10,
        "Contacted": 8,
        "Qualified": 9,
        "Meeting scheduled": 7,
        "Proposal": 6,
        "Won": 30,
        "Lost": 20,
    }
    assert all(5_000 <= deal.amount <= 200_000 for deal in story.of(rows.Deal))
    assert len({deal.name for deal in story.of(rows.Deal)}) == 90
    statuses = {change.status for change in story.of(rows.LeadChange)}
    assert statuses == set(Lead.Status) - {Lead.Status.NEW, Lead.Status.CONVERTED}


def test_the_same_day_gives_the_same_rows_at_any_hour(story):
    # In Berlin the day ends at 23:00 UTC in winter.
    assert demo.make(NOW.replace(hour=0, minute=0)) == story == demo.make(NOW.replace(hour=22, minute=59))
    assert demo.make(NOW.replace(hour=23)) != story


@pytest.mark.parametrize("now", WEEK, ids=lambda now: f"{now:%a}")
def test_history_lies_within_two_years_and_never_ahead(now):
    story = demo.make(now)
    midnight = now.replace(hour=0, minute=0)
    assert now - timedelta(days=730) < min(row.at for row in story.history)
    assert max(row.at for row in story.history) < midnight
    assert all(
        deal.at < move.at for deal in story.of(rows.Deal) for move in story.of(rows.Move) if move.deal == deal.key
    )
    assert [row.at for row in story.history] == sorted(row.at for row in story.history)


def test_nobody_is_named_before_being_known(story):
    known: set[str] = set()
    for row in story.history:
        match row:
            case rows.Company() | rows.Lead():
                pass
            case rows.Person():
                assert row.company in known
            case rows.Deal():
                assert {row.company, *(person.key for person in row.people)} <= known
            case rows.Move() | rows.Place() | rows.Conversion():
                assert row.deal in known
            case rows.LeadChange():
                assert row.lead in known
            case rows.Talk() | rows.Task():
                assert row.about in known
            case rows.TaskDone():
                assert row.task in known
        if isinstance(row, rows.Lead):
            assert row.person in known
        known.add(getattr(row, "key", ""))


def test_addresses_are_unique_and_nobodys(story):
    people = story.of(rows.Person)
    assert len({person.key for person in people}) == len({person.name for person in people}) == 150
    assert all(person.key.endswith(f"@{person.company}") and person.key.isascii() for person in people)
    assert all(company.key.endswith(".example") for company in story.of(rows.Company))
    assert all(member.email.endswith("@demo.example") for member in story.members)


def test_telephone_numbers_are_nobodys(story):
    written = [phone for person in story.of(rows.Person) for phone in person.phones]
    written += [company.phone for company in story.of(rows.Company) if company.phone]
    for phone in written:
        number = phonenumbers.parse(phone)
        assert phonenumbers.is_possible_number(number), phone
        assert phone.startswith(FICTION) or not phonenumbers.is_valid_number(number), phone


@pytest.mark.parametrize("now", WEEK, ids=lambda now: f"{now:%a}")
@pytest.mark.parametrize("clock", [time(0, 1), time(9), time(23, 58)], ids=str)
def test_the_board_shows_something_of_everything(now, clock):
    """Amber and red cards; tasks late, today, planned and none; dates that are over: on any day, at any hour."""
    story = demo.make(now)
    today = now.date()
    moment = datetime.combine(today, clock, BERLIN)
    shown = [as_card(story, deal, moment) for deal, stage in stages_now(story).items() if stage in LIMITS]
    assert Counter(cards.rotting(card, moment) for card in shown) == ROT
    due = Counter("none" if card["due"] is None else when(card["due"], today) for card in shown)
    assert due == {"late": 8, "today": 6, "planned": 20, "none": 6}
    assert sum(1 for card in shown if card["expected_close_date"] < today) == 6


ROT = {0: 29, 1: 6, 2: 5}
BERLIN = ZoneInfo(demo.names.TIME_ZONE)
LIMITS = {name: days for name, _, _, kind, days in DEFAULT_STAGES if kind == Kind.OPEN}


def when(day: date, today: date) -> str:
    return "late" if day < today else "planned" if day > today else "today"


def as_card(story: rows.Demo, key: str, moment: datetime) -> dict:
    """What deals/cards.py reads of an open deal, and its next task's day."""
    deal = next(deal for deal in story.of(rows.Deal) if deal.key == key)
    done = {row.task for row in story.of(rows.TaskDone)}
    tasks = [task for task in story.of(rows.Task) if task.about == key]
    touches = [talk.at for talk in story.of(rows.Talk) if talk.about == key]
    touches += [move.at for move in story.of(rows.Move) if move.deal == key]
    touches += [row.at for row in story.of(rows.TaskDone) if row.task in {task.key for task in tasks}]
    planned = next((task for task in tasks if task.key not in done), None)
    at = planned and datetime.combine(planned.due, planned.clock or time(23, 59, 59), BERLIN)
    return {
        "stage__rotting_days": LIMITS[stages_now(story)[key]],
        "next_task": at and {"due_at": at.isoformat(), "due_on": None},
        "planned_at": at if at and at >= moment else None,
        "quiet_since": max([deal.at, *touches]),
        "expected_close_date": expected_now(story, deal),
        "due": planned and planned.due,
    }


def expected_now(story, deal):
    put_off = [row.day for row in story.of(rows.PutOff) if row.deal == deal.key]
    return put_off[-1] if put_off else deal.expected_close_date


def test_texts_are_filled_in_and_said_once_about_a_deal(story):
    talks = story.of(rows.Talk)
    assert not [talk.body for talk in talks if "{" in talk.body or not talk.body]
    said = Counter((talk.about, talk.body) for talk in talks if talk.about.startswith("deal"))
    assert said.most_common(1)[0][1] == 1


def test_deals_are_closed_for_reasons_that_the_product_knows(story):
    for move in story.of(rows.Move):
        known = {"Won": WON_REASONS, "Lost": LOST_REASONS}.get(move.stage, ("",))
        assert move.reason in known


# --- the workspace ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_create_demo_makes_the_workspace(cast):
    call_command("create_demo", verbosity=0)
    workspace = find_workspace("demo")
    assert (workspace.name, workspace.currency, workspace.time_zone) == ("Eisvogel Telemetry", "EUR", "Europe/Berlin")
    with tenant(workspace):
        check_counts()
        check_totals()
        check_figures()
        check_history()
        check_board()
        check_people()
    for other in (cast.workspace, cast.rival):
        with tenant(other):
            assert [model.objects.count() for model in (Company, Contact, Lead, Deal, Activity, Task)] == [0] * 6


def check_counts():
    assert [model.objects.count() for model in (Company, Contact, Lead, Deal)] == [60, 150, 120, 90]
    assert dict(Counter(Deal.objects.values_list("status", flat=True))) == {"open": 40, "won": 30, "lost": 20}
    assert set(Lead.objects.values_list("status", flat=True)) == set(Lead.Status)
    converted = Lead.objects.filter(status=Lead.Status.CONVERTED)
    assert converted.count() == Deal.objects.exclude(lead=None).count() == converted.filter(deals__isnull=False).count()
    assert SegmentMember.objects.filter(segment__name="Met at a fair").exists() and CampaignMember.objects.exists()
    assert not Activity.objects.filter(at__gt=timezone.now()).exists()
    # Of all that happened nothing did on the day that the demo was made, and each person was there from the deal's first day.
    assert not Activity.objects.filter(at__gt=timezone.now() - timedelta(hours=1)).exists()
    joined = Activity.objects.filter(data__changes__has_key="people").select_related("deal")
    assert joined.exists() and all(line.at == line.deal.created_at for line in joined)


def check_totals():
    """What the triggers kept is what the deals add up to."""
    kept = {
        (total.stage_id, total.owner_id): (total.deals, total.amount, total.weighted)
        for total in StageTotal.objects.exclude(deals=0)
    }
    live: dict[tuple[int, int], list] = {}
    for deal in Deal.objects.open():
        sums = live.setdefault((deal.stage_id, deal.owner_id), [0, Decimal(0), Decimal(0)])
        sums[0], sums[1], sums[2] = (
            sums[0] + 1,
            sums[1] + deal.base_amount,
            sums[2] + deal.base_amount * deal.probability / 100,
        )
    assert kept == {key: tuple(sums) for key, sums in live.items()}
    assert Deal.objects.open().aggregate(n=Sum(F("base_amount")))["n"] == sum(amount for _, amount, _ in kept.values())


def check_figures():
    """Other currencies, dates that were put off, goals: the pages of figures have something to show."""
    assert set(Deal.objects.values_list("currency", flat=True)) == {"EUR", "CHF", "GBP"}
    assert Deal.objects.open().filter(slips__gt=0).exists()
    assert Goal.objects.filter(scope="workspace").exists() and Adjustment.objects.exists()


def check_history():
    """Each deal's events lead without a gap from its creation to where it stands."""
    for deal in Deal.objects.select_related("stage"):
        events = list(StageEvent.objects.filter(deal=deal).order_by("left_at", "pk"))
        assert events[0].from_stage_id is None and events[0].left_at == deal.created_at
        assert all(
            (later.from_stage_id, later.entered_at) == (earlier.to_stage_id, earlier.left_at)
            for earlier, later in pairwise(events)
        )
        assert (events[-1].to_stage_id, events[-1].left_at) == (deal.stage_id, deal.stage_entered_at)
        if deal.status != Kind.OPEN:
            assert len(events) > 1 and events[-1].left_at == deal.closed_at


def check_board():
    """What the cards say, as they are read from the tables."""
    now = timezone.now()
    shown = list(cards.rows(Deal.objects.open(), "stage__rotting_days"))
    assert Counter(cards.rotting(deal, now) for deal in shown) == ROT
    assert sum(1 for deal in shown if deal["next_task"] is None) == 6


def check_people():
    members = {member.user.email: member for member in Membership.objects.select_related("user", "team")}
    roles = {email.partition("@")[0]: member.role for email, member in members.items()}
    assert len(members) == 7
    assert (roles["alice"], roles["bob"], roles["vera"]) == ("owner", "rep", "viewer")
    assert len({member.team for member in members.values()} - {None}) == 2
    able = {email for email, member in members.items() if member.user.check_password("demo")}
    assert able == {f"{name}@demo.example" for name in ("alice", "bob", "vera")}
    assert set(EmailAddress.objects.filter(verified=True, primary=True).values_list("email", flat=True)) == able
    owners = set(Deal.objects.open().values_list("owner__email", flat=True))
    assert len(owners) == 6


@pytest.mark.django_db
def test_a_second_time_is_refused(cast):
    create_workspace(name="Demo", slug="demo", owner=cast.charlie.user)
    with pytest.raises(CommandError, match="There is a workspace demo already"):
        call_command("create_demo")
    assert not User.objects.filter(email__endswith="@demo.example").exists()


@pytest.mark.django_db
def test_nobodys_account_is_taken_over():
    User.objects.create_user("bob@demo.example", "my own secret", name="The real Bob")
    with pytest.raises(CommandError, match="bob@demo.example"):
        call_command("create_demo")
    assert User.objects.get(email="bob@demo.example").check_password("my own secret")
    assert not slug_is_taken("demo")


@pytest.mark.django_db
@pytest.mark.parametrize("environment", ["production", "staging", ""])
def test_only_where_one_develops(settings, environment):
    settings.CRM_ENV = environment
    with pytest.raises(CommandError, match="only where CRM_ENV is development"):
        call_command("create_demo")
    assert not slug_is_taken("demo")
