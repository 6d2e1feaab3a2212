"""A real IMAP server on this machine, for tests of how mail is fetched: one folder, and the ways in which servers fail."""

from __future__ import annotations

import base64
import re
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Thread

WHEN = "%d-%b-%Y"


@dataclass
class Kept:
    uid: int
    raw: bytes
    at: datetime


@dataclass
class Folder:
    validity: int = 1
    mails: list[Kept] = field(default_factory=list)
    next_uid: int = 1

    def add(self, raw: bytes, at: datetime | None = None) -> int:
        self.mails.append(Kept(self.next_uid, raw, at or datetime.now(UTC)))
        self.next_uid += 1
        return self.next_uid - 1

    def renew(self) -> None:
        """As after a repair of the server: the same mails under other numbers."""
        self.validity += 1
        old, self.mails, self.next_uid = self.mails, [], 1
        for kept in old:
            self.add(kept.raw, kept.at)


class ImapServer(socketserver.ThreadingTCPServer):
    """`password` opens it, or `token` by XOAUTH2. It answers FETCH of a body once `answers` is set, `bodies` counts these, and
    it hangs up at the body of the UID `breaks_at`."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.folder = Folder()
        self.password, self.token = "s3cret-pass", ""
        self.answers = Event()
        self.answers.set()
        self.breaks_at = 0
        self.is_silent = False
        self.bodies = self.logins = 0
        self.seen: list[str] = []

    @property
    def port(self) -> int:
        return self.server_address[1]


class _Session(socketserver.StreamRequestHandler):
    server: ImapServer

    def handle(self) -> None:
        if self.server.is_silent:
            self.server.answers.wait(30)
            return
        self.say("* OK test")
        while line := self.rfile.readline():
            tag, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            verb, _, arguments = rest.partition(" ")
            if verb.upper() == "UID":
                verb, _, arguments = arguments.partition(" ")
            self.server.seen.append(f"{verb.upper()} {arguments}")
            answer = getattr(self, f"do_{verb.lower()}", None)
            said = answer(arguments, tag) if answer else "BAD what"
            if said is None:
                return
            self.say(f"{tag} {said}")
            if verb.upper() == "LOGOUT":
                return

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def do_capability(self, arguments: str, tag: str) -> str:
        self.say("* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 AUTH=PLAIN")
        return "OK done"

    def do_login(self, arguments: str, tag: str) -> str:
        self.server.logins += 1
        _, password = re.fullmatch(r'"((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"', arguments).groups()
        good = self.server.password and re.sub(r"\\(.)", r"\1", password) == self.server.password
        return "OK in" if good else f"NO [AUTHENTICATIONFAILED] not {password}"  # some servers do say it again

    def do_authenticate(self, arguments: str, tag: str) -> str:
        self.server.logins += 1
        self.say("+ ")
        said = base64.b64decode(self.rfile.readline())
        if arguments == "PLAIN" and said.decode().endswith(f"\0{self.server.password}"):
            return "OK in"
        if self.server.token and f"auth=Bearer {self.server.token}\1\1".encode() in said:
            return "OK in"
        self.say("+ " + base64.b64encode(b'{"status":"400"}').decode())
        self.rfile.readline()
        return "NO [AUTHENTICATIONFAILED] Invalid credentials"

    def do_select(self, arguments: str, tag: str) -> str:
        if arguments.strip('"') != "INBOX":
            return "NO [NONEXISTENT] there is none"
        self.say(f"* {len(self.server.folder.mails)} EXISTS")
        self.say(f"* OK [UIDVALIDITY {self.server.folder.validity}] valid")
        return "OK [READ-WRITE] selected"

    do_examine = do_select

    def do_status(self, arguments: str, tag: str) -> str:
        folder = self.server.folder
        if not arguments.startswith('"INBOX"') and not arguments.startswith("INBOX"):
            return "NO [NONEXISTENT] there is none"
        self.say(
            f'* STATUS "INBOX" (MESSAGES {len(folder.mails)} UIDNEXT {folder.next_uid} UIDVALIDITY {folder.validity})'
        )
        return "OK done"

    def do_search(self, arguments: str, tag: str) -> str:
        found = self.server.folder.mails
        if since := re.search(r"SINCE ([^\s)]+)", arguments):
            day = datetime.strptime(since[1].strip('"'), WHEN).date()
            found = [kept for kept in found if kept.at.date() >= day]
        if after := re.search(r"UID (\d+):\*", arguments):
            least = int(after[1])
            # As RFC 3501 has it, n:* is never empty: it always has the newest.
            found = [kept for kept in found if kept.uid >= least] or found[-1:]
        self.say("* SEARCH " + " ".join(str(kept.uid) for kept in found))
        return "OK done"

    def do_fetch(self, arguments: str, tag: str) -> str | None:
        wanted, _, parts = arguments.partition(" ")
        uids = {int(uid) for uid in wanted.split(",")}
        for number, kept in enumerate(self.server.folder.mails, 1):
            if kept.uid not in uids:
                continue
            facts = f"UID {kept.uid}"
            if "RFC822.SIZE" in parts:
                at = kept.at.strftime("%d-%b-%Y %H:%M:%S +0000")
                facts += f' RFC822.SIZE {len(kept.raw)} INTERNALDATE "{at}"'
            if "BODY" not in parts:
                self.say(f"* {number} FETCH ({facts})")
                continue
            self.server.bodies += 1
            self.server.answers.wait(30)
            if kept.uid == self.server.breaks_at:
                return None
            self.say(f"* {number} FETCH ({facts} BODY[] {{{len(kept.raw)}}}")
            self.wfile.write(kept.raw)
            self.say(")")
        return "OK done"

    def do_noop(self, arguments: str, tag: str) -> str:
        return "OK done"

    def do_close(self, arguments: str, tag: str) -> str:
        return "OK done"

    def do_logout(self, arguments: str, tag: str) -> str:
        self.say("* BYE")
        return "OK done"


@contextmanager
def imap_server() -> Iterator[ImapServer]:
    with ImapServer() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.answers.set()
        server.shutdown()
        thread.join()
