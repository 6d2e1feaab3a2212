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
CALLED_OFF = re.compile(r"^METHOD:CANCEL\b", re.IGNORECASE | re.MULTILINE)
WORD = re.compile(r"[^\W\d_]+")
# What programs write beside a meeting that is called off, in our languages.
OFF_WORDS = frozenset(
    WORD.findall(
        "this the event meeting appointment invitation has have been is was canceled cancelled called off from your calendar"
        " and removed dieser dieses der das termin die besprechung ereignis wurde ist abgesagt storniert"
        " cet cette événement réunion a été est annulé annulée este esta el la evento reunión ha sido se cancelado cancelada"
        " o foi questo è stato annullato deze dit afspraak is geannuleerd"
    )
)
LATIN = 0x250  # of our languages no letter is beyond
FEWEST_LETTERS = 0.25  # of the signs of what is written in words
GUESSED = 0.3  # how sure one is of what is in no words
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
    if called_off := _called_off(mail, text):
        return _by_form(Intent.AUTO_REPLY, 0.97, called_off, mail, text=text)
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
    if judged.intent != Intent.UNCLEAR and not (_is_mail(mail) and _in_words(said)):
        judged = replace(judged, intent=Intent.UNCLEAR, confidence=GUESSED)
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


def _called_off(mail: Mail, text: str) -> str:
    """The line that calls a meeting off, where the mail says nothing else; "" where somebody wrote beside it."""
    found = [match for calendar in mail.calendars if (match := CALLED_OFF.search(calendar[:CALENDAR_LIMIT]))]
    if not found:
        return ""
    known = OFF_WORDS | _words(mail.subject)
    for calendar in mail.calendars:
        known |= _words(calendar[:CALENDAR_LIMIT].replace("\r\n ", "").replace("\n ", "").replace("\\n", " "))
    return found[0][0].strip() if _words(text) <= known else ""


def _words(text: str) -> set[str]:
    return {word.casefold() for word in WORD.findall(text)}


def _is_mail(mail: Mail) -> bool:
    """Not merely bytes that came in as one: it says from whom it is, or what it is about."""
    return bool(mail.sender.email or mail.sender.name or mail.subject or mail.message_id)


def _in_words(text: str) -> bool:
    signs = [sign for sign in text if not sign.isspace()]
    return sum(sign.isalpha() and ord(sign) < LATIN for sign in signs) >= FEWEST_LETTERS * len(signs)
