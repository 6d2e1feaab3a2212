"""Small files under --data: secrets, state, locks."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECRETS = ("secret_key", "postgres", "crm_app", "crm_owner", "valkey")


def load_secrets(data: Path) -> dict[str, str]:
    """The passwords and the SECRET_KEY of this data folder, made on the first start."""
    path = data / "secrets.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    missing = [name for name in SECRETS if name not in known]
    if missing:
        known |= {name: secrets.token_urlsafe(40) for name in missing}
        write_private(path, json.dumps(known, indent=1))
    return known


def write_private(path: Path, text: str) -> None:
    temporary = path.with_suffix(".new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    temporary.replace(path)


def private_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


class State:
    """What was done already for this data folder: {step: fingerprint}."""

    def __init__(self, data: Path):
        self.path = data / "state.json"
        self.done: dict[str, str] = json.loads(self.path.read_text()) if self.path.exists() else {}

    def is_done(self, step: str, fingerprint: str) -> bool:
        return self.done.get(step) == fingerprint

    def mark(self, step: str, fingerprint: str) -> None:
        self.done[step] = fingerprint
        write_private(self.path, json.dumps(self.done, indent=1))


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold a file lock; the kernel lets go of it even after SIGKILL."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


@contextmanager
def lock_if_free(path: Path) -> Iterator[bool]:
    """True while the lock is ours alone, False when somebody else holds it."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
