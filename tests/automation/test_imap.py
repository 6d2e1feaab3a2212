"""Mailboxes by IMAP, against a real server: what is found, and how each failure is said."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from automation.imap import MailProblem, Server, opened
from tests.imapserver import ImapServer, imap_server

LONG_AGO = date(2020, 1, 1)


@pytest.fixture
def imap() -> Iterator[ImapServer]:
    with imap_server() as server:
        yield server


def server_of(imap: ImapServer, **other: object) -> Server:
    facts = {"host": "127.0.0.1", "port": imap.port, "security": "none", "username": "sales@acme.example"}
    return Server(**facts | other)


def problem_of(server: Server, secret: str = "s3cret-pass", **how: object) -> MailProblem:
    with pytest.raises(MailProblem) as caught, opened(server, secret, **how):
        pass
    assert secret not in caught.value.words and caught.value.__cause__ is None
    return caught.value


def test_mails_are_listed_by_number_and_read_as_they_are(imap):
    raw = b"Subject: \xe4\r\n\r\nBytes \xff\x00 as they are\r\n"
    imap.folder.add(raw, datetime(2026, 11, 20, 9, tzinfo=UTC))
    imap.folder.add(b"Subject: two\r\n\r\n")
    with opened(server_of(imap), "s3cret-pass") as box:
        assert box.validity() == 1
        assert box.after(0, LONG_AGO) == [1, 2]
        assert box.after(1, LONG_AGO) == [2]
        assert box.after(2, LONG_AGO) == []  # a server answers n:* with the newest whatever its number
        assert box.after(0, date(2026, 11, 21)) == [2]
        first = next(iter(box.listed([1, 2])))
        assert (first.uid, first.size, first.arrived_at) == (1, len(raw), datetime(2026, 11, 20, 9, tzinfo=UTC))
        assert box.raw(1) == raw and box.raw(9) is None
    # Nothing was marked as read.
    assert not [line for line in imap.seen if "SELECT" in line or "STORE" in line or "(BODY[" in line]


def test_a_password_that_does_not_fit_is_not_said_again(imap):
    """This server, as some do, repeats the password in its refusal."""
    problem = problem_of(server_of(imap), "wr0ng-canary")
    assert problem.words == "127.0.0.1 does not accept this user name and password." and problem.is_lasting


@pytest.mark.parametrize("password", ['quote " and \\', "Straße 5"])
def test_a_password_of_any_letters(imap, password):
    imap.password = password
    with opened(server_of(imap), password):
        pass


def test_by_token(imap):
    imap.token = "ya29.token"
    with opened(server_of(imap), "ya29.token", is_token=True) as box:
        assert box.after(0, LONG_AGO) == []
    problem = problem_of(server_of(imap), "ya29.old", is_token=True)
    assert problem.words == "127.0.0.1 does not accept this login." and problem.is_lasting


@pytest.mark.parametrize("text", ["x\r\nA1 DELETE INBOX", "x\ny", "x\0"])
def test_no_command_is_smuggled_in(imap, text):
    assert "lines of text" in problem_of(server_of(imap, username=text)).words
    assert "lines of text" in problem_of(server_of(imap, folder=text)).words
    assert not imap.seen


def test_what_is_wrong_is_said_in_words(imap):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    assert problem_of(server_of(imap, port=free)).words == f"127.0.0.1:{free} does not answer: nothing listens there."
    assert "no server of the name" in problem_of(server_of(imap, host="nowhere.invalid")).words
    assert problem_of(server_of(imap, folder="Sales")).words == "There is no folder “Sales” in this mailbox."
    assert "does not speak TLS" in problem_of(server_of(imap, security="tls")).words


def test_a_server_that_says_nothing_holds_nobody(imap):
    imap.answers.clear()
    imap.folder.add(b"Subject: x\r\n\r\n")
    start = time.monotonic()
    with pytest.raises(MailProblem, match="ended the connection|in time"), opened(server_of(imap), "s3cret-pass", seconds=0.5) as box:  # fmt: skip
        box.raw(1)
    assert time.monotonic() - start < 5


def test_a_mail_that_is_larger_than_mails_are_is_not_read(imap):
    imap.folder.add(b"x" * (41 * 1024 * 1024), datetime.now(UTC) - timedelta(hours=1))
    with pytest.raises(MailProblem), opened(server_of(imap), "s3cret-pass") as box:
        assert next(iter(box.listed([1]))).size > 40 * 1024 * 1024
        box.raw(1)
