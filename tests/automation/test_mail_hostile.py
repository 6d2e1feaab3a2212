"""Whatever comes in is read, soon, and what comes out can be kept: hostile.py says what comes in."""

import time
from dataclasses import fields
from datetime import date

import pytest

from automation.intents import Intent
from automation.mail.bounces import bounce_of, is_complaint
from automation.mail.clean import clean_html
from automation.mail.dates import named_date
from automation.mail.parsing import read
from automation.mail.robots import robot_of
from automation.mail.visible import visible_text
from automation.reading import read_reply
from tests.automation.hostile import SEEDS, mutations

COUNT = 500  # 10,000 of another seed by `./run bench --only hostile`
TODAY = date(2026, 11, 22)


def strings(value) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for each in pair for text in strings(each)]
    if isinstance(value, tuple):
        return [text for each in value for text in strings(each)]
    return (
        [text for each in fields(value) for text in strings(getattr(value, each.name))]
        if hasattr(value, "__dataclass_fields__")
        else []
    )


def test_what_is_changed_by_chance_is_read_all_the_same():
    read_reply(read(SEEDS[0]), TODAY)  # what is loaded when first asked is loaded
    slowest = 0.0
    for raw in mutations(COUNT):
        started = time.process_time()
        mail = read(raw)
        reading = read_reply(mail, TODAY)
        slowest = max(slowest, time.process_time() - started)
        assert reading.intent in Intent
        assert 0 <= reading.confidence <= 1
        assert reading.until is None or reading.until >= TODAY
        for text in strings(mail) + strings(reading):
            assert "\0" not in text
            text.encode()  # no half of a pair
        for values in mail.headers.values():
            assert not any(letter in value for value in values for letter in "\r\n")
        for attachment in mail.attachments:
            assert attachment.name.strip(". ")
            assert not set(attachment.name) & set('/\\:\r\n<>"')
        clean_html(mail.html)
    assert slowest < 1


def test_the_whole_mails_are_read_whole():
    assert [str(read_reply(read(raw), TODAY).intent) for raw in SEEDS[2:5]] == [
        "bounce",
        "out_of_office",
        "meeting_booked",
    ]
    assert not any(read(raw).problems for raw in SEEDS[:6])


REPEATED = ["a", "a ", "A ", "1", "1.", "1/1/", "-", "- ", "--\n", "\n", " \n", "\t", " ", "_", "=", ">", "> ", ">\n", "a\n", "A\n\n", "<a@b> ", "a@", "On ", "On 1 ", "On 1 wrote ",
    "From: ", "From: a\n", "Von: a\nAn: b\n", "Thanks ", "Best regards,\n", "Sent from my ", "550 ", "5.1.1 ", "user ", "mailbox is ", "could not be delivered to the following ", "Received: from\n",
    "out of office ", "no longer with ", "back on ", "in 2 weeks ", "March ", "3 March ", "until ", "automatic reply ", "unsubscribe ", "To: ", "&nbsp;", "(", "[", "x-", "METHOD:REPLY\n", "Q3 ", "=?", "=?utf-8?q?a?= "]  # fmt: skip


@pytest.mark.parametrize("piece", REPEATED, ids=repr)
def test_what_is_said_again_and_again_is_read_soon(piece):
    """No pattern takes the square of what it is given, or worse: 30,000 signs, as text, as one long line, as headers and as HTML."""
    many = (piece * 30_000)[:30_000].encode()
    line = many.replace(b"\n", b" ")
    started = time.process_time()
    for raw in (
        b"From: MAILER-DAEMON@x.example\nSubject: failure notice\n\n" + many,
        b"From: ann@x.example\nAuto-Submitted: auto-replied\nSubject: " + line + b"\n\n" + line,
        b"From: "
        + line
        + b"\nTo: "
        + line
        + b"\nReferences: "
        + line
        + b"\nDate: "
        + line
        + b"\nX-Failed-Recipients: "
        + line
        + b"\n\nhello\n"
        + many,
        b"From: ann@x.example\nContent-Type: text/html\n\n<p>" + many + b"</p><div class=signature>" + line,
        b"From: ann@x.example\nContent-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nAction: failed\nDiagnostic-Code: smtp; "
        + line,
    ):
        mail = read(raw)
        text = visible_text(mail)
        bounce_of(mail)
        is_complaint(mail)
        robot_of(mail, text)
        named_date(text, TODAY)
    assert time.process_time() - started < 2
