"""Real files made by others, beside the checkout; a test that needs them is skipped where they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared(name: str) -> Path:
    """The path of a file or folder of the real data."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the real data {name} is not here")
    return path


def shared_files(folder: str, pattern: str = "*.csv") -> list:
    """Files to parametrize a test with; one skipped parameter where there are none."""
    found = sorted((SHARED / folder).glob(pattern))
    missing = pytest.param(None, marks=pytest.mark.skip(reason=f"the real data {folder} is not here"))
    return [pytest.param(path, id=path.stem) for path in found] or [missing]
