"""Eight clients at once on two workers: requests per second, and what the workers weigh."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path

import psutil

from tests.bench.fill import Filled
from tests.bench.serving import Visitor
from tests.factories import session_for

SECONDS = 4


def measure(filled: Filled, port: int, process: subprocess.Popen) -> dict[str, float]:
    base = f"/w/{filled.workspace.slug}/"
    return {
        "hello_per_s": rate(filled, port, "/bench/hello"),
        "board_per_s": rate(filled, port, f"{base}deals/"),
        "worker_mb": worker_mb(process),
    }


def rate(filled: Filled, port: int, path: str, clients: int = 8) -> float:
    done, stop = [0] * clients, threading.Event()
    session = session_for(filled.member.user)

    def ask(number: int) -> None:
        visitor = Visitor(port, session)
        while not stop.is_set():
            if visitor.ask("GET", path).status == 200:
                done[number] += 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    time.sleep(SECONDS)
    stop.set()
    for thread in threads:
        thread.join()
    return round(sum(done) / SECONDS, 1)


def worker_mb(process: subprocess.Popen) -> float | None:
    """Proportional set size of one worker: what it adds to the machine."""
    workers = psutil.Process(process.pid).children()
    sizes = [pss for worker in workers if (pss := pss_of(worker.pid)) is not None]
    return round(sum(sizes) / len(sizes), 1) if sizes else None


def pss_of(pid: int) -> float | None:
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    if not rollup.exists():
        return None
    line = next(line for line in rollup.read_text().splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) / 1024
