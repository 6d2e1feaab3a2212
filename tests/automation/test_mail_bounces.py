"""Mail that did not arrive: told by its form and by a server's own words, never by a person's."""

import pytest

from automation.mail.bounces import bounce_of, is_complaint
from automation.mail.parsing import read
from automation.mail.parts import Bounce

REPORT = """From: MAILER-DAEMON@mx.crm.example (Mail Delivery System)
To: rep@crm.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.crm.example

Final-Recipient: rfc822; ann@x.example
Original-Recipient: rfc822;ann.lee@x.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}

--b
Content-Type: message/rfc822

From: rep@crm.example
To: ann.lee@x.example
Subject: Hello

Shall we?
--b--
"""


@pytest.mark.parametrize(
    ("status", "said", "reason", "hard"),
    [
        ("5.1.1", "550 5.1.1 <ann@x.example>: Recipient address rejected: User unknown", "userunknown", True),
        ("5.0.0", "550 No such user here", "userunknown", True),
        ("5.4.4", "Host or domain name not found. Name service error for name=x.example type=A: Host not found", "hostunknown", True),
        ("5.2.2", "552 5.2.2 Mailbox full", "mailboxfull", False),
        ("4.2.2", "452 4.2.2 The email account that you tried to reach is over quota", "mailboxfull", False),
        ("5.2.1", "550 5.2.1 The email account that you tried to reach is disabled", "suspend", False),
        ("5.7.1", "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", "blocked", False),
        ("5.7.1", "550 5.7.1 Message rejected as spam by Content Filtering", "spamdetected", False),
        ("5.3.4", "552 5.3.4 Message size exceeds fixed limit", "mesgtoobig", False),
        ("5.7.26", "550-5.7.26 Unauthenticated email from crm.example is not accepted due to domain's DMARC policy", "authfailure", False),
        ("5.7.1", "554 5.7.1 <ann@x.example>: Relay access denied", "norelaying", False),
        ("4.4.1", "connect to mx.x.example[192.0.2.2]:25: Connection timed out", "expired", False),
        ("4.1.1", "450 4.1.1 <ann@x.example>: Recipient address rejected: User unknown for now", "userunknown", False),
    ],
)  # fmt: skip
def test_a_report_gives_address_reason_and_whether_it_is_for_good(status, said, reason, hard):
    raw = REPORT.format(action="failed", status=status, said=said).encode()
    assert bounce_of(read(raw)) == Bounce("ann.lee@x.example", reason, hard)


def test_a_delay_is_soft_and_a_receipt_is_no_bounce():
    delayed = REPORT.format(action="delayed", status="4.4.1", said="user unknown").encode()
    assert bounce_of(read(delayed)).hard is False
    delivered = REPORT.format(action="delivered", status="2.0.0", said="250 OK").encode()
    assert bounce_of(read(delivered)) is None


IN_THEIR_WORDS = {
    "Exim": (
        "From: Mail Delivery System <Mailer-Daemon@mx.example>\nX-Failed-Recipients: ann@x.example\nSubject: Mail delivery failed: returning message to sender\n\n"
        "A message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n"
        "  ann@x.example\n    Unrouteable address\n\n------ This is a copy of the message, including all the headers. ------\n\nTo: ann@x.example\n",
        Bounce("ann@x.example", "hostunknown", hard=True),
    ),
    "qmail": (
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: rep@crm.example\nSubject: failure notice\n\nHi. This is the qmail-send program at mx.example.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n\n<ann@x.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        "--- Below this line is a copy of the message.\n\nTo: ann@x.example\n",
        Bounce("ann@x.example", "userunknown", hard=True),
    ),
    "Gmail": (
        "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nTo: rep@crm.example\nSubject: Delivery Status Notification (Failure)\n\n"
        "** Address not found **\n\nYour message wasn't delivered to ann@x.example because the address couldn't be found.\n\nThe response was:\n\n"
        "550 5.1.1 The email account that you tried to reach does not exist.\n",
        Bounce("ann@x.example", "userunknown", hard=True),
    ),
    "Exchange, German": (
        "From: postmaster@x.example\nTo: rep@crm.example\nSubject: Unzustellbar: Angebot\n\nFehler bei der Nachrichtenzustellung an folgende Empfänger:\n\n"
        "ann@x.example\nDas Postfach ist voll.\n\n#550 5.2.2 Mailbox full ##\n",
        Bounce("ann@x.example", "mailboxfull", hard=False),
    ),
    "no headers of a report": (
        "From: Internet Mail Delivery <postmaster@isp.example>\nSubject: Delivery Notification: Delivery has failed\n\nYour message could not be delivered to:\n"
        "  Recipient address: ann@x.example\n  Reason: over quota\n",
        Bounce("ann@x.example", "mailboxfull", hard=False),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "bounce"), IN_THEIR_WORDS.values(), ids=IN_THEIR_WORDS)
def test_servers_in_their_own_words(raw, bounce):
    assert bounce_of(read(raw.encode())) == bounce


@pytest.mark.parametrize(
    "raw",
    [
        "From: Ann <ann@x.example>\nIn-Reply-To: <1@crm.example>\nSubject: Re: Offer\n\nYour last mail bounced: 550 5.1.1 user unknown. Use this address.\n",
        "From: Ann <ann@x.example>\nSubject: Undeliverable parcels\n\nWe have 20 undeliverable parcels a day, can you help?\n",
        "From: postmaster@x.example\nSubject: Your question\n\nHello, I run the mail here. We are interested, please call me.\n",
        "Mailer-daemon says: user unknown",
        "Return-Path: <>\nAuto-Submitted: auto-replied\nFrom: ann@x.example\nSubject: Out of office\n\nI am away until 3 March.\n",
        "From: no-reply@parcels.example\nSubject: Parcel\n\nYour parcel could not be delivered to: 3 High Street\n",
    ],
)
def test_a_person_is_no_bounce(raw):
    assert bounce_of(read(raw.encode())) is None


def test_the_notification_of_amazon_is_read():
    said = (
        'From: no-reply@sns.amazonaws.com\nSubject: AWS Notification Message\n\n{"Type": "Notification", "Message": "{\\"notificationType\\":\\"Bounce\\",'
        '\\"bounce\\":{\\"bouncedRecipients\\":[{\\"emailAddress\\":\\"Ann@x.example\\",\\"status\\":\\"5.1.1\\",'
        '\\"diagnosticCode\\":\\"smtp; 550 5.1.1 user unknown\\"}]}}"}'
    )
    assert bounce_of(read(said.encode())) == Bounce("ann@x.example", "userunknown", hard=True)
    broken = said.replace('"bouncedRecipients', '"others')
    assert bounce_of(read(broken.encode())).address == "ann@x.example"
    assert is_complaint(read(said.replace("Bounce", "Complaint").encode()))


def test_a_reader_who_marked_our_mail_as_spam_is_told_by_the_report():
    raw = (
        b'From: feedback@isp.example\nContent-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n--b\nContent-Type: text/plain\n\n'
        b"This is an abuse report\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n--b--\n"
    )
    assert is_complaint(read(raw))
    assert bounce_of(read(raw)) is None
