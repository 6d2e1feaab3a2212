"""What each ./run command does."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launcher import environment as env
from launcher.say import Failed
from launcher.servers import needs_postgres, needs_valkey, servers
from launcher.site import manage, prepare, serve

COMMANDS = ("test", "check", "manage", "bench", "lock")


def main(argv: list[str]) -> int:
    try:
        return _main(argv)
    except Failed as failure:
        print(f"dealwright: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _main(argv: list[str]) -> int:
    own, command, rest = split(argv)
    options = _options(own)
    # Others may not look in; PostgreSQL, which root starts as another user, passes through.
    options.data.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    return globals()[f"_{command}"](options, rest)


def split(argv: list[str]) -> tuple[list[str], str, list[str]]:
    """(our own options, the command, its arguments); --data is ours on either side of the command."""
    at = next((i for i, word in enumerate(argv) if word in COMMANDS), len(argv))
    if at == len(argv):
        return argv, "serve", []
    own, rest = argv[:at], argv[at + 1 :]
    if rest[:1] == ["--data"]:
        own, rest = [*own, *rest[:2]], rest[2:]
    return own, argv[at], rest


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./run", description="Start Dealwright, or: ./run test | check | manage … | bench … | lock"
    )
    parser.add_argument("--port", type=_port, help="port of the web pages (default: 8000, or the next free one)")
    parser.add_argument(
        "--data", type=Path, default=env.ROOT / "var", help="folder of the database, logs and secrets (default: var/)"
    )
    parser.add_argument("--no-demo", action="store_true", help="do not make the demo workspace on a first start")
    options = parser.parse_args(argv)
    options.data = options.data.resolve()
    return options


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 2**16:
        raise argparse.ArgumentTypeError(f"{text} is no port: give a number from 1 to 65535")
    return int(text)


def _serve(options: argparse.Namespace, rest: list[str]) -> int:
    return serve(data=options.data, port=options.port, demo=not options.no_demo)


def _manage(options: argparse.Namespace, rest: list[str]) -> int:
    env.install(embedded=needs_postgres() or needs_valkey())
    with servers(options.data) as variables:
        return _call([str(env.PYTHON), "manage.py", *rest], prepare(options.data, variables))


def _test(options: argparse.Namespace, rest: list[str]) -> int:
    env.install(dev=True, embedded=needs_postgres() or needs_valkey())
    env.assets()
    with _test_servers(options) as variables:
        return _call([str(env.PYTHON), "-m", "pytest", "-n", "auto", *rest], variables)


def _check(options: argparse.Namespace, rest: list[str]) -> int:
    env.install(dev=True, embedded=needs_postgres() or needs_valkey())
    env.assets()
    with _test_servers(options) as variables:
        return _call([str(env.PYTHON), "-m", "tests.checks", *rest], prepare(options.data / "test", variables))


def _bench(options: argparse.Namespace, rest: list[str]) -> int:
    env.install(dev=True, embedded=needs_postgres() or needs_valkey())
    env.assets()
    with servers(options.data / "bench") as variables:
        return _call([str(env.PYTHON), "-m", "tests.bench", *rest], prepare(options.data / "bench", variables))


def _lock(options: argparse.Namespace, rest: list[str]) -> int:
    env.lock()
    return 0


@contextmanager
def _test_servers(options: argparse.Namespace) -> Iterator[dict[str, str]]:
    """Servers for tests only: their databases are thrown away, so they need not be safe."""
    with servers(options.data / "test", throwaway=True) as variables:
        variables = (
            os.environ
            | {
                "CRM_ENV": "test",
                "MEDIA_ROOT": str(options.data / "test" / "media"),
                # A run is some hundred processes: Python is compiled for the first of them, beside the code, not in it.
                "PYTHONPYCACHEPREFIX": str(options.data / "test" / "pycache"),
                "PYTHONDONTWRITEBYTECODE": "",
            }
            | variables
        )
        if "DATABASE_ADMIN_URL" in variables:
            manage(variables, "prepare_database")
        yield variables


def _call(command: list[str], variables: dict[str, str]) -> int:
    """Run in the foreground. Ctrl-C reaches the command itself; we wait for it to end, then stop the servers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    process = subprocess.Popen(
        command, cwd=env.ROOT, env=variables, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    )
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    return process.wait()
