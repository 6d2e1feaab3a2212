"""The pages as production serves them: granian, WSGI, persistent connections; and one client to ask it."""

from __future__ import annotations

import gzip
import http.client
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def server(*, workers: int = 1) -> Iterator[tuple[int, subprocess.Popen]]:
    """(port, process) of a running server; its database is this process's own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        str(Path(sys.executable).with_name("granian")),
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    command += ["--workers", str(workers), "--blocking-threads", "4", "tests.bench.wsgi:application"]
    with running("web", command, port) as process:
        wait_for(port, process)
        yield port, process


@contextmanager
def worker(port: int) -> Iterator[None]:
    """What does the background tasks of the server at `port`, as `./run` starts it, but for the schedule."""
    options = ["worker", "-P", "threads", "-c", "2", "-l", "warning"]
    with running("worker", [sys.executable, "-m", "celery", "-A", "crm_project", *options], port):
        yield


@contextmanager
def running(name: str, command: list[str], port: int) -> Iterator[subprocess.Popen]:
    environment = os.environ | {
        "CRM_ENV": "production", "DJANGO_SETTINGS_MODULE": "tests.bench.settings", "SITE_URL": f"http://127.0.0.1:{port}",
        "ALLOWED_HOSTS": "127.0.0.1", "DATABASE_CONN_MAX_AGE": "600", "DATABASE_POOL": "0",
    }  # fmt: skip
    with (Path(os.environ["STATIC_ROOT"]).parent / "logs" / f"bench-{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(15)


def wait_for(port: int, process: subprocess.Popen) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit("the server did not start; see the log bench-web.log")


@dataclass
class Answer:
    status: int
    body: bytes
    queries: int
    rows: int
    size: int  # bytes as sent, compressed
    seconds: float

    @property
    def text(self) -> str:
        return (gzip.decompress(self.body) if self.body[:2] == b"\x1f\x8b" else self.body).decode()


@dataclass
class Visitor:
    """One logged-in browser: one kept connection, its cookies, its CSRF token."""

    port: int
    session: str
    token: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.cookies["session"] = self.session

    def learn_token(self, path: str) -> None:
        """What a page's forms are sent with."""
        self.token = self.ask("GET", path).text.split('name="csrf" content="')[1].split('"')[0]

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> Answer:
        sent = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Accept-Encoding": "gzip",
        } | headers
        if body is not None:
            sent |= {
                "Content-Type": "application/x-www-form-urlencoded",
                "X-CSRFToken": self.token,
                "X-Client-Id": "bench",
            }
        start = time.perf_counter()
        self.connection.request(method, path, body, sent)
        response = self.connection.getresponse()
        content = response.read()
        took = time.perf_counter() - start
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        queries, _, rows = (response.getheader("X-Bench") or "0;0").partition(";")
        return Answer(response.status, content, int(queries), int(rows), len(content), took)


def figures(answers: list[Answer]) -> dict[str, float]:
    """p50 and p95 of the time one client waits, and what an answer costs."""
    bad = {answer.status for answer in answers} - {200}
    if bad:
        raise SystemExit(f"unexpected answers: {bad}")
    took = sorted(answer.seconds * 1000 for answer in answers)
    return {
        "p50_ms": round(statistics.median(took), 2),
        "p95_ms": round(took[int(len(took) * 0.95)], 2),
        "queries": max(answer.queries for answer in answers),
        "rows": int(statistics.median(answer.rows for answer in answers)),
        "bytes": int(statistics.median(answer.size for answer in answers)),
    }
