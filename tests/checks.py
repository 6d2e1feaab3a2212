"""`./run check`: everything about the code that can be said without running it. Each check prints its name; all run."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

BIN = Path(sys.executable).parent
TEMPLATES = sorted(str(path) for path in Path("templates").rglob("*.html"))
MANAGE = [sys.executable, "-W", "ignore", "manage.py"]
PRODUCTION = {
    "CRM_ENV": "production",
    "SITE_URL": "https://crm.example",
    "ALLOWED_HOSTS": "crm.example",
    "SECRET_KEY": "only-for-this-check-" + "x" * 50,
    "HSTS_WHOLE_DOMAIN": "1",
}
CHECKS: dict[str, tuple[list[str], dict[str, str]]] = {
    "ruff": ([str(BIN / "ruff"), "check", "."], {}),
    "format": ([str(BIN / "ruff"), "format", "--check", "."], {}),
    "types": ([str(BIN / "mypy")], {}),
    "floors": ([str(BIN / "lint-imports")], {}),
    "templates": ([str(BIN / "djade"), "--check", "--target-version", "5.2", *TEMPLATES], {}),
    "migrations": ([*MANAGE, "makemigrations", "--check", "--dry-run"], {}),
    "deployment": ([*MANAGE, "check", "--deploy", "--fail-level", "WARNING", "--database", "default"], PRODUCTION),
}


def main() -> int:
    wanted = sys.argv[1:] or list(CHECKS)
    failed = [name for name in wanted if not passes(name)]
    print(f"failed: {', '.join(failed)}" if failed else "all checks pass")
    return 1 if failed else 0


def passes(name: str) -> bool:
    command, environment = CHECKS[name]
    start = time.monotonic()
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)
    print(f"{'ok    ' if done.returncode == 0 else 'FAILED'} {name} ({time.monotonic() - start:.1f} s)", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
