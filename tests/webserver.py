"""The server as `./run` starts it, on this worker's test database, for tests that speak to it over the network."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.db import connection

from tests.waiting import wait_until


@dataclass
class Server:
    base: str
    process: subprocess.Popen
    log: IO[bytes]

    @property
    def said(self) -> str:
        self.log.seek(0)
        return self.log.read().decode()

    def is_ready(self) -> bool:
        assert self.process.poll() is None, f"the server ended:\n{self.said[-3000:]}"
        try:
            with urllib.request.urlopen(f"{self.base}/readyz", timeout=2):
                return True
        except (urllib.error.HTTPError, OSError):
            return False


@contextmanager
def running(**variables: str) -> Iterator[Server]:
    """A server of our own, once it is ready; it commits, and it ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    environment = os.environ | {"DATABASE_URL": url, "DATABASE_POOL": "4", "SITE_URL": f"http://127.0.0.1:{port}"}
    command = ["--interface", "asginl", "--port", str(port), "--no-ws", "--workers-kill-timeout", "1"]
    with tempfile.TemporaryFile("wb+") as log:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("granian")), *command, "crm_project.asgi:application"],
            env=environment | variables, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        server = Server(f"http://127.0.0.1:{port}", process, log)
        try:
            wait_until(server.is_ready, "the server", seconds=30)
            yield server
        finally:
            process.terminate()
            process.wait(10)
