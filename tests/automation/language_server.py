"""A language model's server on this machine, which answers as it was told to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.db import connections


class Model(ThreadingHTTPServer):
    """`says` is what it answers next: an object of ours, or raw bytes; `asked` what reached it; `meanwhile` is called while
    whoever asked waits."""

    says: object = b""
    status = 200
    wait = 0.0
    meanwhile: Callable[[], object] | None = None

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str | None, dict]] = []

    def handle_error(self, *who: object) -> None:
        """Whoever asked did not wait for the answer: that is what one test is about."""


class Handler(BaseHTTPRequestHandler):
    server: Model

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers["Authorization"], body))
        if self.server.meanwhile:
            self.server.meanwhile()
            connections.close_all()
        time.sleep(self.server.wait)
        said = self.server.says
        content = said if isinstance(said, bytes) else json.dumps(chat(said)).encode()
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *said: object) -> None:
        pass


def chat(said: object) -> dict:
    content = said if isinstance(said, str) else json.dumps(said)
    return {"choices": [{"message": {"role": "assistant", "content": content}}]}
