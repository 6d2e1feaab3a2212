"""Mail made to break its reader: whole mails of every shape, and changes to them as chance (seeded) has it."""

from __future__ import annotations

import random
from collections.abc import Iterator

SEEDS: tuple[bytes, ...] = (
    b"From: Ann <ann@x.example>\nTo: rep@crm.example\nSubject: =?utf-8?q?Re=3A_Gr=C3=BC=C3=9Fe?=\nDate: Tue, 3 Mar 2026 10:02:00 +0100\n"
    b"Message-ID: <1@x.example>\nIn-Reply-To: <2@crm.example>\nReferences: <3@crm.example> <2@crm.example>\n\n"
    b"Hi,\n\nyes, call me on Monday.\n\nBest regards,\nAnn\n\nOn 3 March 2026, Rep <rep@crm.example> wrote:\n> Shall we?\n> \n>> Older\n",
    b'From: "Lee, Ann" <ann@x.example>\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary="=_b"\n\n--=_b\nContent-Type: text/plain; charset="iso-8859-1"\n'
    b"Content-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe, in zwei Wochen wieder=\n da.\n--=_b\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
    b"PHA+SGksPC9wPjxkaXYgY2xhc3M9ImdtYWlsX3F1b3RlIj48YmxvY2txdW90ZT5vbGQ8L2Jsb2NrcXVvdGU+PC9kaXY+\n--=_b--\n",
    b"From: MAILER-DAEMON@mx.example\nSubject: Undelivered Mail\nX-Failed-Recipients: a@b.example\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nfailed\n"
    b"--b\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User\n unknown\n\n"
    b"--b\nContent-Type: message/rfc822\n\nFrom: x@y.example\nSubject: Hello\n\nHello\n--b--\n",
    b"From: ann@x.example\nAuto-Submitted: auto-replied\nSubject: Automatische Antwort: Angebot\nX-Auto-Response-Suppress: All\n\nBin bis 12.01. im Urlaub, danach wieder erreichbar.\n",
    b'From: ann@x.example\nContent-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/calendar; method=REPLY; charset=utf-8\n\nBEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\n'
    b"ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b\nEND:VEVENT\nEND:VCALENDAR\n--b\nContent-Type: application/pdf; name*=utf-8''a%2Fb.pdf\nContent-Disposition: attachment; filename*0=\"a\";\n"
    b" filename*1=\"b.pdf\"\nContent-Transfer-Encoding: base64\n\nJVBERi0=\n--b\nContent-Type: multipart/related; boundary=c\n\n--c\nContent-Type: text/html\n\n<p>Yes<img src=cid:1>\n--c--\n--b--\n",
    "From: Grüße <ä@x.example>\nSubject: Ünïcödé\n\n>zitiert\n你好，我们很感兴趣。\n\n-----Ursprüngliche Nachricht-----\nVon: Ann\nGesendet: Montag, 1. Januar 2024 10:00\nAn: Bob\nBetreff: X\n\nalt\n".encode(),
    b"Return-Path: <>\nFrom: no-reply@sns.amazonaws.com\nSubject: AWS\n\n{\"Type\":\"Notification\",\"Message\":\"{\\\"notificationType\\\":\\\"Bounce\\\",\\\"bounce\\\":{\\\"bouncedRecipients\\\":"
    b"[{\\\"emailAddress\\\":\\\"a@b.example\\\"}]}}\"}\n",
    b"From ann@x.example Tue Mar  3 10:02:00 2026\r\nReceived: from a (b [1.2.3.4])\r\n\tby c; x\r\nFrom: a@b.c\r\nContent-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n"
    b"begin 644 x\r\n#0V%T\r\n`\r\nend\r\n",
)  # fmt: skip
PIECES: tuple[bytes, ...] = (
    b"\0", b"\r", b"\n", b"\r\n", b"\n\n", b"\xff\xfe", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"=?utf-8?b?/////w==?=", b"=?x-nope?q?=00=0A?=", b"=?utf-8?q?=ED=A0=80?=",
    b"--b\n", b"--=_b--\n", b"\nContent-Type: multipart/mixed; boundary=b\n\n", b"\nContent-Type: message/rfc822\n\n", b"\nContent-Type: text/plain; charset=idna\n", b"charset=\xff",
    b"; filename*=a'b'%00%ff", b"; boundary=", b'; boundary="', b"Content-Transfer-Encoding: base64\n", b"From: ", b"From: (((((\n", b"Date: 99 Foo 99999 99:99:99 +9999999999\n",
    b"Date: Mon, 31 Dec 9999 23:59:59 -2359\n", b"Message-ID: <\n", b"<" * 50, b">" * 50, b"(" * 500, b'"' * 51, b"On 1 Jan 1 wrote:\n", b"> " * 40, b"-- \n", b"_" * 80, b"<div>" * 50,
    b"&#x110000;&#0;&#xD800;", b"<!--", b"<![CDATA[", b"\x1b$B%f\x1b(B", b"+AAAA-", b"5.1.1", b"550 ", b"Final-Recipient: rfc822;\n", b"Action: \n", b"31.02.9999", b"in 9999 years", b"bis 99.99.",
    b"METHOD:REQUEST\n", b"Subject: \n \n \n", b"\t" * 200, b"a" * 1_000, b": " * 100, b";" * 300, b"%" * 100,
)  # fmt: skip


def mutations(count: int, seed: int = 4) -> Iterator[bytes]:
    chance = random.Random(seed)
    for _ in range(count):
        mail = bytearray(chance.choice(SEEDS))
        for _ in range(chance.choice((1, 1, 2, 3, 5, 8, 13, 40))):
            _change(mail, chance)
        yield bytes(mail)


def _change(mail: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(mail) + 1)
    upto = min(len(mail), at + chance.choice((1, 1, 2, 8, 40, 200)))
    kind = chance.randrange(8)
    if kind == 0:
        del mail[at:upto]
    elif kind == 1:
        mail[at:at] = mail[at:upto] * chance.choice((1, 2, 20))
    elif kind == 2:
        mail[at:upto] = bytes(chance.randrange(256) for _ in range(upto - at))
    elif kind == 3:
        other = chance.choice(SEEDS)
        start = chance.randrange(len(other))
        mail[at:at] = other[start : start + chance.choice((10, 100, 1_000))]
    elif kind == 4 and at < len(mail):
        mail[at] ^= 1 << chance.randrange(8)
    elif kind == 5:
        del mail[chance.randrange(len(mail) + 1) :]
        mail += chance.choice(PIECES)
    else:
        mail[at:at] = chance.choice(PIECES) * chance.choice((1, 1, 1, 10))
