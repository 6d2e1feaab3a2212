"""Raw bytes to what they say: whatever comes in, something that a database can keep comes out, soon."""

import time
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from automation.mail.limits import PARTS_LIMIT
from automation.mail.parsing import read
from automation.mail.parts import Person

HEAD = b"From: Ann Lee <Ann@Brightwater.example>\nTo: rep@crm.example\nSubject: Re: Hello\n"


def multipart(*parts: bytes, kind: bytes = b"mixed", boundary: bytes = b"b") -> bytes:
    lines = b"".join(b"--" + boundary + b"\n" + part + b"\n" for part in parts)
    return (
        HEAD
        + b"Content-Type: multipart/"
        + kind
        + b'; boundary="'
        + boundary
        + b'"\n\n'
        + lines
        + b"--"
        + boundary
        + b"--\n"
    )


def test_an_ordinary_reply_is_read_whole():
    mail = read(
        HEAD + b"Date: Tue, 3 Mar 2026 10:02:00 +0100\nMessage-ID: <reply-1@brightwater.example>\n"
        b"In-Reply-To: <sent-1@crm.example>\nReferences: <sent-0@crm.example>\n <sent-1@crm.example>\nCc: Bob <bob@x.example>,\n"
        b' "Brandt, Hanna" <HANNA@x.example>\n\nYes, please.\r\n'
    )
    assert mail.sender == Person("Ann Lee", "ann@brightwater.example")
    assert mail.to == (Person("", "rep@crm.example"),)
    assert mail.cc == (Person("Bob", "bob@x.example"), Person("Brandt, Hanna", "hanna@x.example"))
    assert mail.sent_at == datetime(2026, 3, 3, 9, 2, tzinfo=UTC)
    assert mail.message_id == "reply-1@brightwater.example"
    assert mail.in_reply_to == ("sent-1@crm.example",)
    assert mail.references == ("sent-0@crm.example", "sent-1@crm.example")
    assert (mail.subject, mail.text, mail.problems) == ("Re: Hello", "Yes, please.\n", ())


@pytest.mark.parametrize(
    ("charset", "content", "text"),
    [
        (b"iso-8859-1", "Grüße".encode("latin-1"), "Grüße"),
        (b"utf-8", "Grüße".encode("latin-1"), "Grüße"),  # it says what it is not
        (b"no-such-charset", "Grüße".encode(), "Grüße"),
        (b"us-ascii", "Grüße".encode(), "Grüße"),
        (b"punycode", b"Yes", "Yes"),
        (b"hex", b"Yes", "Yes"),
        (b"shift_jis", "はい、お願いします".encode("shift_jis"), "はい、お願いします"),
    ],
)
def test_a_part_is_read_by_its_charset_or_by_what_it_can_only_be(charset, content, text):
    raw = HEAD + b"Content-Type: text/plain; charset=" + charset + b"\nContent-Transfer-Encoding: 8bit\n\n" + content
    assert read(raw).text == text


def test_headers_are_one_line_whatever_is_encoded_in_them():
    mail = read(
        b"From: =?utf-8?q?Ann=0D=0ABcc:_evil@x.example?= <ann@x.example>\n"
        b"Subject: =?utf-8?b?SGkNCkJjYzogZXZpbEB4LmV4YW1wbGUAIQ==?=\nMessage-ID: <a\x00b@x.example>\n\nx"
    )
    assert mail.subject == "Hi Bcc: evil@x.example!"
    assert mail.sender == Person("Ann Bcc: evil@x.example", "ann@x.example")
    said = [
        mail.subject,
        mail.sender.name,
        mail.message_id,
        *(value for values in mail.headers.values() for value in values),
    ]
    assert not any(letter in value for value in said for letter in "\r\n\0")


def test_an_encoded_name_adds_nobody():
    mail = read(b"From: ann@x.example\nTo: =?utf-8?q?a=40b.example=2C_c=40d.example=2C?= <e@f.example>\n\nx")
    assert [person.email for person in mail.to] == ["e@f.example"]


def test_headers_of_no_charset_are_read():
    assert read("From: Grüße <a@b.example>\nSubject: Ärger\n\nx".encode()).subject == "Ärger"
    assert read("From: a@b.example\nSubject: Ärger\n\nx".encode("latin-1")).subject == "Ärger"


def test_nothing_a_database_refuses_comes_out():
    raw = HEAD + b"Content-Type: text/plain; charset=utf-7\n\n+2AA-\x00 hello"
    mail = read(raw)
    assert "hello" in mail.text
    mail.text.encode()
    assert "\0" not in mail.text


def test_text_is_made_of_html_where_there_is_none():
    mail = read(
        HEAD + b"Content-Type: text/html; charset=utf-8\n\n<style>p {}</style><p>Yes, <b>please</b>.<br>Tuesday?</p>"
        b'<div class="gmail_signature">Ann</div><div class="gmail_quote">On 3 March, Bob wrote:<blockquote>Shall we?</blockquote></div>'
    )
    assert mail.text == "Yes, please.\nTuesday?\n-- \nAnn\nOn 3 March, Bob wrote:\n> Shall we?"
    assert mail.html.startswith("<style>")


def test_the_plain_text_is_taken_where_there_is_one():
    raw = multipart(
        b"Content-Type: text/plain\n\nPlain.", b"Content-Type: text/html\n\n<p>Rich.</p>", kind=b"alternative"
    )
    assert read(raw).text.strip() == "Plain."


def test_a_plain_text_that_only_sends_the_reader_elsewhere_is_not_the_text():
    raw = multipart(
        b"Content-Type: text/plain\n\nYour mail program does not support HTML.",
        b"Content-Type: text/html\n\n<p>Rich.</p>",
        kind=b"alternative",
    )
    assert read(raw).text == "Rich."


def test_attachments_have_names_that_stay_in_their_folder():
    raw = multipart(
        b"Content-Type: text/plain\n\nSee there.",
        b'Content-Type: application/pdf\nContent-Disposition: attachment; filename="../../etc/pass\x00wd.pdf"\n\nPDF',
        b"Content-Type: image/png\nContent-Disposition: attachment; filename*=utf-8''%2e%2e%2F%E2%80%AEgpj.exe\n\nPNG",
        b"Content-Type: application/zip\nContent-Transfer-Encoding: base64\n\nUEs=",
    )
    mail = read(raw)
    assert [(each.name, each.type, each.content.strip()) for each in mail.attachments] == [
        ("pass wd.pdf", "application/pdf", b"PDF"),
        ("gpj.exe", "image/png", b"PNG"),
        ("attachment-3.zip", "application/zip", b"PK"),
    ]
    assert mail.text.strip() == "See there."


def test_calendars_and_whole_messages_are_kept_apart_from_the_text():
    raw = multipart(
        b"Content-Type: text/plain\n\nAccepted.",
        b"Content-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\nEND:VCALENDAR",
        b"Content-Type: message/rfc822\n\nFrom: old@x.example\nSubject: Old\n\nOld text",
    )
    mail = read(raw)
    assert mail.text.strip() == "Accepted."
    assert mail.calendars[0].startswith("BEGIN:VCALENDAR")
    assert [each.type for each in mail.attachments] == ["text/calendar", "message/rfc822"]
    assert b"Old text" in mail.attachments[1].content


def test_what_has_no_headers_is_all_text():
    mail = read(b"Yes: please call me.\n\nOn Monday.")
    assert mail.text == "Yes: please call me.\n\nOn Monday."
    assert mail.problems


def test_bytes_written_out_and_not_declared_are_put_back():
    assert read(b"Gr=C3=BC=C3=9Fe aus K=C3=B6ln, mit einem langen Satz, der hier umge=\nbrochen ist").text.startswith(
        "Grüße aus Köln"
    )


def built(size: int = 20_000) -> dict[str, bytes]:
    """Messages made to keep a reader busy."""
    nested = b"".join(
        b'--b%d\nContent-Type: multipart/mixed; boundary="b%d"\n\n' % (each, each + 1) for each in range(size)
    )
    return {
        "parts in parts": HEAD + b'Content-Type: multipart/mixed; boundary="b0"\n\n' + nested
        + b"--b%d\nContent-Type: text/plain\n\nhello deep\n" % size,
        "messages in messages": HEAD + b"Content-Type: message/rfc822\n\n" * size + b"hello",
        "parts beside parts": multipart(*[b"Content-Type: text/plain\n\nhello"] * size),
        "headers": HEAD + b"X-A: b\n" * 10 * size + b"\nhello",
        "one long header": HEAD + b"X-A: " + b"=?utf-8?q?=C3?= " * 5 * size + b"\n\nhello",
        "parameters": HEAD + b"Content-Type: text/plain" + b"; a*0*=x" * 3 * size + b"\n\nhello",
        "names of a file": HEAD + b"Content-Disposition: attachment" + b"; filename*0*=x" * 3 * size + b"\n\nhello",
        "brackets": HEAD + b"Cc: " + b"(" * 3 * size + b"\n\nhello",
        "elements in elements": HEAD + b"Content-Type: text/html\n\n" + b"<div>" * size + b"hello",
        "attributes": HEAD + b"Content-Type: text/html\n\n<a " + b"a=1 " * 10 * size + b">hello",
        "ampersands": HEAD + b"Content-Type: text/html\n\n" + b"&" * 50 * size,
        "long text": HEAD + b"\n" + b"Some line of text here\n" * 40 * size,
    }  # fmt: skip


@pytest.mark.parametrize("name", list(built(1)))
def test_a_bomb_is_read_within_a_second(name):
    raw = built()[name]
    started = time.process_time()
    mail = read(raw)
    assert time.process_time() - started < 1
    assert mail.sender.email == "ann@brightwater.example"
    assert len(mail.text) <= 500_000


def test_of_very_many_parts_the_first_are_read_and_the_rest_is_said():
    mail = read(built()["parts beside parts"])
    assert mail.text.count("hello") == PARTS_LIMIT
    assert any("many parts" in problem for problem in mail.problems)
    assert read(built()["parts in parts"]).text.strip() == "hello deep"


def test_a_mail_with_a_large_attachment_is_read_as_one_with_a_small():
    message = EmailMessage()
    message["From"], message["Subject"] = "ann@x.example", "Plans"
    message.set_content("Here they are.\n-- \nAnn\n")
    message.add_attachment(b"\x01" * 5_000_000, maintype="application", subtype="pdf", filename="plans.pdf")
    mail = read(message.as_bytes())
    assert mail.text == "Here they are.\n-- \nAnn\n"
    assert [(each.name, len(each.content)) for each in mail.attachments] == [("plans.pdf", 5_000_000)]


def test_an_address_encoded_wrongly_is_shown_as_it_stands():
    mail = read(b"From: =?utf-8?b?abcde?=@x.example\nSubject: =?utf-8?b?abcde?=\n\nx")
    assert mail.subject == "=?utf-8?b?abcde?="
    assert mail.text == "x"
