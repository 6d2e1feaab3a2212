"""The timeline in its reader's words, and the composer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from activities.actions import add_note, log_call, plan_task, record
from activities.models import Activity, Task
from deals.actions import move_to_stage, undo_stage_change, update_deal
from leads.actions import capture, create_company, create_contact, update_company, update_contact, update_lead
from tests.activities.pages import page_of, post, told
from tests.deals.boards import board_page
from tests.factories import make_deal, url
from tests.pages import SCRIPT, read

THEN = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def bob(acme, login) -> Client:
    return login(acme.bob)


@pytest.fixture
def deal(acme):
    return make_deal(acme.bob, acme.stages["New"], amount=1000, at=THEN)


@pytest.fixture
def task(acme, deal) -> Task:
    return plan_task(deal, "Send the offer", by=acme.bob, due_at=timezone.now() + 9 * DAY)


@pytest.fixture
def at_noon(acme) -> datetime:
    """Now, for bob about noon: hours from now are still today, and days are not."""
    now = timezone.now()
    ahead = 12 - now.hour
    acme.bob.user.time_zone = f"Etc/GMT{-ahead:+d}" if ahead else "UTC"
    acme.bob.user.save()
    return now


# --- words ----------------------------------------------------------------------------------------------


def test_changes_of_a_deal_in_the_readers_words(acme, bob, deal):
    blue = create_company(acme.workspace, name="Blue", by=acme.bob)
    facts = {
        "amount": Decimal("48000.50"),
        "expected_close_date": date(2031, 2, 3),
        "owner_id": acme.alice.user_id,
        "probability": 55,
        "source": "event",
        "company_id": blue.pk,
        "next_step": "Call",
    }
    for number, (name, value) in enumerate(facts.items(), 1):
        update_deal(deal, by=acme.bob, version=number, **{name: value})
    update_deal(deal, by=acme.bob, version=8, amount=None)
    assert told(bob, deal)[:8] == [
        "Bob changed amount €48,000.50 → —",
        "Bob changed next step Call",
        "Bob changed company Blue",
        "Bob changed source Event",
        "Bob changed probability 10% → 55%",
        "Bob changed owner Bob → Alice",
        "Bob changed close date 3 Feb 2031",
        "Bob changed amount €1,000 → €48,000.50",
    ]
    acme.bob.user.locale = "de"
    acme.bob.user.save()
    assert told(bob, deal)[6:8] == [
        "Bob changed close date 3. Feb. 2031",
        "Bob changed amount 1.000\xa0€ → 48.000,50\xa0€".replace("\xa0", " "),
    ]


def test_a_deals_currency_is_its_own(acme, bob, deal):
    type(deal).objects.filter(pk=deal.pk).update(currency="PLN")
    update_deal(deal, by=acme.bob, version=1, amount=Decimal(700))
    assert "PLN 1,000 → PLN 700" in told(bob, deal)[0]


def test_a_lead_that_may_be_hidden_is_not_named(acme, bob, deal):
    lead = capture(acme.workspace, by=acme.bob, first_name="Uma")
    update_deal(deal, by=acme.bob, version=1, lead_id=lead.pk)
    assert told(bob, deal)[0] == "Bob changed lead"


def test_changes_of_people_and_companies(acme, bob):
    blue = create_company(acme.workspace, name="Blue", by=acme.bob)
    update_company(blue, by=acme.bob, version=1, annual_revenue=Decimal(2_500_000), size=1400)
    uma = create_contact(acme.workspace, by=acme.bob, first_name="Uma", emails=["a@blue.example"])
    update_contact(uma, by=acme.bob, version=1, do_not_email=True, emails=["a@blue.example", "b@blue.example"])
    lead = capture(acme.workspace, by=acme.bob, first_name="Ida")
    update_lead(lead, by=acme.alice, version=1, status="connected", estimated_amount=Decimal(9000), owner_id=acme.bob.user_id)  # fmt: skip
    assert told(bob, blue) == [
        "Bob changed size 1,400 , annual revenue €2,500,000",
        "Company created by Bob",
    ]
    assert told(bob, uma)[0] == (
        "Bob changed emails a@blue.example → a@blue.example, b@blue.example , do not email no → yes"
    )
    change, created = told(bob, lead)
    assert change.startswith("Alice changed ") and created == "Bob created the lead"
    assert "status New → Connected" in change and "estimate €9,000" in change and "owner Bob" in change


def test_what_cannot_be_read_stands_as_it_is(acme, bob, deal):
    data = {"changes": {"amount": ["much", "more"], "expected_close_date": ["soon", None], "was_a_field": ["1", "2"]}}
    record(deal, Activity.Kind.FIELD_CHANGE, by=acme.bob, door="web", data=data)
    assert told(bob, deal)[0] == "Bob changed amount much → more , was a field 1 → 2 , close date soon → —"


@pytest.mark.parametrize(
    ("door", "by_bob", "by_nobody"),
    [
        ("web", "Bob created the lead", "A visitor created the lead"),
        ("api", "Bob created the lead by API", "The API created the lead"),
        ("import", "Bob created the lead by import", "An import created the lead"),
        ("admin", "Bob created the lead in the admin", "An admin created the lead"),
        ("automation", "Bob created the lead by automation", "An automation created the lead"),
    ],
)
def test_every_line_says_who_and_by_which_door(acme, bob, door, by_bob, by_nobody):
    assert told(bob, capture(acme.workspace, by=acme.bob, first_name="Uma", door=door)) == [by_bob]
    assert told(bob, capture(acme.workspace, by=None, first_name="Ida", door=door)) == [by_nobody]


def test_an_undone_line_looks_undone(acme, bob):
    blue = create_company(acme.workspace, name="Blue", by=acme.bob)
    deal = make_deal(acme.bob, acme.stages["New"], company=blue)
    _, event = move_to_stage(deal, acme.stages["Contacted"], by=acme.bob)
    for record_ in (deal, blue):
        assert not page_of(bob, record_).all("li", "undone")
    undo_stage_change(event, by=acme.alice)
    for record_ in (deal, blue):
        struck = page_of(bob, record_).one("li", "undone")
        assert struck.text.startswith("Bob moved ") and "New → Contacted undone" in struck.text
        assert "Alice took back a move: Contacted → New" in told(bob, record_)


def test_the_heading_of_today(acme, bob, deal):
    log_call(deal, by=acme.bob, outcome="connected", at=timezone.now() - timedelta(seconds=1))
    headings = [heading.text for heading in page_of(bob, deal).one("ol", "tl").all("h2")]
    assert headings[0].startswith("Today, ") and not headings[1].startswith("Today")


def test_older_lines_come_as_one_scrolls(acme, bob, deal):
    for number in range(35):
        add_note(deal, f"Note {number}", by=acme.bob, at=THEN + number * timedelta(minutes=1))
    first = page_of(bob, deal)
    [more] = [found for found in first.one("ol", "tl").walk() if "hx-get" in found.attributes]
    second = read(bob.get(more["hx-get"], headers={"HX-Request": "true"}))
    shown = [line.text for part in (first, second) for line in part.all("div", "quote")]
    assert [text.split(" Edit")[0] for text in shown] == [f"Note {number}" for number in reversed(range(35))]
    assert bob.get(url(acme.workspace, "timeline", "deal", deal.pk) + "?before=nonsense").status_code == 404


# --- the composer ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "data", "line", "toast"),
    [
        ("note", {"body": "Approved"}, "Bob wrote a note Approved", "Note saved"),
        ("call", {"body": "Later", "outcome": "voicemail", "minutes": 2}, "Bob called · 2 min · left voicemail Later", "Call logged"),
        ("call", {"body": "Later"}, "Bob called Later", "Call logged"),
        ("call", {"outcome": "busy"}, "Bob called · busy", "Call logged"),
        ("meeting", {"body": "Agreed", "minutes": 30}, "Bob met · 30 min Agreed", "Meeting logged"),
        ("email", {"body": "Offer"}, "Bob sent an email Offer", "Email logged"),
    ],
)  # fmt: skip
def test_an_entry_of_each_kind(acme, bob, deal, mode, data, line, toast):
    path = url(acme.workspace, "compose", "deal", deal.pk, mode)
    assert read(bob.get(path)).all("form", action=path)
    assert bob.post(path, data)["Location"].endswith(url(acme.workspace, "deal_detail", deal.pk))
    assert page_of(bob, deal).one(id="toasts").text.startswith(toast)
    assert told(bob, deal)[0].split(" Edit")[0].removesuffix(" Delete").removesuffix(" now") == line
    assert read(bob.post(path, data, headers=SCRIPT)).one("div", "toast").text.startswith(toast)
    assert Activity.objects.filter(deal=deal).count() == 3


@pytest.mark.parametrize(
    ("mode", "field"), [("note", "body"), ("call", "outcome"), ("meeting", "body"), ("email", "body")]
)
def test_an_empty_entry_is_refused_at_its_field(acme, bob, deal, mode, field):
    """As the form comes, and with a length alone."""
    before = Activity.objects.count()
    path = url(acme.workspace, "compose", "deal", deal.pk, mode)
    fields = read(bob.get(path)).one("form", action=path).fields
    for data in (fields, {"body": "  ", "outcome": "", "minutes": 5}):
        response = post(bob, acme, "compose", deal._meta.model_name, deal.pk, mode, **data)
        assert response.status_code == 422 and list(response.context["form"].errors) == [field]
    assert Activity.objects.count() == before


def test_there_is_no_other_kind_of_entry(acme, bob, deal):
    assert bob.get(url(acme.workspace, "compose", "deal", deal.pk, "sms")).status_code == 404


def test_a_note_is_edited_where_it_stands(acme, bob, login, deal):
    note = add_note(deal, "Aproved", by=acme.bob)
    path = url(acme.workspace, "note_edit", note.pk)
    form = read(bob.get(path)).one("form", "form-page")
    assert form.one("textarea").text == "Aproved"
    assert bob.post(path, form.fields | {"body": "Approved"}).status_code == 302
    # In another tab it is still the old text: what was typed there is kept, and saved when it is sent again.
    stale = bob.post(path, form.fields | {"body": "Refused"})
    said = read(stale).one("form", "form-page")
    assert stale.status_code == 409 and "It now says: Approved" in said.text and said.one("textarea").text == "Refused"
    assert bob.post(path, said.fields | {"body": "Approved"}).status_code == 302
    assert "Approved" in told(bob, deal)[0] and "edited" in told(bob, deal)[0]
    # Rita, who is a rep as well, may not.
    assert login(acme.vera).post(path, {"body": "No"}).status_code == 403


def test_what_was_logged_wrongly_is_deleted_and_comes_back(acme, bob, login, deal):
    log_call(deal, by=acme.bob, body="Wrong number", outcome="connected", at=timezone.now() - DAY)
    page = page_of(bob, deal)
    form = page.one("ol", "tl").one("form", "fs12")
    gone = post_to(bob, form)
    assert "undone" in page_of(bob, deal).one("ol", "tl").one("li", "undone")["class"]
    deal.refresh_from_db()
    assert deal.last_activity_at < timezone.now() - 2 * DAY  # it counts for nothing
    assert not page_of(login(acme.alice), deal).one("ol", "tl").all("form", "fs12")
    assert login(acme.vera).post(form["action"]).status_code == 403
    post_to(bob, read(gone).one("form", data_undo=None))
    assert "Wrong number" in told(bob, deal)[0] and "deleted" not in told(bob, deal)[0]
    line = Activity.objects.get(kind="deal_created")
    assert bob.post(url(acme.workspace, "logged_delete", line.pk)).status_code == 422


def post_to(client: Client, form):
    return client.post(form["action"], form.fields, headers=SCRIPT)


# --- how soon -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due", "all_day", "tone", "words"),
    [
        (timedelta(hours=-49), False, "red", "2 d late"),
        (timedelta(minutes=-5), False, "red", "since"),
        (timedelta(minutes=5), False, "amber", "today"),
        (timedelta(0), True, "amber", "today"),
        (timedelta(days=-1), True, "red", "1 d late"),
        (timedelta(days=3), True, "green", ""),
        (timedelta(days=3), False, "green", ":"),
        (None, True, "green", None),
    ],
)
def test_a_task_has_the_same_tone_everywhere(acme, bob, at_noon, due, all_day, tone, words):
    zone = ZoneInfo(acme.bob.user.time_zone)
    due_at = None if due is None else at_noon + due
    when = {"due_on": due_at.astimezone(zone).date()} if due_at and all_day else {"due_at": due_at}
    deal = make_deal(acme.bob, acme.stages["New"])
    lead = capture(acme.workspace, by=acme.bob, first_name="Uma")
    for subject in (deal, lead):
        plan_task(subject, "Call", by=acme.bob, **when)
    assert board_page(bob, acme).one("li", "deal").one("span", "next")["data-tone"] == tone
    pages = [page_of(bob, subject) for subject in (deal, lead)]
    assert pages[0].one("dl", "facts").one("span", "next")["data-tone"] == tone
    for page in pages:
        [line] = [line for line in page.one("ol", "tl").all("li") if line.all("form")]
        pills = line.all("span", "pill")
        assert line.one("span", "tic")["data-tone"] == tone
        assert [pill["data-tone"] for pill in pills] == ([] if words is None else [tone])
        assert words is None or words in pills[0].text
