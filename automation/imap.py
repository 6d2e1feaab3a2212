"""A mailbox on a server, by IMAP: looked at, never changed (pure: no rows; what goes wrong is a MailProblem in words)."""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from ipaddress import ip_address
from threading import Timer

from imap_tools import AND, BaseMailBox
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxFolderStatusError, MailboxLoginError

from workspaces.outbound import Blocked, connect, shut, unwrapped

WAIT = 15  # seconds for one answer
LARGEST = 40 * 1024 * 1024  # bytes of a mail: what mail servers take
AT_ONCE = 100  # mails whose sizes are asked for at once
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class MailProblem(Exception):
    """Why mail cannot be fetched, for the people whose it is. `is_lasting`: it will not pass by itself."""

    def __init__(self, words: str, *, is_lasting: bool = False):
        super().__init__(words)
        self.words, self.is_lasting = words, is_lasting


@dataclass(frozen=True)
class Server:
    """`security`: tls, starttls, or none, which only servers of one's own may have."""

    host: str
    port: int
    security: str
    username: str
    folder: str = "INBOX"


@dataclass(frozen=True)
class Listed:
    uid: int
    size: int
    arrived_at: datetime


class _Client(imaplib.IMAP4):
    """Connects to the address that was looked at, for so many seconds in all, and reads no more than a mail has."""

    def __init__(self, server: Server, seconds: float):
        self.server, self.seconds = server, seconds
        self.timer: Timer | None = None
        self.held: socket.socket | None = None
        super().__init__(server.host, server.port, WAIT)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        found = connect(self.server.host, self.server.port)
        found.settimeout(timeout)
        if self.server.security == "none" and unwrapped(ip_address(found.getpeername()[0])).is_global:
            raise Blocked(
                f"{self.server.host} is asked with TLS alone: passwords are not sent over the internet in the open."
            )
        # However slowly the server drips. A copy, for TLS takes the socket over.
        self.held = found.dup()
        self.timer = Timer(self.seconds, shut, [self.held])
        self.timer.daemon = True
        self.timer.start()
        if self.server.security == "tls":
            return ssl.create_default_context().wrap_socket(found, server_hostname=self.server.host)
        return found

    def read(self, size: int) -> bytes:
        if size > LARGEST + 1024:
            raise imaplib.IMAP4.abort("more than a mail has")
        return super().read(size)

    def shutdown(self) -> None:
        if self.timer and self.held:
            self.timer.cancel()
            self.held.close()
        super().shutdown()


class Box(BaseMailBox):
    def __init__(self, server: Server, seconds: float):
        self.server, self.seconds = server, seconds
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        client = _Client(self.server, self.seconds)
        if self.server.security == "starttls":
            client.starttls(ssl.create_default_context())
        return client

    def enter(self, secret: str, *, is_token: bool) -> None:
        """By password, or by a token of OAuth 2."""
        if is_token:
            self.xoauth2(self.server.username, secret, initial_folder=None)
        elif (self.server.username + secret).isascii():
            self.login(self.server.username, secret, initial_folder=None)
        else:
            self.login_utf8(self.server.username, secret, initial_folder=None)
        self.folder.set(self.server.folder, readonly=True)

    def validity(self) -> int:
        """UIDs mean the same mails for as long as this stays the same."""
        said = [text for text in self.client.response("UIDVALIDITY")[1] if text]
        if not said or not said[-1].isdigit():
            raise MailProblem(f"{self.server.host} does not number its mails.", is_lasting=True)
        return int(said[-1])

    def after(self, uid: int, since: date) -> list[int]:
        """UIDs of the mails that came after `uid`, oldest first; where there is none yet (0), of those since that day."""
        criteria = f"UID {uid + 1}:*" if uid else str(AND(date_gte=since))
        return sorted(found for text in self.uids(criteria, charset=None) if (found := int(text)) > uid)

    def listed(self, uids: Sequence[int]) -> Iterator[Listed]:
        """How large each is, and when it arrived. Some that were there a moment ago may be gone."""
        for start in range(0, len(uids), AT_ONCE):
            wanted = ",".join(map(str, uids[start : start + AT_ONCE]))
            _, lines = self.client.uid("FETCH", wanted, "(UID RFC822.SIZE INTERNALDATE)")
            found = [_listed(line) for line in lines or () if isinstance(line, bytes)]
            yield from sorted((each for each in found if each), key=lambda each: each.uid)

    def raw(self, uid: int) -> bytes | None:
        """The bytes of a mail, which stays unread; None where it is gone."""
        _, lines = self.client.uid("FETCH", str(uid), "(BODY.PEEK[])")
        return next((line[1] for line in lines or () if isinstance(line, tuple) and b"BODY[]" in line[0]), None)


def _listed(line: bytes) -> Listed | None:
    uid, size = re.search(rb"\bUID (\d+)", line), re.search(rb"RFC822\.SIZE (\d+)", line)
    if not uid or not size:
        return None
    arrived = imaplib.Internaldate2tuple(line)
    at = datetime(*arrived[:6]).astimezone(UTC) if arrived else datetime.now(UTC)
    return Listed(int(uid[1]), int(size[1]), at)


@contextmanager
def opened(server: Server, secret: str, *, is_token: bool = False, seconds: float = 300) -> Iterator[Box]:
    """The folder of a mailbox, for at most so many seconds in all, however slowly the server drips."""
    if any(CONTROL.search(text) for text in (server.host, server.username, server.folder, secret)):
        raise MailProblem("The user name, the password and the folder are lines of text.", is_lasting=True)
    with in_words(server):
        box = Box(server, seconds)
        try:
            box.enter(secret, is_token=is_token)
            yield box
        finally:
            leave(box)


def leave(box: Box) -> None:
    """As one should; a server that is gone is left all the same."""
    try:
        box.logout()
    except (OSError, imaplib.IMAP4.error, ImapToolsError):
        box.client.shutdown()


@contextmanager
def in_words(server: Server) -> Iterator[None]:
    """What goes wrong, for people. What the server says to a password that does not fit is left out: some repeat it."""
    name = f"{server.host}:{server.port}"
    try:
        yield
    except Blocked as blocked:
        raise MailProblem(str(blocked), is_lasting=True) from None
    except MailboxLoginError:
        raise MailProblem(f"{server.host} does not accept this user name and password.", is_lasting=True) from None
    except (MailboxFolderSelectError, MailboxFolderStatusError):
        raise MailProblem(f"There is no folder “{server.folder}” in this mailbox.", is_lasting=True) from None
    except ssl.SSLCertVerificationError as error:
        raise MailProblem(
            f"The certificate of {name} is not to be trusted: {error.verify_message}.", is_lasting=True
        ) from None
    except ssl.SSLError:
        raise MailProblem(f"{name} does not speak TLS: choose STARTTLS, or another port.", is_lasting=True) from None
    except ConnectionRefusedError:
        raise MailProblem(f"{name} does not answer: nothing listens there.") from None
    except TimeoutError:
        raise MailProblem(f"{name} did not answer in time.") from None
    except (OSError, imaplib.IMAP4.abort):
        raise MailProblem(f"{name} ended the connection.") from None
    except imaplib.IMAP4.error as error:
        if "AUTHENTICATE" in str(error) or "authenticat" in str(error).lower():
            raise MailProblem(f"{server.host} does not accept this login.", is_lasting=True) from None
        raise MailProblem(f"{name} does not speak IMAP as it should.") from None
    except ImapToolsError:
        raise MailProblem(f"{name} refused what it was asked.") from None
