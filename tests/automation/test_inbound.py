"""From the bytes of a mail to what follows: stored first, read once, matched without trusting its sender."""

from __future__ import annotations

import json
import mailbox as boxes
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections
from django.utils import timezone

from activities.models import Activity, Notification, Task
from automation import actions
from automation.models import Effect, Mailbox, Message, Suppression
from deals.models import Deal
from leads.actions import create_contact
from leads.models import Contact, Lead
from tests.automation.mails import mail, make_lead
from tests.factories import make_cast
from workspaces.action import Refused
from workspaces.tenancy import as_owner, tenant

State = Message.State
YES = "Hi Alice,\n\nyes, we are very interested. Could you call me to talk about next steps?\n"


def take(acme, raw: bytes, **facts: object) -> Message:
    """Stored, then read as the worker does it."""
    message, _ = actions.receive(acme.workspace, raw, **facts)
    if message.state == State.NEW:
        actions.take(Message.objects.select_related("workspace", "mailbox").get(pk=message.pk))
    return Message.objects.get(pk=message.pk)


def test_a_yes_becomes_a_deal_with_its_evidence(acme, lead):
    message = take(acme, mail(YES, message_id="<yes@brightwater.example>"))
    assert (message.state, message.intent, message.lead, message.contact) == (
        State.DONE, "interested", lead, lead.contact,
    )  # fmt: skip
    deal = Deal.objects.get()
    assert message.deal == deal and deal.stage.name == "Qualified"
    line = Activity.objects.get(kind=Activity.Kind.EMAIL_IN)
    assert (line.deal, line.lead, line.contact) == (deal, lead, lead.contact)
    assert line.data["message"] == message.pk and line.data["phrase"] in line.body
    assert line.data["intent"] == "Interested" and line.data["percent"] >= 80


def test_delivered_twice_it_is_one_message(acme, lead):
    raw = mail(YES)
    again = raw.replace(b"Subject: Re:", b"Received: from elsewhere\nSubject: RE:")
    first, second = take(acme, raw), take(acme, again)
    assert first.pk == second.pk and Message.objects.count() == Deal.objects.count() == 1


def test_one_who_sends_another_mail_under_the_same_id_hides_nothing(acme, lead):
    take(acme, mail("Nothing.", sender="eve@elsewhere.example", message_id="<known@x.example>"))
    take(acme, mail(YES, message_id="<known@x.example>"))
    assert Message.objects.count() == 2 and Deal.objects.count() == 1


def test_mail_from_nobody_known_waits_and_becomes_a_lead_in_one_click(acme):
    message = take(acme, mail(YES, sender="Ida Berg <ida@brightwater.example>"))
    assert (message.state, message.subject) == (State.UNMATCHED, None)
    assert not Deal.objects.exists() and not Activity.objects.filter(kind="email_in").exists()
    actions.make_lead(message, by=acme.bob)
    message.refresh_from_db()
    assert str(message.lead) == "Ida Berg" and message.lead.owner == acme.bob.user
    assert Deal.objects.get().lead == message.lead
    assert Activity.objects.get(kind="email_in").deal == Deal.objects.get()
    actions.undo(message, by=acme.bob)
    assert not Deal.objects.exists() and not Lead.objects.exists() and not Contact.objects.exists()


def test_mail_is_linked_to_a_person_whose_address_it_then_is(acme, lead):
    message = take(acme, mail(YES, sender="ida.private@mail.example"))
    actions.link(message, lead.contact, by=acme.bob)
    message.refresh_from_db()
    assert (message.matched_by, message.state, message.lead) == ("person", State.DONE, lead)
    assert take(acme, mail("Still interested!", sender="ida.private@mail.example")).contact == lead.contact


def test_a_company_s_domain_tells_whose_it_is_and_no_more(acme, lead):
    lead.company.domain = "brightwater.example"
    lead.company.save()
    message = take(acme, mail(YES, sender="boss@brightwater.example"))
    assert (message.matched_by, message.company, message.state) == ("domain", lead.company, State.UNMATCHED)


def test_what_fails_dmarc_is_shown_and_nothing_is_done(acme, lead):
    message = take(acme, mail(YES, Authentication_Results="mx.acme.example; spf=fail; dmarc=fail (p=reject)"))
    assert message.state == State.REVIEW and "not from whom" in message.problem
    assert not Deal.objects.exists()
    actions.accept(message, by=acme.bob)
    assert Deal.objects.count() == 1


def test_only_the_first_result_is_our_server_s(acme, lead):
    raw = mail(YES).replace(
        b"From:", b"Authentication-Results: mx.acme.example; dmarc=pass\nAuthentication-Results: evil; dmarc=fail\nFrom:", 1
    )  # fmt: skip
    assert take(acme, raw).state == State.DONE


def sent(acme, to: str, message_id: str = "<ours@acme.example>") -> Message:
    """What bob sent by his own program, as it comes in with the rest."""
    raw = mail("Shall we talk?", sender=acme.bob.user.email, to=to, message_id=message_id)
    return take(acme, b"Authentication-Results: mx.acme.example; dmarc=pass\n" + raw)


def test_what_members_sent_is_no_reply(acme, lead):
    message = sent(acme, "Ida <ida@brightwater.example>")
    assert (message.direction, message.state, message.lead) == ("out", State.DONE, lead)
    assert Activity.objects.get(kind=Activity.Kind.EMAIL_OUT).lead == lead


def test_whoever_writes_a_member_s_address_is_believed_nothing(acme, lead):
    raw = mail(
        "Hello", sender=acme.bob.user.email, to="ida@brightwater.example, eve@elsewhere.example", message_id="<fake@x>"
    )
    message = take(acme, raw)
    assert (message.direction, message.state) == ("in", State.UNMATCHED) and "nothing proves" in message.problem
    answer = take(acme, mail(YES, sender="eve@elsewhere.example", answers="<fake@x>"))
    assert (answer.state, answer.contact) == (State.UNMATCHED, None) and not Deal.objects.exists()


def test_an_answer_goes_where_our_mail_went(acme, lead):
    sent(acme, "ida@brightwater.example")
    later = make_lead(acme.alice)  # the same person, pursued anew
    message = take(acme, mail(YES, answers="<ours@acme.example>"))
    assert message.matched_by == "thread" and message.lead == lead != later


def test_a_stranger_in_a_thread_is_not_attached(acme, lead):
    sent(acme, "ida@brightwater.example")
    message = take(acme, mail(YES, sender="eve@elsewhere.example", answers="<ours@acme.example>"))
    assert (message.state, message.contact, message.lead) == (State.UNMATCHED, None, None)
    assert "ida@brightwater.example" in message.problem and not Deal.objects.exists()


def test_another_contact_in_a_thread_is_for_a_person_to_see(acme, lead):
    sent(acme, "ida@brightwater.example")
    create_contact(acme.workspace, first_name="Eve", emails=["eve@elsewhere.example"], by=acme.bob)
    message = take(acme, mail(YES, sender="eve@elsewhere.example", answers="<ours@acme.example>"))
    assert message.state == State.REVIEW and not Deal.objects.exists()


def test_ids_of_another_workspace_lead_nowhere(cast):
    with tenant(cast.workspace, cast.alice.user):
        make_lead(cast.bob)
        sent(cast, "ida@brightwater.example")
    with tenant(cast.rival, cast.charlie.user):
        rival, _ = actions.receive(cast.rival, mail(YES, answers="<ours@acme.example>"))
        rival = actions.take(Message.objects.select_related("workspace", "mailbox").get(pk=rival.pk))
        assert (rival.state, rival.contact, rival.matched_by) == (State.UNMATCHED, None, "")


def test_an_unsure_one_is_for_a_person(acme, lead):
    message = take(acme, mail("?"))
    assert message.state == State.REVIEW and not message.effects.exists()
    assert Notification.objects.get().kind == Notification.Kind.REPLY


def test_a_robot_counts_as_no_reply(acme, lead):
    message = take(acme, mail("I am out of the office until 7 December 2026.", Auto_Submitted="auto-replied"))
    lead.refresh_from_db()
    assert (message.intent, message.state) == ("out_of_office", State.DONE)
    assert str(lead.wait_until) == "2026-12-07" and not Task.objects.exists()


def test_who_asks_for_no_more_mail_gets_none_though_nobody_knows_them(acme):
    message = take(acme, mail("Please remove me from your mailing list.", sender="x@elsewhere.example"))
    assert message.intent == "unsubscribe" and message.state == State.DONE
    assert Suppression.objects.get().email == "x@elsewhere.example"


def test_an_empty_mail_is_refused_and_an_unreadable_one_kept(acme):
    with pytest.raises(Refused):
        actions.receive(acme.workspace, b" \n")
    message = take(acme, b"\xff\xfe\x00 no mail at all \x00")
    assert message.state == State.UNMATCHED and bytes(message.raw).startswith(b"\xff\xfe")


def test_it_is_not_dated_into_the_future(acme, lead):
    message = take(acme, mail(YES, date=datetime(2099, 11, 20, tzinfo=UTC)))
    assert message.at <= timezone.now() and Activity.objects.get(kind="email_in").at <= timezone.now()


# --- by the worker ----------------------------------------------------------------------------------


@pytest.fixture
def world(transactional_db):
    return make_cast()


def test_read_once_though_many_read_at_the_same_time(world):
    with tenant(world.workspace, world.alice.user):
        lead = make_lead(world.bob)
        ids = [actions.receive(world.workspace, mail(YES))[0].pk for _ in range(3)]

    def work(message_id: int) -> None:
        try:
            actions.read_message(world.workspace.pk, message_id)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, ids * 4))
    with tenant(world.workspace):
        assert Deal.objects.get().lead == lead  # of one lead, whichever mail came first
        assert Task.objects.filter(title="Schedule discovery call").count() == 1
        assert Effect.objects.filter(kind="deal_created").count() == 1
        assert Message.objects.filter(state=State.DONE).count() == 3


def test_what_cannot_be_read_is_shown_after_some_tries(world):
    with tenant(world.workspace, world.alice.user):
        make_lead(world.bob)
        message, _ = actions.receive(world.workspace, mail(YES))
    with as_owner() as owner, owner.cursor() as cursor:
        cursor.execute("ALTER TABLE automation_effect RENAME TO automation_effect_away")
    try:
        for left in (4, 3, 2, 1, 0):
            actions.read_message(world.workspace.pk, message.pk)
            with tenant(world.workspace):
                message.refresh_from_db()
                assert message.tries_left == left and not Deal.objects.exists()
    finally:
        with as_owner() as owner, owner.cursor() as cursor:
            cursor.execute("ALTER TABLE automation_effect_away RENAME TO automation_effect")
    assert message.state == State.FAILED and "ProgrammingError" in message.problem


# --- by the command ---------------------------------------------------------------------------------


@pytest.fixture
def told(world, capsys):
    def run(*args: object) -> dict:
        call_command("import_mail", *map(str, args), "--workspace", "acme")
        return json.loads(capsys.readouterr().out.strip().splitlines()[-1])

    return run


def test_an_mbox_is_taken_in_once(world, told, tmp_path):
    with tenant(world.workspace, world.alice.user):
        make_lead(world.bob)
        make_lead(world.bob, "otto@fjord.example", first_name="Otto", company_name="Fjord")
    box = boxes.mbox(tmp_path / "old.mbox")
    texts = [(YES, "ida@brightwater.example"), ("Please remove me from your list.", "otto@fjord.example"),
             ("What does it cost per month?", "nobody@elsewhere.example")]  # fmt: skip
    for text, sender in texts:
        box.add(mail(text, sender=sender))
    box.add(mail(YES, message_id="<1@same>"))
    box.add(mail(YES, message_id="<1@same>"))
    box.flush()
    found = told(tmp_path / "old.mbox", "--mailbox", "Archive")
    assert found == {
        "messages": 5, "stored": 4, "duplicates": 1, "by_intent": {"info_request": 1, "interested": 2, "unsubscribe": 1},
        "deals_created": 1, "deals_moved": 0, "tasks_created": 1, "unmatched": 1, "errors": 0,
    }  # fmt: skip
    again = told(tmp_path / "old.mbox", "--mailbox", "Archive")
    assert (again["stored"], again["duplicates"]) == (0, 5)
    with tenant(world.workspace):
        assert set(Message.objects.values_list("mailbox__name", flat=True)) == {"Archive"}
        assert Mailbox.objects.count() == 1 and Deal.objects.count() == 1


def test_a_folder_of_files_and_what_is_none(world, told, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.eml").write_bytes(mail(YES))
    (tmp_path / "in" / "b.eml").write_bytes(b"")
    found = told(tmp_path / "in")
    assert (found["messages"], found["stored"], found["errors"], found["unmatched"]) == (2, 1, 1, 1)
    with pytest.raises(CommandError):
        told(tmp_path / "nothing")
