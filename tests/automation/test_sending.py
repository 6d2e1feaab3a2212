"""Mail that members send: once, to whom it may go, with headers of ours alone; and answers that find their thread."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default

import pytest
from django.core import mail as outbox
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from activities.actions import attach, delete_logged, mailing, remove_attachment
from activities.models import Activity, Attachment
from automation import actions, tasks
from automation.models import Mailbox, MailTemplate, Message, Sending, Suppression
from automation.reply_address import named_message, reply_address
from leads.actions import update_contact, update_lead
from leads.models import Lead
from tests.automation.mails import mail, make_lead
from tests.factories import make_deal, url
from tests.mailserver import mail_server
from tests.pages import SCRIPT, read
from workspaces.action import Refused
from workspaces.models import Workspace
from workspaces.tenancy import tenant

FORM = {"to": "ida@brightwater.example", "subject": "Our offer", "body": "Dear Ida,\nhere it is.\n"}


@pytest.fixture
def lead(acme) -> Lead:
    return make_lead(acme.bob)


@pytest.fixture
def box(acme) -> Mailbox:
    return Mailbox.objects.create(workspace=acme.workspace, name="Sales", address="sales@acme.example")


def send(acme, about=None, **facts: object) -> Sending:
    given = {"to": ["ida@brightwater.example"], "subject_line": "Our offer", "body": "Dear Ida", "about": about}
    return actions.send_mail(acme.workspace, by=acme.bob, **given | facts)


def leave(sending: Sending) -> Sending:
    """As the worker does it, once it may go."""
    Sending.objects.filter(pk=sending.pk, next_try_at__isnull=False).update(next_try_at=timezone.now())
    mailing.send(Sending, sending.workspace_id, sending.pk)
    return Sending.objects.select_related("message__line").get(pk=sending.pk)


def files_of(raw: bytes) -> list[tuple[str, str, bytes]]:
    """(name, type, bytes) as whoever gets the mail has them."""
    found = message_from_bytes(raw, policy=default).iter_attachments()
    return [(part.get_filename(), part.get_content_type(), part.get_payload(decode=True)) for part in found]


# --- with files -------------------------------------------------------------------------------------


def kept(acme, deal, name: str = "offer.pdf", content: bytes = b"%PDF-1.4 our offer") -> Attachment:
    return attach(deal, SimpleUploadedFile(name, content), by=acme.bob)


def test_files_of_the_deal_go_with_a_mail_and_again_with_a_second_try(acme, lead, box, client):
    deal = make_deal(acme.bob, acme.stages["New"], lead=lead)
    file, other = kept(acme, deal), kept(acme, make_deal(acme.bob, acme.stages["New"]), "other.pdf")
    client.force_login(acme.bob.user)
    path = url(acme.workspace, "mail_new", "deal", deal.pk)
    assert "offer.pdf" in client.get(path).content.decode() and "other.pdf" not in client.get(path).content.decode()
    assert client.post(path, FORM | {"files": [other.pk]}).status_code == 422 and not Sending.objects.exists()
    assert client.post(path, FORM | {"files": [file.pk]}).status_code == 302
    remove_attachment(file, by=acme.bob)  # what is on its way has it still
    leave(Sending.objects.get())
    assert files_of(outbox.outbox[0].message().as_bytes()) == [("offer.pdf", "application/pdf", b"%PDF-1.4 our offer")]
    sent = Message.objects.get()
    assert sent.attachments == [{"name": "offer.pdf", "type": "application/pdf", "size": 18}]
    assert "offer.pdf" in client.get(url(acme.workspace, "deal_detail", deal.pk) + "?tab=timeline").content.decode()


def test_more_than_a_mail_server_takes_is_refused(acme, lead, box):
    deal = make_deal(acme.bob, acme.stages["New"], lead=lead)
    file = kept(acme, deal)
    Attachment.objects.filter(pk=file.pk).update(size=21 * 2**20)
    with pytest.raises(Refused, match="At most 20 MB"):
        send(acme, deal, files=[Attachment.objects.get()])
    assert not Sending.objects.exists()


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


def suppress(email: str) -> Suppression:
    workspace = Workspace.objects.get(slug="acme")
    return Suppression.objects.create(workspace=workspace, email=email, reason=Suppression.Reason.BOUNCED)


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


def answer(acme, to: str, sender: str = "Ida Berg <ida@brightwater.example>") -> Message:
    message, _ = actions.receive(acme.workspace, mail("What does it cost?", sender=sender, to=to))
    actions.take(Message.objects.select_related("workspace", "mailbox").get(pk=message.pk))
    return Message.objects.get(pk=message.pk)


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


# --- copies, and files from one's own computer --------------------------------------------------------


def test_who_is_copied_in_stands_in_cc(acme, lead, box):
    copied = ["Luca@Brightwater.example", "ida@brightwater.example", "luca@brightwater.example"]
    sending = leave(send(acme, lead, cc=copied))
    [letter] = outbox.outbox
    assert (letter.to, letter.cc) == (["Ida Berg <ida@brightwater.example>"], ["luca@brightwater.example"])
    assert letter.recipients() == ["Ida Berg <ida@brightwater.example>", "luca@brightwater.example"]
    assert sending.message.line.data["to"] == "Ida Berg, luca@brightwater.example"


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"cc": ["nobody"]}, "cc"),
        ({"cc": ["stopped@brightwater.example"]}, "cc"),
        ({"cc": [f"luca@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.{'f' * 20}.example"]}, "cc"),
        ({"cc": [f"p{i}@brightwater.example" for i in range(20)]}, "to"),
        ({"to": [], "cc": ["luca@brightwater.example"]}, "to"),
        ({"uploads": [SimpleUploadedFile("offer.exe", b"MZ\x90")]}, "uploads"),
        ({"uploads": [SimpleUploadedFile("offer.pdf", b"<html>no offer</html>")]}, "uploads"),
        ({"uploads": [SimpleUploadedFile("offer.txt", b"long " * 2**22 + b"offer")]}, "uploads"),
    ],
)
def test_what_cannot_go_is_said_beside_its_field_and_nothing_is_kept(acme, lead, facts, field):
    suppress("stopped@brightwater.example")
    with pytest.raises(Refused) as refusal:
        send(acme, lead, **facts)
    assert list(refusal.value.fields) == [field]
    assert not Sending.objects.exists() and not Attachment.objects.exists()


def test_a_file_from_elsewhere_goes_out_and_is_kept_once_with_what_the_mail_is_about(acme, lead, box, login):
    deal = make_deal(acme.bob, acme.stages["New"], lead=lead)
    path = url(acme.workspace, "mail_new", "deal", deal.pk)
    for _ in range(2):
        files = [
            SimpleUploadedFile("offer.pdf", b"%PDF-1.4 our offer"),
            SimpleUploadedFile("terms.txt", b"Thirty days"),
        ]
        assert login(acme.bob).post(path, FORM | {"uploads": files}).status_code == 302
    for sending in Sending.objects.all():
        leave(sending)
    for letter in outbox.outbox:
        assert files_of(letter.message().as_bytes()) == [
            ("offer.pdf", "application/pdf", b"%PDF-1.4 our offer"), ("terms.txt", "text/plain", b"Thirty days"),
        ]  # fmt: skip
    assert sorted(deal.attachments.values_list("name", flat=True)) == ["offer.pdf", "terms.txt"]


def test_files_leave_byte_for_byte_at_every_try(acme, lead, box):
    files = {
        "terms.txt": b'Content-Type: multipart/mixed; boundary="abc"\r\n\r\n--abc\r\nfirst\nsecond\r',
        "prices.csv": "Größe;Preis\r\n".encode("latin-1"),
        "Größe und Preis.pdf": b"%PDF-1.4 our offer" + bytes(range(256)),
    }
    sending = leave(send(acme, lead, uploads=[SimpleUploadedFile(name, content) for name, content in files.items()]))
    kinds = ("text/plain", "text/csv", "application/pdf")
    for raw in (outbox.outbox[0].message().as_bytes(), bytes(sending.message.raw)):
        assert files_of(raw) == [(name, kind, files[name]) for name, kind in zip(files, kinds, strict=True)]


def test_what_one_may_not_see_gets_no_file_of_theirs_and_their_mail_is_called_back(acme, lead, box, login):
    came = answer(acme, "sales@acme.example")
    hers = make_deal(acme.alice, acme.stages["New"], "Hers", lead=lead)
    Message.objects.filter(pk=came.pk).update(deal=hers)
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility="own")
    bob, path = login(acme.bob), url(acme.workspace, "mail_reply", came.pk)
    toast = read(bob.post(path, FORM | {"uploads": SimpleUploadedFile("a.txt", b"Hello")}, headers=SCRIPT))
    assert (Attachment.objects.get().lead, hers.attachments.count()) == (lead, 0)
    assert "Called back" in read(bob.post(toast.one("form")["action"], headers=SCRIPT)).text
    assert Sending.objects.get().state == Sending.State.CANCELLED


def test_a_file_that_is_too_large_alone_is_told(acme, lead, login, settings):
    settings.UPLOAD_MAX_MB = 0.0001
    path = url(acme.workspace, "mail_new", "lead", lead.pk)
    refused = login(acme.bob).post(path, {"uploads": SimpleUploadedFile("offer.pdf", b"%PDF-1.4" + b" " * 2000)})
    assert refused.status_code == 422 and "offer.pdf is larger than" in read(refused).text


def test_the_composer_takes_files_and_says_what_is_wrong_with_them(acme, lead, login, settings):
    bob, path = login(acme.bob), url(acme.workspace, "mail_new", "lead", lead.pk)
    assert read(bob.get(path)).one("form", "form-page")["enctype"] == "multipart/form-data"
    composer = read(bob.get(f"{path}?inline=1", headers=SCRIPT)).one(id="composer")
    assert composer.one("form")["enctype"] == "multipart/form-data"
    settings.UPLOAD_MAX_MB = 0.0001
    refused = bob.post(path, FORM | {"uploads": SimpleUploadedFile("offer.pdf", b"%PDF-1.4" + b" " * 2000)})
    assert refused.status_code == 422 and "offer.pdf is larger than" in read(refused).text
    assert not Sending.objects.exists()


# --- an answer, and what it answers ---------------------------------------------------------------------


def test_whoever_answers_is_through_with_a_message_until_the_answer_is_called_back(acme, lead, box):
    came = answer(acme, "sales@acme.example")
    assert (came.state, came.handled_at) == (Message.State.DONE, None)
    sending = send(acme, answers=came)
    came.refresh_from_db()
    assert came.handled_at and came.handled_by == acme.bob.user
    actions.call_back(sending, by=acme.bob)
    came.refresh_from_db()
    assert (came.handled_at, came.handled_by) == (None, None)


def test_an_answer_wakes_no_rule(acme, lead, box):
    """It was heard of when it came in, and what fits it now is another matter."""
    came, other = (answer(acme, "sales@acme.example") for _ in range(2))
    lines = Activity.objects.filter(pk__in=[came.line_id, other.line_id])
    lines.update(tries_left=0)
    send(acme, answers=came)
    actions.accept(other, by=acme.bob)
    assert [line.tries_left for line in lines] == [0, 0]


def test_of_two_answers_one_goes_out_and_it_stays_done(acme, lead, box):
    came = answer(acme, "sales@acme.example")
    first = send(acme, answers=came)
    came.refresh_from_db()
    second = send(acme, answers=came)
    actions.call_back(first, by=acme.bob)
    came.refresh_from_db()
    assert came.handled_at
    actions.call_back(second, by=acme.bob)
    came.refresh_from_db()
    assert came.handled_at is None


def test_done_by_hand_after_the_answer_stays_done_when_it_is_called_back(acme, lead, box):
    came = answer(acme, "sales@acme.example")
    sending = send(acme, answers=came)
    actions.handle(came, by=acme.alice)
    actions.call_back(sending, by=acme.bob)
    came.refresh_from_db()
    assert came.handled_at and came.handled_by == acme.alice.user


def test_who_was_copied_in_does_not_speak_for_the_lead(acme, lead, box):
    sending = leave(send(acme, lead, cc=["partner@elsewhere.example"]))
    raw = mail("We are not interested.", answers=f"<{sending.message.message_id}>", sender="partner@elsewhere.example")
    again, _ = actions.receive(acme.workspace, raw)
    actions.take(Message.objects.select_related("workspace", "mailbox").get(pk=again.pk))
    again.refresh_from_db()
    lead.refresh_from_db()
    assert (again.state, lead.status) == (Message.State.UNMATCHED, Lead.Status.NEW)


def test_an_answer_decides_nothing(acme, lead, box):
    came = answer(acme, "sales@acme.example")
    Message.objects.filter(pk=came.pk).update(state=Message.State.REVIEW)
    came.refresh_from_db()
    sending = send(acme, answers=came)
    came.refresh_from_db()
    assert (came.state, came.handled_at, sending.answered) == (Message.State.REVIEW, None, None)


def test_what_was_done_before_the_answer_stays_done_when_it_is_called_back(acme, lead, box):
    came = actions.handle(answer(acme, "sales@acme.example"), by=acme.alice)
    actions.call_back(send(acme, answers=came), by=acme.bob)
    came.refresh_from_db()
    assert came.handled_at and came.handled_by == acme.alice.user


def test_an_answer_to_all_goes_to_who_is_not_us(acme, lead, box, login):
    token = send(acme, lead).reply_to
    Mailbox.objects.create(workspace=acme.workspace, name="Info", address="info@acme.example")
    to = f"Sales <sales@acme.example>, info@acme.example, {token}, Bob <bob@acme.example>, Luca <Luca@Brightwater.example>"
    came = answer(acme, to)
    Message.objects.filter(pk=came.pk).update(mailbox=box)
    bob = login(acme.bob)
    page = read(bob.get(url(acme.workspace, "message_detail", came.pk)))
    [reply_all] = [link for link in page.all("a") if link.get("data-key") == "a"]
    form = read(bob.get(reply_all["href"])).one("form", "form-page")
    assert (form.fields["to"], form.fields["cc"]) == ("ida@brightwater.example", "luca@brightwater.example")
    template = MailTemplate.objects.create(workspace=acme.workspace, name="Thanks", body="Thank you")
    page = read(bob.get(reply_all["href"]))
    [chosen] = [link["href"] for link in page.all("a") if f"template={template.pk}" in link.get("href", "")]
    assert read(bob.get(chosen)).one("form", "form-page").fields["cc"] == "luca@brightwater.example"


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
