"""Whatever comes in is read, soon, and what comes out can be kept: hostile.py says what comes in."""

import time
from dataclasses import fields
from datetime import date

from automation.intents import Intent
from automation.mail.clean import clean_html
from automation.mail.parsing import read
from automation.reading import read_reply
from tests.automation.hostile import SEEDS, mutations

COUNT = 2_000  # 10,000 of another seed by `./run bench --only hostile`
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
