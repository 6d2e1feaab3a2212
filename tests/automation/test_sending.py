"""Mail that members send: once, to whom it may go, with headers of ours alone; and answers that find their thread."""

from __future__ import annotations

import pytest
from django.core import mail as outbox

from activities.actions import delete_logged, mailing
from activities.models import Activity
from automation import actions, tasks
from automation.models import Message, Sending, Suppression
from automation.reply_address import named_message, reply_address
from leads.actions import update_contact, update_lead
from leads.models import Lead
from tests.automation.mails import mail
from tests.automation.sendings import answer, leave, send, suppress
from tests.factories import make_deal, url
from tests.mailserver import mail_server
from tests.pages import SCRIPT, read
from workspaces.action import Refused
from workspaces.tenancy import tenant

FORM = {"to": "ida@brightwater.example", "subject": "Our offer", "body": "Dear Ida,\nhere it is.\n"}


# --- out --------------------------------------------------------------------------------------------


def test_a_mail_goes_out_as_it_is_kept_and_stands_in_the_timelines(acme, lead, box):
    deal = make_deal(acme.bob, acme.stages["New"], lead=lead, company=lead.company)
    sending = send(acme, deal)
    line = sending.message.line
    assert (line.kind, line.deal, line.lead, line.contact, line.actor) == (
        Activity.Kind.EMAIL_OUT, deal, lead, lead.contact, acme.bob.user,
    )  # fmt: skip
    assert line.data["sending"] == "sending" and line.data["to"] == "Ida Berg"
    assert not outbox.outbox and mailing.send(Sending, acme.workspace.pk, sending.pk) and not outbox.outbox
    sending = leave(sending)
    [letter] = outbox.outbox
    assert sending.state == Sending.State.SENT and sending.message.line.data["sending"] == "sent"
    assert bytes(sending.message.raw) == letter.message().as_bytes()
    assert letter.from_email == "Bob <sales@acme.example>" and letter.to == ["Ida Berg <ida@brightwater.example>"]
    assert letter.reply_to[0].startswith("sales+r.") and leave(sending).attempts == 1 and len(outbox.outbox) == 1
    with pytest.raises(Refused):
        delete_logged(line, by=acme.bob)


def test_a_copy_that_comes_in_is_no_second_message(acme, lead, box):
    sending = send(acme, lead)
    copy, is_new = actions.receive(acme.workspace, bytes(sending.message.raw))
    assert not is_new and copy.pk == sending.message_id


def test_without_a_mailbox_it_comes_from_the_site_and_answers_go_to_the_member(acme, lead):
    leave(send(acme, lead))
    [letter] = outbox.outbox
    assert letter.from_email == '"Bob (Acme)" <crm@localhost>' and letter.reply_to == ["bob@acme.example"]


def test_what_the_server_does_not_take_is_tried_again_and_then_said(acme, lead, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with mail_server() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        server.refuses = True
        sending = leave(send(acme, lead))
        assert sending.state == Sending.State.SENDING and "451" in sending.message.line.data["problem"]
        server.refusal = "550 no such user"
        sending = leave(sending)
        assert sending.state == Sending.State.FAILED and "550" in sending.message.line.data["problem"]
        server.refuses = False
        sending = leave(actions.send_again(sending, by=acme.bob))
        [taken] = server.taken
    assert sending.state == Sending.State.SENT and sending.message.line.data["problem"] == ""
    assert taken["Message-ID"] == f"<{sending.message.message_id}>" and taken["Subject"] == "Our offer"
    assert taken.get_content().strip() == "Dear Ida"


def test_it_is_called_back_until_a_worker_has_it(acme, lead):
    sending = actions.call_back(send(acme, lead), by=acme.bob)
    assert sending.state == Sending.State.CANCELLED and sending.message.line.undone_at
    assert leave(sending).sent_at is None and not outbox.outbox
    gone = leave(send(acme, lead))
    with pytest.raises(Refused, match="left already"):
        actions.call_back(gone, by=acme.bob)


def test_it_is_rung_for_after_commit_and_ten_seconds_later(acme, lead, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as rings:
        sending = send(acme, lead)
    asked = {"task": tasks.send_mail.name, "args": (acme.workspace.pk, sending.pk), "delay": 10}
    assert asked in [vars(ring) for ring in rings]


def test_who_asked_for_no_mail_gets_none(acme, lead):
    for say, prepare in (
        ("Address does not exist", lambda: suppress("ida@brightwater.example")),
        ("asked for no mail", lambda: update_contact(lead.contact, by=acme.bob, version=1, do_not_email=True)),
    ):
        waiting = send(acme, lead)
        prepare()
        with pytest.raises(Refused, match=f"(?i){say}") as refused:
            send(acme, lead, to=["Ida@Brightwater.example"])
        assert "to" in refused.value.fields
        waiting = leave(waiting)
        assert waiting.state == Sending.State.FAILED and say.lower() in waiting.message.line.data["problem"].lower()
        Suppression.objects.all().delete()
    assert not outbox.outbox


def test_a_lead_that_must_not_be_contacted_gets_none(acme, lead):
    update_lead(lead, by=acme.bob, version=lead.version, status=Lead.Status.DO_NOT_CONTACT)
    with pytest.raises(Refused, match="asked for no mail"):
        send(acme, lead)


@pytest.mark.parametrize("to", [[], ["nobody"], ["a@x.import.invalid"], ["a@x\r\nBcc: b@y.example"], ["a b@c.example"]])
def test_what_is_no_address_is_refused(acme, to):
    with pytest.raises(Refused):
        send(acme, to=to)
    assert not Message.objects.exists()


BREAKS = ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\u202e", "\u200b", "%0d%0a", "=?utf-8?q?=0d=0a?="]  # fmt: skip


@pytest.mark.parametrize("sign", BREAKS, ids=ascii)
def test_no_header_is_brought_in_by_a_field(acme, lead, box, sign):
    """Subject, names of members, contacts and the workspace, and ids that came in with a mail of others."""
    evil = f"x{sign}Bcc: eve@evil.example{sign}{sign}<script>"
    type(acme.bob.user).objects.filter(pk=acme.bob.user_id).update(name=evil[:150])
    acme.bob.user.name = evil[:150]
    type(lead.contact).objects.filter(pk=lead.contact_id).update(name=evil)
    came = Message.objects.create(
        workspace=acme.workspace, key="k" * 64, raw=b"", state=Message.State.DONE, message_id=f"a{sign}b@c",
        answers=[f"d{sign}Bcc: eve@evil.example", "fine@c"], contact=lead.contact,
    )  # fmt: skip
    plain = leave(send(acme, None, answers=came))
    leave(send(acme, None, answers=came, subject_line=f"Hello{sign}Bcc: eve@evil.example", body=evil))
    for letter in outbox.outbox:
        read_back = letter.message()
        assert {name.lower() for name in read_back.keys()} == {  # noqa: SIM118 - a message is no dict
            "content-type", "mime-version", "content-transfer-encoding", "subject", "from", "to", "reply-to",
            "message-id", "date", "in-reply-to", "references",
        }  # fmt: skip
        assert letter.recipients() == letter.to and len(letter.to) == 1
        heads = letter.message().as_bytes().partition(b"\n\n")[0].decode().splitlines()
        assert not [head for head in heads if head.lower().startswith("bcc")]
    assert plain.message.answers == ["fine@c"] if sign != "%0d%0a" else plain.message.answers[-1] == "fine@c"


# --- in ---------------------------------------------------------------------------------------------


def test_an_answer_to_the_reply_address_finds_its_thread(acme, lead, box):
    deal = make_deal(acme.bob, acme.stages["New"], lead=lead)
    other = make_deal(acme.bob, acme.stages["New"], "Another", lead=lead)
    sending = send(acme, deal)
    found = answer(acme, f"Sales <{sending.reply_to.upper()}>")
    assert (found.matched_by, found.lead) == (Message.MatchedBy.THREAD, lead) and found.problem == ""
    assert found.deal in (deal, other)


def test_a_stranger_with_the_reply_address_is_shown_to_a_person(acme, lead, box):
    sending = send(acme, lead)
    found = answer(acme, sending.reply_to, sender="Eve <eve@elsewhere.example>")
    assert (found.lead, found.state) == (lead, Message.State.REVIEW) and "not known" in found.problem
    assert not found.effects.exists()


def test_a_forged_token_or_one_of_another_workspace_names_nothing(acme, cast, lead, box):
    pk = send(acme, lead).message_id
    with tenant(cast.rival, cast.charlie.user):
        assert named_message([reply_address("sales@acme.example", acme.workspace.pk, pk)], cast.rival.pk) is None
    for token in (
        reply_address("sales@acme.example", cast.rival.pk, pk), "sales+r.1.aaaaaaaaaaaaaaaa@acme.example",
        "sales+r.zzzzzzzzzzzzz.aaaaaaaaaaaaaaaa@acme.example", "sales+r..@acme.example",
    ):  # fmt: skip
        found = answer(acme, token, sender="Eve <eve@elsewhere.example>")
        assert (found.matched_by, found.lead, found.state) == ("", None, Message.State.UNMATCHED)


def test_an_answer_keeps_its_thread(acme, lead, box):
    came = answer(acme, "sales@acme.example")
    sending = send(acme, None, answers=came, subject_line="Re: Cold-chain monitoring")
    leave(sending)
    [letter] = outbox.outbox
    assert letter.extra_headers["In-Reply-To"] == letter.extra_headers["References"] == f"<{came.message_id}>"
    again, _ = actions.receive(
        acme.workspace, mail("Thanks", answers=f"<{sending.message.message_id}>", sender="ida@brightwater.example")
    )
    actions.take(Message.objects.select_related("workspace", "mailbox").get(pk=again.pk))
    again.refresh_from_db()
    assert again.matched_by == Message.MatchedBy.THREAD


# --- pages ------------------------------------------------------------------------------------------


def test_the_composer_sends_and_its_toast_calls_back(acme, lead, login):
    bob = login(acme.bob)
    path = url(acme.workspace, "mail_new", "lead", lead.pk)
    form = read(bob.get(f"{path}?inline=1", headers=SCRIPT)).one(id="composer").one("form")
    assert form.fields["to"] == "ida@brightwater.example"
    wrong = bob.post(form["action"], FORM | {"to": "nobody"}, headers=SCRIPT)
    assert wrong.status_code == 422 and "is no address" in read(wrong).one(id="composer").text
    toast = read(bob.post(form["action"], FORM, headers=SCRIPT)).one("div", "toast")
    timeline = read(bob.get(url(acme.workspace, "lead_detail", lead.pk)))
    assert "sending" in timeline.one("ol", "tl").text and "Our offer" in timeline.one("ol", "tl").text
    assert "Called back" in read(bob.post(toast.one("form")["action"], headers=SCRIPT)).text
    assert Sending.objects.get().state == Sending.State.CANCELLED


def test_the_form_says_that_somebody_asked_for_no_mail(acme, lead, login):
    bob, path = login(acme.bob), url(acme.workspace, "mail_new", "lead", lead.pk)
    update_contact(lead.contact, by=acme.bob, version=lead.contact.version, do_not_email=True)
    page = read(bob.get(path))
    assert page.one("form", "form-page").fields["to"] == "ida@brightwater.example"
    assert "ida@brightwater.example asked for no mail" in page.text
    assert bob.post(path, FORM).status_code == 422 and not Sending.objects.exists()


def test_a_message_is_answered_from_the_inbox(acme, lead, box, login):
    bob, came = login(acme.bob), answer(acme, "sales@acme.example")
    page = read(bob.get(url(acme.workspace, "message_detail", came.pk)))
    [reply] = [link for link in page.all("a") if link.get("data-key") == "r"]
    form = read(bob.get(reply["href"])).one("form", "form-page")
    assert form.fields["subject"] == "Re: Cold-chain monitoring" and "> What does it cost?" in form.fields["body"]
    assert bob.post(reply["href"], FORM | {"body": form.fields["body"]}).status_code == 302
    assert Sending.objects.get().message.answers == [came.message_id]
