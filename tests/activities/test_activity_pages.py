"""The timeline in its reader's words, the composer, and what one does with a task from the page of its record."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from activities.actions import add_note, complete_task, log_call, plan_task, record, update_task
from activities.models import Activity, Task
from deals.actions import move_to_stage, undo_stage_change, update_deal
from leads.actions import capture, create_company, create_contact, update_company, update_contact, update_lead
from tests.conftest import Cast
from tests.deals.boards import board_page
from tests.factories import make_deal, url
from tests.pages import SCRIPT, Element, read
from workspaces.models import Workspace

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


def page_of(client: Client, record: object) -> Element:
    response = client.get(url(record.workspace, f"{record._meta.model_name}_detail", record.pk))
    assert response.status_code == 200
    return read(response)


def told(client: Client, record: object) -> list[str]:
    """The lines of a record's timeline as they are read, newest first."""
    return [
        line.one("div", "tx").text for line in page_of(client, record).one("ol", "tl").all("li") if line.all("time")
    ]


def post(client: Client, acme: Cast, name: str, *args: object, script: bool = False, **data: object) -> HttpResponse:
    return client.post(url(acme.workspace, name, *args), data, headers=SCRIPT if script else None)


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
    assert told(bob, deal)[0].split(" Edit")[0].removesuffix(" now") == line
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


# --- tasks: plan, change, put off -----------------------------------------------------------------------


def test_planning_from_a_page_or_a_dialog(acme, bob, deal):
    data = {"title": "Call Uma", "type": "call", "due_on": "2031-02-03", "due_time": "", "assignee": acme.alice.user_id}
    for script in (False, True):
        response = post(bob, acme, "task_new", "deal", deal.pk, script=script, **data)
        assert response.status_code == (200 if script else 302)
    toast = read(response)
    assert toast.one("div", "toast").text.startswith("Planned Call Uma")
    # The board asks for this card again.
    assert toast.one("i", data_about=str(deal.pk))
    assert list(Task.objects.values_list("title", "due_on", "assignee_id")) == 2 * [
        ("Call Uma", date(2031, 2, 3), acme.alice.user_id)
    ]


def test_a_time_needs_its_day(acme, bob, deal):
    response = post(bob, acme, "task_new", "deal", deal.pk, title="A", due_time="10:00", assignee=acme.bob.user_id)
    assert response.status_code == 422 and response.context["form"].errors["due_on"] == ["On which day?"]
    assert not Task.objects.exists()


def test_the_menu_of_a_task(acme, bob, login, task):
    path = url(acme.workspace, "task_menu", task.pk)
    menu = read(bob.get(path, headers=SCRIPT))
    assert menu.all("a", href=url(acme.workspace, "task_edit", task.pk))
    days = [button["value"] for button in menu.all("button", name="due_on")]
    today = timezone.localdate()
    assert days[:2] == [today.isoformat(), (today + DAY).isoformat()] and len(days) == 4
    assert date.fromisoformat(days[2]).weekday() == 0 and date.fromisoformat(days[2]) > today
    # On a page of its own for whoever has no JavaScript.
    assert read(bob.get(path)).all("nav") and not menu.all("nav")
    complete_task(task, by=acme.bob)
    ended = read(bob.get(path))
    assert ended.all("form", action=url(acme.workspace, "task_reopen", task.pk))
    assert not ended.all("form", action=url(acme.workspace, "task_cancel", task.pk))


def edit_form(client: Client, acme: Cast, task: Task) -> dict[str, str]:
    path = url(acme.workspace, "task_edit", task.pk)
    return read(client.get(path)).one("form", action=path).fields


def test_a_task_is_edited(acme, bob, deal, task):
    fields = edit_form(bob, acme, task)
    assert (fields["title"], fields["version"], fields["assignee"]) == ("Send the offer", "1", str(acme.bob.user_id))
    changes = {"title": "Offer", "due_on": "2031-02-03", "due_time": "", "assignee": str(acme.alice.user_id)}
    assert post(bob, acme, "task_edit", task.pk, **fields | changes).status_code == 302
    task.refresh_from_db()
    assert (task.title, task.assignee_id, task.version) == ("Offer", acme.alice.user_id, 2)
    assert task.due_on == date(2031, 2, 3)
    page = page_of(bob, deal)
    assert page.one("ol", "tl").all("span", "pill")[0].text == "3 Feb 2031"
    undo = page.one("form", data_undo=None)
    assert undo["action"] == url(acme.workspace, "task_undo", task.pk, 2)
    assert bob.post(undo["action"]).status_code == 302
    task.refresh_from_db()
    assert (task.title, task.due_on, task.assignee_id, task.version) == (
        "Send the offer",
        None,
        acme.bob.user_id,
        3,
    )


def test_nobody_may_be_in_charge(acme, bob, task):
    fields = edit_form(bob, acme, task) | {"assignee": ""}
    post(bob, acme, "task_edit", task.pk, **fields)
    assert Task.objects.get().assignee_id is None


def test_an_edit_in_another_zone_moves_no_day(acme, bob, login, deal):
    """What is due on Friday in Auckland is not made due on another day by who corrects its title from New York."""
    acme.bob.user.time_zone = "Pacific/Auckland"
    acme.bob.user.save()
    friday = date(2031, 2, 7)
    task = plan_task(deal, "Sned", by=acme.bob, due_on=friday)
    acme.alice.user.time_zone = "America/New_York"
    acme.alice.user.save()
    client = login(acme.alice)
    fields = edit_form(client, acme, task)
    assert post(client, acme, "task_edit", task.pk, **fields | {"title": "Send"}).status_code == 302
    due_at = task.due_at
    task.refresh_from_db()
    assert (task.title, task.due_on, task.due_at) == ("Send", friday, due_at)
    assert due_at == datetime(2031, 2, 7, 23, 59, 59, tzinfo=ZoneInfo("Pacific/Auckland"))


def test_a_stale_edit_is_shown_again_and_may_then_be_chosen(acme, bob, task):
    fields = edit_form(bob, acme, task) | {"title": "Mine"}
    update_task(task, by=acme.alice, title="Theirs")
    response = post(bob, acme, "task_edit", task.pk, **fields)
    assert response.status_code == 409 and Task.objects.get().title == "Theirs"
    again = read(response)
    assert "changed this task meanwhile" in again.text and "Save again" in again.text
    fields = again.one("form", action=url(acme.workspace, "task_edit", task.pk)).fields
    assert (fields["title"], fields["version"]) == ("Mine", "2")
    assert post(bob, acme, "task_edit", task.pk, **fields).status_code == 302
    assert Task.objects.get().title == "Mine"


def test_a_wrong_edit_is_refused_at_its_field(acme, bob, task):
    for wrong, field in (
        ({"title": ""}, "title"),
        ({"due_on": "soon"}, "due_on"),
        ({"due_on": "9999-12-31"}, "due_on"),
    ):
        response = post(bob, acme, "task_edit", task.pk, **edit_form(bob, acme, task) | wrong)
        assert response.status_code == 422 and field in response.context["form"].errors
    assert Task.objects.get().version == 1


def test_put_off_to_another_day_at_the_same_time(acme, bob, at_noon, deal):
    zone = ZoneInfo(acme.bob.user.time_zone)
    task = plan_task(deal, "Call", by=acme.bob, due_at=at_noon + timedelta(hours=1))
    response = post(bob, acme, "task_reschedule", task.pk, script=True, due_on="2031-02-03", version=1)
    assert read(response).one("div", "toast").text.startswith("Rescheduled Call Undo")
    local = Task.objects.get().due_at.astimezone(zone)
    assert (local.date(), local.time()) == (date(2031, 2, 3), (at_noon + timedelta(hours=1)).astimezone(zone).time())
    assert Task.objects.get().due_on is None
    bob.post(read(response).one("form", data_undo=None)["action"])
    assert Task.objects.get().due_at == at_noon + timedelta(hours=1)


def test_what_was_due_some_day_is_then_due_all_day(acme, bob, deal):
    task = plan_task(deal, "Call", by=acme.bob)
    assert post(bob, acme, "task_reschedule", task.pk, due_on="2031-02-03", version=1).status_code == 302
    task.refresh_from_db()
    assert task.due_on == date(2031, 2, 3)


# --- tasks: done, cancelled, opened again ---------------------------------------------------------------


def test_the_last_task_of_a_deal_asks_for_the_next(acme, bob, deal, task):
    other = plan_task(deal, "Call Uma", by=acme.bob, type="call")
    first = post(bob, acme, "task_done", task.pk, version=1)
    assert first["Location"].endswith(url(acme.workspace, "deal_detail", deal.pk))
    second = post(bob, acme, "task_done", other.pk, version=1)
    page = read(bob.get(second["Location"]))
    form = page.one("form", action=second["Location"].removeprefix("http://testserver"))
    day = datetime.strptime(form.fields["due_on"], "%d/%m/%Y").date()
    assert (form.fields["title"], form.fields["type"]) == ("Follow up: Call Uma", "call")
    assert day.weekday() < 5 and DAY * 3 <= day - timezone.localdate() <= DAY * 5
    # What was done can be taken back from there.
    assert url(acme.workspace, "task_undo", other.pk, 2) in [
        undo["action"] for undo in page.all("form", data_undo=None)
    ]
    assert bob.post(second["Location"], form.fields).status_code == 302
    assert Task.objects.get(status="open").title == "Follow up: Call Uma"


def test_a_dialog_asks_for_the_next(acme, bob, deal, task):
    answer = read(post(bob, acme, "task_done", task.pk, version=1, script=True))
    assert answer.one("div", "toast").text.startswith("Done Send the offer Undo")
    follow_up = plan_task(deal, "Follow up: Call", by=acme.bob)
    link = answer.one("a", data_next=None)["href"]
    assert read(bob.get(link, headers=SCRIPT)).one("input", name="title")["value"] == "Follow up: Send the offer"
    again = read(post(bob, acme, "task_done", follow_up.pk, version=1, script=True)).one("a", data_next=None)["href"]
    assert "title=Follow+up%3A+Call&" in again


def test_what_is_over_asks_for_nothing(acme, bob, deal, task):
    lead = capture(acme.workspace, by=acme.bob, first_name="Uma")
    of_lead = plan_task(lead, "Write", by=acme.bob)
    move_to_stage(deal, acme.stages["Lost"], by=acme.bob, reason="No budget")
    for each in (task, of_lead):
        assert not read(post(bob, acme, "task_done", each.pk, version=1, script=True)).all("a", data_next=None)


@pytest.mark.parametrize(("verb", "status"), [("task_done", "done"), ("task_cancel", "cancelled")])
@pytest.mark.parametrize("of", ["deal", "lead"])
def test_ended_and_opened_again_from_the_timeline(acme, bob, deal, of, verb, status):
    subject = deal if of == "deal" else capture(acme.workspace, by=acme.bob, first_name="Uma")
    task = plan_task(subject, "Write", by=acme.bob)
    if verb == "task_done":
        [form] = page_of(bob, subject).all("form", action=url(acme.workspace, verb, task.pk))
    else:
        form = read(bob.get(url(acme.workspace, "task_menu", task.pk))).one("form", action=url(acme.workspace, verb, task.pk))  # fmt: skip
    assert bob.post(form["action"], form.fields).status_code == 302
    assert Task.objects.get().status == status
    page = page_of(bob, subject)
    reopen = page.one("form", action=url(acme.workspace, "task_reopen", task.pk))
    assert bob.post(reopen["action"], reopen.fields).status_code == 302
    assert Task.objects.get().status == "open"
    page = page_of(bob, subject)
    assert "undone" in page.one("li", "undone").text and "Bob opened again: Write" in told(bob, subject)
    assert not page.all("form", action=reopen["action"])
    # The toast of that takes it back as well.
    assert bob.post(url(acme.workspace, "task_undo", task.pk, 3)).status_code == 302
    assert Task.objects.get().status == status


def test_undo_by_the_toast(acme, bob, deal, task):
    for verb in ("task_done", "task_cancel"):
        version = Task.objects.get().version
        toast = read(post(bob, acme, verb, task.pk, version=version, script=True))
        undone = bob.post(toast.one("form", data_undo=None)["action"], headers=SCRIPT)
        assert undone.status_code == 200 and read(undone).one("div", "toast").text.startswith("Undone")
        assert Task.objects.get().status == "open"


@pytest.mark.parametrize("verb", ["task_done", "task_cancel", "task_reschedule"])
def test_a_stale_page_does_nothing(acme, bob, task, verb):
    update_task(task, by=acme.alice, title="Theirs")
    data = {"version": 1, "due_on": "2031-02-03"}
    for script in (False, True):
        response = post(bob, acme, verb, task.pk, script=script, **data)
        assert response.status_code == 409 and "meanwhile" in read(response).text
    for wrong in ("", "x", "-1"):
        assert post(bob, acme, verb, task.pk, **data | {"version": wrong}).status_code in (409, 422)
    found = Task.objects.get()
    assert (found.status, found.version) == ("open", 2)


def test_only_an_undo_of_the_newest_change(acme, bob, task):
    update_task(task, by=acme.bob, title="B")
    update_task(task, by=acme.alice, title="C")
    assert bob.post(url(acme.workspace, "task_undo", task.pk, 2)).status_code == 409
    assert bob.post(url(acme.workspace, "task_undo", task.pk, 10**30)).status_code == 409
    assert Task.objects.get().title == "C"


POSTED = ("task_reschedule", "task_done", "task_cancel", "task_reopen")


def test_who_may_not(acme, login, task):
    """Viewers look on, outsiders find nothing, a rep who sees only own deals finds nothing of others."""
    paths = [url(acme.workspace, name, task.pk) for name in (*POSTED, "task_edit")]
    paths.append(url(acme.workspace, "task_undo", task.pk, 1))
    for path in paths:
        assert login(acme.vera).post(path, {"version": 1}).status_code == 403
        assert login(acme.charlie).post(path, {"version": 1}).status_code == 404
    hidden = plan_task(make_deal(acme.alice, acme.stages["New"]), "Hidden", by=acme.alice)
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility="own")
    for path in paths:
        other = path.replace(f"/{task.pk}/", f"/{hidden.pk}/", 1)
        assert login(acme.bob).post(other, {"version": 1}).status_code == 404
    assert set(Task.objects.values_list("status", "version")) == {("open", 1)}
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility="all")
    page = read(login(acme.vera).get(url(acme.workspace, "deal_detail", task.deal_id)))
    assert "Send the offer" in page.text and not page.one("ol", "tl").all("form")


@pytest.mark.parametrize("name", POSTED)
def test_a_link_changes_nothing(acme, bob, task, name):
    assert bob.get(url(acme.workspace, name, task.pk)).status_code == 405
