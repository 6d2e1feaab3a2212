"""What goes with a mail, to whom else it goes, and what becomes of the message that it answers."""

from __future__ import annotations

import pytest
from django.core import mail as outbox
from django.core.files.uploadedfile import SimpleUploadedFile

from activities.actions import attach, remove_attachment
from activities.models import Activity, Attachment
from automation import actions
from automation.models import Mailbox, MailTemplate, Message, Sending
from leads.models import Lead
from tests.automation.mails import mail
from tests.automation.sendings import answer, files_of, leave, send, suppress
from tests.factories import make_deal, url
from tests.pages import SCRIPT, read
from workspaces.action import Refused
from workspaces.models import Workspace

FORM = {"to": "ida@brightwater.example", "subject": "Our offer", "body": "Dear Ida,\nhere it is.\n"}


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
