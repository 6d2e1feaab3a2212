"""One message read to its end: what it means, how sure that is, what decided, and when to try again."""

import json
from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from automation.intent import judge
from automation.intents import AUTOMATIC, Intent
from automation.mail.languages import language_of
from automation.mail.parsing import read
from automation.reading import read_reply

TODAY = date(2026, 11, 22)
REPLY = b"From: Ann Lee <ann@x.example>\nSubject: Re: Offer\nIn-Reply-To: <1@crm.example>\n\n"
QUOTE = b"\n\nBest regards,\nAnn\n\nOn Fri, 20 Nov 2026 at 10:02, Rep <rep@crm.example> wrote:\n> Unsubscribe here. Not interested? Out of office?\n"


def test_only_the_newest_text_is_judged():
    reading = read_reply(
        read(REPLY + b"Hi, yes, we are very interested. Please call me to set up a demo." + QUOTE), TODAY
    )
    assert reading.intent == Intent.INTERESTED
    assert reading.confidence >= AUTOMATIC
    assert reading.visible_text == "Hi, yes, we are very interested. Please call me to set up a demo."
    assert reading.phrase in reading.visible_text
    assert (reading.language, reading.bounce) == ("en", None)
    assert reading.version


def test_out_of_office_names_the_day():
    raw = (
        REPLY.replace(b"Subject:", b"Auto-Submitted: auto-replied\nSubject:")
        + "Ich bin bis zum 12.01. nicht im Büro.".encode()
    )
    reading = read_reply(read(raw), TODAY)
    assert (reading.intent, reading.until, reading.language) == (Intent.OUT_OF_OFFICE, date(2027, 1, 12), "de")
    assert reading.confidence >= AUTOMATIC
    assert reading.phrase


def test_the_title_may_name_the_day():
    raw = b"From: ann@x.example\nSubject: Out of office until 3 March\n\nI read no mail. In urgent cases call Bob.\n"
    assert read_reply(read(raw), TODAY).until == date(2027, 3, 3)


def test_not_now_names_the_day():
    reading = read_reply(read(REPLY + b"No budget this year, please circle back in Q2." + QUOTE), TODAY)
    assert (reading.intent, reading.until) == (Intent.NOT_NOW, date(2027, 4, 1))


def test_a_bounce_comes_before_all_else():
    raw = (
        b"From: MAILER-DAEMON@mx.example\nAuto-Submitted: auto-replied\nSubject: Undelivered Mail Returned to Sender\n\n"
        b"<ann@x.example>: host mx.x.example said: 550 5.1.1 user unknown\n"
    )
    reading = read_reply(read(raw), TODAY)
    assert (reading.intent, reading.bounce.address, reading.bounce.hard) == (Intent.BOUNCE, "ann@x.example", True)
    assert reading.confidence >= AUTOMATIC


@pytest.mark.parametrize(
    ("calendar", "intent"),
    [
        (b"METHOD:REPLY\nBEGIN:VEVENT\nATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@x.example", Intent.MEETING_BOOKED),
        (b"METHOD:REQUEST\nBEGIN:VEVENT\nATTENDEE:mailto:ann@x.example", Intent.MEETING_BOOKED),
        (b"METHOD:CANCEL\nBEGIN:VEVENT\nATTENDEE:mailto:ann@x.example", Intent.AUTO_REPLY),
    ],
)
def test_an_answer_to_an_invitation_is_a_meeting_though_a_program_sent_it(calendar, intent):
    raw = (
        b'From: ann@x.example\nAuto-Submitted: auto-generated\nSubject: Accepted: Demo\nContent-Type: multipart/mixed; boundary="b"\n\n'
        b"--b\nContent-Type: text/plain\n\nAnn has accepted.\n--b\nContent-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\n"
        + calendar
        + b"\n--b--\n"
    )
    assert read_reply(read(raw), TODAY).intent == intent


def test_a_title_is_read_where_there_is_nothing_else():
    assert read_reply(read(b"From: ann@x.example\nSubject: Unsubscribe\n\n"), TODAY).intent == Intent.UNSUBSCRIBE
    assert read_reply(read(b"From: ann@x.example\nSubject: Re: Unsubscribe\n\n"), TODAY).intent == Intent.UNCLEAR


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Thank you for your message, we will get back to you.", "en"),
        ("Vielen Dank für Ihre Nachricht, wir melden uns bei Ihnen.", "de"),
        ("Merci pour votre message, nous revenons vers vous.", "fr"),
        ("Gracias por su mensaje, le responderemos pronto.", "es"),
        ("Obrigado pela sua mensagem, não temos interesse.", "pt"),
        ("Grazie per il suo messaggio, la ricontatteremo.", "it"),
        ("Bedankt voor uw bericht, wij nemen contact met u op.", "nl"),
        ("OK", ""),
        ("", ""),
        ("12345 67890 !!!", ""),
    ],
)
def test_the_language_of_a_text(text, language):
    assert language_of(text) == language


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\xff\xfe garbage no headers at all",
        b"From: ida@brightwater.example\nSubject: Re: x\n\n%%%% 0815 4711 1234 $$ no",
        b"From: ida@brightwater.example\nSubject: Re: x\n\n12345",
    ],
)
def test_what_is_no_mail_or_in_no_words_is_nothing_one_is_sure_of(raw):
    reading = read_reply(read(raw), date(2026, 11, 22))
    assert reading.intent == Intent.UNCLEAR and reading.confidence < AUTOMATIC


@pytest.mark.parametrize("text", ["No.", "STOP", "+1 interested, call 030 123"])
def test_few_words_are_words(text):
    raw = f"From: ida@brightwater.example\nSubject: Re: x\n\n{text}".encode()
    asked = []
    read_reply(read(raw), date(2026, 11, 22), lambda said, language: asked.append(said) or judge(said, language))
    assert asked == [text] and read_reply(read(raw), date(2026, 11, 22)).intent == judge(text).intent


def told(*arguments: str) -> list[dict]:
    out = StringIO()
    call_command("read_mail", *arguments, stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_the_command_prints_one_line_a_message_and_asks_no_database(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.eml").write_bytes(REPLY + b"Yes, we are very interested, call me." + QUOTE)
    (tmp_path / "deep" / "b.txt").write_bytes(b"No headers at all: Sunday\n")
    (tmp_path / "c.mbox").write_bytes(
        b"From ann@x.example Sun Nov 22 10:00:00 2026\n"
        + REPLY
        + b"Back on 3 March.\n\nFrom ann@x.example Sun Nov 22 10:00:00 2026\n"
        + REPLY
        + b"No.\n\n"
    )
    (tmp_path / "empty.eml").write_bytes(b"")
    lines = told(str(tmp_path), "--today", "2026-11-22")
    assert [line["file"].removeprefix(str(tmp_path)) for line in lines] == [
        "/a.eml",
        "/c.mbox#1",
        "/c.mbox#2",
        "/deep/b.txt",
        "/empty.eml",
    ]
    assert {tuple(line) for line in lines} == {
        ("file", "intent", "confidence", "phrase", "visible_text", "language", "until", "bounce")
    }
    assert lines[0]["intent"] == "interested"
    assert lines[0]["visible_text"] == "Yes, we are very interested, call me."
    assert lines[1]["visible_text"] == "Back on 3 March."


def test_the_command_says_which_file_is_not_there():
    with pytest.raises(CommandError, match="is not there"):
        told("/no/such/file.eml")
