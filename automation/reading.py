"""What a reply says, from its bytes on: `read_reply(mail, today)`. Pure: nothing is stored, nobody is asked.

Technical first: a report that our mail did not arrive, an answer to an invitation, a robot. What a person wrote is cut to the
newest text and judged by its words (intent.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from automation.intent import judge
from automation.intents import AUTOMATIC, Intent, Judgement
from automation.mail.bounces import bounce_of, complainer, is_complaint
from automation.mail.dates import named_date
from automation.mail.languages import language_of
from automation.mail.parts import Bounce, Mail
from automation.mail.robots import robot_of
from automation.mail.visible import visible_text

VERSION = "form-1"  # of all that is told by a mail's form; its words have a version of their own
WAITS = {Intent.OUT_OF_OFFICE, Intent.NOT_NOW}
ANSWER = re.compile(r"^\s*(?:re|aw|sv|antw|fw|fwd|wg|tr|rv|enc|i|r)\s?(?:\[\d+\])?:", re.IGNORECASE)
ACCEPTED = re.compile(r"^METHOD:REPLY\b[\s\S]{0,5000}?PARTSTAT=\"?ACCEPTED", re.IGNORECASE | re.MULTILINE)
INVITED = re.compile(r"^METHOD:REQUEST\b", re.IGNORECASE | re.MULTILINE)
CALENDAR_LIMIT = 20_000


@dataclass(frozen=True)
class Reading:
    """`confidence` is the probability, 0 to 1, that `intent` is right; `phrase` the words, or the header, that decided;
    `until` the day the mail names for another try; `version` changes with whatever would judge otherwise."""

    intent: Intent
    confidence: float
    phrase: str
    visible_text: str
    language: str
    until: date | None
    bounce: Bounce | None
    version: str
    complainer: str = ""  # the address of who marked our mail as spam, where a mail server tells of that


def read_reply(mail: Mail, today: date, judge: Callable[[str, str], Judgement] = judge) -> Reading:
    """`judge` is who judges the words: a workspace may have taught one of its own."""
    if bounce := bounce_of(mail):
        return _by_form(
            Intent.BOUNCE, 0.99 if bounce.address else 0.9, f"{bounce.reason}: {bounce.address}", mail, bounce
        )
    if is_complaint(mail):
        reader = complainer(mail)
        told = _by_form(Intent.UNSUBSCRIBE, 0.99 if reader else 0.6, "marked as spam by the reader", mail)
        return replace(told, complainer=reader)
    text = visible_text(mail)
    if agreed := _agreed(mail):
        return _by_form(Intent.MEETING_BOOKED, 0.97, agreed, mail, text=text)
    if robot := robot_of(mail, text):
        until = _away_until(mail, text, today) if robot.intent is Intent.OUT_OF_OFFICE else None
        return _by_form(robot.intent, robot.confidence, robot.phrase, mail, text=text, until=until)
    return _by_words(mail, text, today, judge)


def _away_until(mail: Mail, text: str, today: date) -> date | None:
    """The text names the day, or the title does: "Out of office until 3 March"."""
    said = text or mail.text
    language = language_of(said)
    return named_date(said, today, language) or named_date(mail.subject, today, language)


def _by_words(mail: Mail, text: str, today: date, judge: Callable[[str, str], Judgement]) -> Reading:
    said = text or (
        "" if ANSWER.match(mail.subject) else mail.subject
    )  # "unsubscribe" may be all of a mail, and its title
    language = language_of(said)
    judged = judge(said, language)
    waits = judged.intent in WAITS or judged.confidence < AUTOMATIC  # who corrects it to "not now" needs the day too
    return Reading(
        intent=judged.intent,
        confidence=judged.confidence,
        phrase=judged.phrase,
        visible_text=text,
        language=language,
        until=named_date(said, today, language) if waits else None,
        bounce=None,
        version=judged.version,
    )


def _by_form(
    intent: Intent,
    confidence: float,
    phrase: str,
    mail: Mail,
    bounce: Bounce | None = None,
    *,
    text: str | None = None,
    until: date | None = None,
) -> Reading:
    text = visible_text(mail) if text is None else text
    return Reading(intent, confidence, phrase[:300], text, language_of(text), until, bounce, VERSION)


def _agreed(mail: Mail) -> str:
    """The line of an invitation, or of one accepted, that says so; "" where there is none."""
    for calendar in mail.calendars:
        if found := (ACCEPTED.search(calendar[:CALENDAR_LIMIT]) or INVITED.search(calendar[:CALENDAR_LIMIT])):
            return found[0].splitlines()[0].strip() + (" ACCEPTED" if "PARTSTAT" in found[0] else "")
    return ""
