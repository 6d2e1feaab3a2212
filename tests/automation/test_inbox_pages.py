"""The inbox: what is listed where, who sees it, and what each button does."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from activities.models import Attachment
from automation import actions
from automation.intents import Intent
from automation.models import Mailbox, Message
from deals.models import Deal
from leads.models import Lead
from tests.automation.mails import make_lead, read_as, with_file
from tests.factories import url
from tests.pages import read
from workspaces.models import Workspace

SCRIPT = {"X-Client-Id": "tab1"}


def acted(intent: Intent, lead: Lead, acme, **facts: object) -> Message:
    message = read_as(intent, lead, acme.bob, **facts)
    message.state = Message.State.DONE
    actions.act(message)
    message.save()
    return message


def listed(client, acme, **query: object) -> list[str]:
    response = client.get(url(acme.workspace, "inbox"), query)
    assert response.status_code == 200
    return [item.get("id") for item in read(response).all("a") if (item.get("id") or "").startswith("message-")]


def test_each_class_has_its_tab_and_what_is_done_leaves_it(acme, lead, login):
    yes = acted(Intent.INTERESTED, lead, acme)
    asks = acted(Intent.INFO_REQUEST, lead, acme)
    away = acted(Intent.OUT_OF_OFFICE, lead, acme)
    client = login(acme.bob)
    assert listed(client, acme) == [f"message-{asks.pk}", f"message-{yes.pk}"]
    assert listed(client, acme, tab="interested") == [f"message-{yes.pk}"]
    assert listed(client, acme, tab="automatic") == [f"message-{away.pk}"]
    client.post(url(acme.workspace, "message_accept", yes.pk))
    assert listed(client, acme) == [f"message-{asks.pk}"] and listed(client, acme, tab="done") == [f"message-{yes.pk}"]
    assert client.get(url(acme.workspace, "inbox"), {"tab": "nonsense"}).status_code == 404


def test_the_page_says_what_was_done_and_why(acme, lead, login):
    message = acted(Intent.INTERESTED, lead, acme, text="Well, please call me soon.", phrase="call me")
    text = read(login(acme.bob).get(url(acme.workspace, "message_detail", message.pk))).one("main").text
    for words in ("Classified as Interested", "90 % sure", "Created the deal", "Schedule discovery call", "call me"):
        assert words in text


def test_own_deals_alone_means_own_mail_alone(acme, lead, login):
    message = acted(Intent.INTERESTED, lead, acme)
    stray = read_as(Intent.INFO_REQUEST, None, acme.bob)
    box = Mailbox.objects.create(workspace=acme.workspace, name="Bob", owner=acme.bob.user)
    mine = read_as(Intent.INFO_REQUEST, None, acme.bob, mailbox=box)
    theirs = acted(Intent.INFO_REQUEST, make_lead(acme.alice, "otto@fjord.example"), acme)
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility="own")
    client = login(acme.bob)
    assert listed(client, acme) == [f"message-{mine.pk}", f"message-{message.pk}"]
    for hidden in (stray, theirs):
        for name in ("message_detail", "message_raw", "message_html"):
            assert client.get(url(acme.workspace, name, hidden.pk)).status_code == 404
        assert client.post(url(acme.workspace, "message_accept", hidden.pk)).status_code == 404
    assert len(listed(login(acme.alice), acme)) == 4


def test_viewers_look_and_decide_nothing(acme, lead, login):
    message = acted(Intent.INTERESTED, lead, acme)
    client = login(acme.vera)
    page = read(client.get(url(acme.workspace, "message_detail", message.pk)))
    assert "Accept" not in page.one("main").text
    assert client.post(url(acme.workspace, "message_undo", message.pk)).status_code == 403
    assert Deal.objects.exists()


def test_one_effect_is_undone_alone(acme, lead, login):
    message = acted(Intent.INTERESTED, lead, acme)
    task = message.effects.get(kind="task")
    answer = login(acme.bob, **SCRIPT).post(url(acme.workspace, "effect_undo", message.pk, task.pk))
    assert answer.status_code == 200 and "Taken back: Planned" in answer.content.decode()
    task.refresh_from_db()
    assert task.undone_by == acme.bob.user and Deal.objects.exists()


def test_a_refusal_is_said_and_changes_nothing(acme, lead, login):
    message = read_as(Intent.INTERESTED, None, acme.bob)
    Message.objects.filter(pk=message.pk).update(state=Message.State.UNMATCHED)
    answer = login(acme.bob, **SCRIPT).post(url(acme.workspace, "message_accept", message.pk))
    assert answer.status_code == 422 and "link it to a person" in answer.content.decode()
    assert (
        login(acme.bob, **SCRIPT)
        .post(url(acme.workspace, "message_class", message.pk), {"intent": "bounce"})
        .status_code
        == 422
    )
    message.refresh_from_db()
    assert message.handled_at is None


def test_the_bytes_are_kept_and_never_shown_as_a_page(acme, lead, login):
    message = read_as(Intent.INTERESTED, lead, acme.bob)
    Message.objects.filter(pk=message.pk).update(raw=b"<script>1</script>", html="<p>Hi</p>")
    client = login(acme.bob)
    raw = client.get(url(acme.workspace, "message_raw", message.pk))
    assert raw.content == b"<script>1</script>" and raw["Content-Type"] == "application/octet-stream"
    assert raw["Content-Disposition"].startswith("attachment") and raw["X-Content-Type-Options"] == "nosniff"
    framed = client.get(url(acme.workspace, "message_html", message.pk))
    policy = framed["Content-Security-Policy"]
    assert "sandbox" in policy and "default-src 'none'" in policy and framed["X-Frame-Options"] == "SAMEORIGIN"


def test_a_file_that_came_is_saved_and_kept_with_the_deal_once(acme, lead, login):
    message, _ = actions.receive(acme.workspace, with_file())
    message = actions.take(Message.objects.select_related("workspace", "mailbox").get(pk=message.pk))
    client = login(acme.bob)
    assert "order.pdf" in client.get(url(acme.workspace, "message_detail", message.pk)).content.decode()
    saved = client.get(url(acme.workspace, "message_file", message.pk, 0))
    assert saved.content == b"%PDF-1.4 an order" and saved["Content-Type"] == "application/octet-stream"
    assert client.get(url(acme.workspace, "message_file", message.pk, 1)).status_code == 404
    for _ in range(2):
        client.post(url(acme.workspace, "message_keep", message.pk, 0))
    kept = Attachment.objects.get()
    assert (kept.name, kept.deal) == ("order.pdf", Deal.objects.get())


def test_a_file_that_is_not_what_it_says_is_not_kept(acme, lead, login):
    message, _ = actions.receive(acme.workspace, with_file(b"MZ program"))
    message = actions.take(Message.objects.select_related("workspace", "mailbox").get(pk=message.pk))
    response = login(acme.bob, **SCRIPT).post(url(acme.workspace, "message_keep", message.pk, 0))
    assert response.status_code == 422 and not Attachment.objects.exists()


def test_the_inbox_asks_the_database_little_however_much_is_in_it(acme, lead, login):
    client = login(acme.bob)
    counts = []
    for number in (2, 30):
        for _ in range(number):
            acted(Intent.INFO_REQUEST, lead, acme)
        with CaptureQueriesContext(connection) as queries:
            assert len(listed(client, acme)) >= number
        counts.append(len([q for q in queries if "SAVEPOINT" not in q["sql"] and "set_config" not in q["sql"]]))
    assert counts[0] == counts[1] <= 14, counts


def test_today_shows_what_came_in_for_its_reader(acme, login):
    """Of the reader's own leads and deals, though they see those of others, too."""
    message = acted(Intent.INFO_REQUEST, make_lead(acme.bob), acme, text="Could you send me your prices?")
    acted(Intent.INFO_REQUEST, make_lead(acme.alice, "otto@fjord.example"), acme, text="Hers")
    bob = login(acme.bob)
    part = read(bob.get(url(acme.workspace, "today"))).one("section", **{"aria-labelledby": "head-replies"})
    assert part.one("div", "body")["hx-get"] == url(acme.workspace, "replies_new")
    shown = read(bob.get(url(acme.workspace, "replies_new")))
    assert [link["href"] for link in shown.all("a")] == [url(acme.workspace, "message_detail", message.pk)]
    assert "Could you send me your prices?" in shown.text and "Hers" not in shown.text
    actions.handle(message, by=acme.bob)
    assert "No mailbox is connected" in read(bob.get(url(acme.workspace, "replies_new"))).text
    Mailbox.objects.create(workspace=acme.workspace, name="Sales", address="sales@acme.example")
    assert "No reply waits for you." in read(bob.get(url(acme.workspace, "replies_new"))).text
