"""Child processes with pid files, so that what a SIGKILL of the parent leaves behind is found and ended."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path


class Child:
    """A process in a session of its own: Ctrl-C reaches the parent, and the parent ends its children in order."""

    def __init__(
        self, name: str, command: list[str], *, env: dict[str, str], log: Path, pids: Path, cwd: Path | None = None
    ):
        self.name, self.command, self.env, self.log, self.cwd = name, command, env, log, cwd
        self.pid_file = pids / f"{name}.pid"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.env,
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=0o077,  # what it writes (mail, files of people) is for nobody else on the machine
            )
        self.pid_file.write_text(f"{self.process.pid}\n{born(self.process.pid)}")

    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def stop(self, *, patience: float = 10) -> None:
        process = self.process
        if process is None:
            return
        _end_group(process.pid, patience=patience, is_alive=lambda: process.poll() is None)
        process.wait()
        self.pid_file.unlink(missing_ok=True)

    def tail(self, size: int = 2000) -> str:
        return self.log.read_text(errors="replace")[-size:] if self.log.exists() else ""


def end_leftovers(pids: Path) -> None:
    """End the processes that pid files in this folder name, if they are still the ones that were started; and what they
    started, should they be gone themselves: a server's worker that outlives it keeps the port."""
    for pid_file in pids.glob("*.pid"):
        text, _, birth = pid_file.read_text().partition("\n")
        pid = int(text) if text.isdecimal() else 0
        if is_running(pid_file):
            _end_group(pid, patience=10, is_alive=functools.partial(_is_still, pid, birth))
        elif pid and birth and not born(pid):
            # Nobody is given the number of a group that has members, so they are those of ours.
            _end_group(pid, patience=5, is_alive=functools.partial(_has_members, pid))
        pid_file.unlink(missing_ok=True)


def is_running(pid_file: Path) -> bool:
    """Does the very process run that was started with this pid file?"""
    pid, _, birth = pid_file.read_text().partition("\n") if pid_file.exists() else ("", "", "")
    return pid.isdigit() and birth != "" and _is_still(int(pid), birth)


def _is_still(pid: int, birth: str) -> bool:
    return born(pid) == birth


def _has_members(group: int) -> bool:
    """Does any process of the group run? Those that ended and that nobody has waited for yet do not count."""
    if Path("/proc/self/stat").exists():
        found = (_stat(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal())
        states = [(fields[2], fields[0]) for fields in found if fields]
    else:
        listed = subprocess.run(["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True).stdout.splitlines()
        states = [(pgid, state) for pgid, state in map(str.split, listed)]
    return any(pgid == str(group) and not state.startswith("Z") for pgid, state in states)


def _end_group(pid: int, *, patience: float, is_alive: Callable[[], bool]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(pid, sign)
        except (ProcessLookupError, PermissionError):  # gone, or by now somebody else's
            return
        deadline = time.monotonic() + patience
        while is_alive() and time.monotonic() < deadline:
            time.sleep(0.05)
        if not is_alive():
            return


def command_of(pid: int) -> str:
    """What a pid runs, with its arguments, or "" when there is none."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ").strip()
        except (FileNotFoundError, ProcessLookupError):
            return ""
    return subprocess.run(["ps", "-p", str(pid), "-o", "args="], capture_output=True, text=True).stdout.strip()


def born(pid: int) -> str:
    """When the process started, "" once it ended: a pid alone may have been given to another program since."""
    if not Path("/proc/self/stat").exists():
        return subprocess.run(["ps", "-p", str(pid), "-o", "lstart="], capture_output=True, text=True).stdout.strip()
    fields = _stat(pid)
    return "" if not fields or fields[0] == "Z" else fields[19]


def _stat(pid: int | str) -> list[str]:
    """State, parent, group and so on, as /proc has them; empty once the process is gone."""
    try:
        # "pid (name) state ppid …": the name may hold spaces and brackets, so count from its end.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
