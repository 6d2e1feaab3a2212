"""A reply becomes a deal, exactly once: replies are delivered one to three times each while workers are killed (SIGKILL) and
the broker is away for a minute and comes back empty. And how quick that is while nobody disturbs it.

Real PostgreSQL, a Valkey of its own, real Celery workers. Run by `./run bench --only replies` as a process of its own, since
its broker is not that of the other figures. The last line of stdout is a JSON object.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launcher.valkey import Valkey
from tests.bench.serving import ROOT

SEED = 20


def main() -> None:
    replies, kills = int(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "logs").mkdir()
        broker = Valkey(Path(folder), "bench")
        os.environ["REDIS_URL"] = broker.url(broker.start())
        try:
            print(json.dumps(measured(broker, replies, kills)))
        finally:
            broker.stop()


def measured(broker: Valkey, replies: int, kills: int) -> dict[str, object]:
    import django  # noqa: PLC0415 - settings read where the broker is, which is known only now

    django.setup()
    from tests.bench import reply_proof as proof  # noqa: PLC0415

    quick = proof.Office("quick", 300)
    quick.deliver_at_once()
    with workers(1, "threads", beat=False, pause=0) as crew:  # as in compose.yaml
        speed = proof.throughput(quick, crew.processes[0].pid)
    steady = proof.Office("steady", 300)
    with workers(1, "prefork"):
        delays = proof.latency(steady, per_second=10)
    office = proof.Office("storm", replies)
    stop = threading.Event()
    with workers(2, "prefork") as crew:
        storm = [
            threading.Thread(target=crew.kill_at_random, args=(kills, stop)),
            threading.Thread(target=away, args=(broker,)),
        ]
        for thread in storm:
            thread.start()
        office.deliver_all(times=(1, 2, 3), until=lambda: crew.killed >= kills)
        storm[1].join()
        drained = office.wait_until_drained(120)
        stop.set()
        storm[0].join()
        figures = office.figures()
    return {
        "replies": replies,
        "kills": crew.killed,
        "of_them_whole_workers": crew.whole,
        "workers_ended_by_themselves": crew.ended,
        "broker_away_s": AWAY,
        "drained_after_s": drained,
        **figures,
        "one_worker_process": speed,
        **delays,
    }


# --- what is disturbed ------------------------------------------------------------------------------

AWAY = 60


def away(broker: Valkey) -> None:
    """It keeps nothing: whatever it held is gone."""
    time.sleep(20)
    port = broker.port_file.read_text()
    broker.stop()
    time.sleep(AWAY)
    broker.listen(int(port))


class Crew:
    """Workers, and a beat, that are started again whenever they are killed."""

    def __init__(self, number: int, pool: str, beat: bool):
        self.commands = [
            [*CELERY, "worker", "-P", pool, "-c", "2", "-l", "error", "-n", f"w{n}@bench"] for n in range(number)
        ]
        self.commands += [[*CELERY, "beat", "-l", "error"]] * beat
        self.killed = self.whole = self.ended = 0
        self.processes = [start(command) for command in self.commands]
        self.random = random.Random(SEED)

    def kill_at_random(self, kills: int, stop: threading.Event) -> None:
        """Mostly the process that does a task; one in twenty times the whole worker. One that ends by itself, because it was
        killed while it was starting, is started again, after the last kill too."""
        while not stop.is_set():
            time.sleep(self.random.uniform(0.2, 1.4))
            number = self.random.randrange(len(self.processes) - 1)
            process = self.processes[number]
            if process.poll() is not None:  # it ended by itself, as whoever runs it would see
                self.processes[number] = start(self.commands[number])
                self.ended += 1
                continue
            if self.killed >= kills:
                continue
            children = children_of(process.pid)
            whole = self.killed % 20 == 19
            if not whole and not children:
                continue  # it is starting: killed now, it would never come to read
            if whole:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                self.processes[number] = start(self.commands[number])
                self.whole += 1
            else:
                kill(self.random.choice(children))
            self.killed += 1

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def children_of(pid: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            number, _, rest = path.read_text().partition(" (")
            if int(rest.rpartition(") ")[2].split()[1]) == pid:
                found.append(int(number))
    return found


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


CELERY = [sys.executable, "-m", "celery", "-A", "crm_project"]


def start(command: list[str]) -> subprocess.Popen:
    environment = os.environ | {"CRM_ENV": "production", "DATABASE_CONN_MAX_AGE": "600", "DATABASE_POOL": "0"}
    with (Path(os.environ["STATIC_ROOT"]).parent / "logs" / "bench-replies.log").open("ab") as log:
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )


@contextmanager
def workers(number: int, pool: str, *, beat: bool = True, pause: int = 8) -> Iterator[Crew]:
    crew = Crew(number, pool, beat)
    time.sleep(pause)  # until they listen
    try:
        yield crew
    finally:
        crew.end()


if __name__ == "__main__":
    main()
