"""What one does with a task from the page of its record."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from activities.actions import complete_task, plan_task, update_task
from activities.models import Task
from deals.actions import move_to_stage
from leads.actions import capture
from tests.activities.pages import page_of, post, told
from tests.conftest import Cast
from tests.factories import make_deal, url
from tests.pages import SCRIPT, read
from workspaces.models import Membership, Workspace

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


def test_who_left_keeps_a_task_until_somebody_else_is_chosen(acme, login, task):
    Membership.objects.filter(pk=acme.bob.pk).update(status="left")
    client = login(acme.alice)
    fields = edit_form(client, acme, task)
    assert post(client, acme, "task_edit", task.pk, **fields | {"title": "Send"}).status_code == 302
    task.refresh_from_db()
    assert (task.title, task.assignee_id) == ("Send", acme.bob.user_id)


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


def test_the_form_says_what_the_task_is_about(acme, bob, deal, task):
    for name, *args in (("task_new", "deal", deal.pk), ("task_edit", task.pk)):
        assert f"About {deal}" in read(bob.get(url(acme.workspace, name, *args), headers=SCRIPT)).text


def test_the_answer_counts_what_is_due_for_the_sidebar(acme, bob, deal):
    tasks = [plan_task(deal, title, by=acme.bob, due_on=date(2026, 3, 2)) for title in ("One", "Two")]
    counts = []
    for one in tasks:
        answer = read(post(bob, acme, "task_done", one.pk, script=True, version=1))
        counts.append([count.text for count in answer.one("div", data_nav=None).all("span", "ct")])
    assert counts == [["1"], []]
