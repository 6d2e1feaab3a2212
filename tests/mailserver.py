"""A real SMTP server on this machine, for tests of what happens to mail: it keeps what it takes, and can refuse."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Event, Thread


class MailServer(socketserver.ThreadingTCPServer):
    """`refuses` makes it answer every recipient with `refusal`, a temporary failure; it says that it took a mail once
    `answers` is set."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.refuses, self.refusal = False, "451 try again later"
        self.answers = Event()
        self.answers.set()
        self.taken: list[EmailMessage] = []

    @property
    def port(self) -> int:
        return self.server_address[1]


class _Session(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.say("220 test")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"QUIT":
                return self.say("221 bye")
            if verb == b"RCPT" and self.server.refuses:
                self.say(self.server.refusal)
            elif verb == b"DATA":
                self.say("354 go on")
                self.server.taken.append(message_from_bytes(self.body(), policy=policy.default))
                self.server.answers.wait(30)
                self.say("250 taken")
            else:
                self.say("250 fine")

    def body(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
