"""What a workspace's own people taught: a model beside the shipped one, for this workspace alone.

It is made of the shipped sentences and of this workspace's corrections (`train_intent`, by itself once a week where there are
enough new ones), and kept with its private files: words of its mails never reach another workspace.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from automation.intents import Judgement
from automation.wording.model import Classifier, shipped, version_of

LEAST = 20  # corrections since the last time, before it is worth while to learn again


@dataclass(frozen=True)
class Learnt:
    """When a workspace's corrections were last learnt from, beside which version of ours, how many there were, and whether
    what came of it was kept."""

    at: datetime
    beside: str
    corrections: int
    is_kept: bool

    @property
    def is_of_old(self) -> bool:
        return self.beside != shipped().version


def own_file(workspace_id: int) -> Path:
    return Path(settings.MEDIA_ROOT) / "intents" / f"{workspace_id}.json"


def classifier_of(workspace_id: int) -> Classifier:
    """The workspace's own, where one was trained beside the one that ships now; else that one."""
    file = own_file(workspace_id)
    try:
        return _kept(str(file), file.stat().st_mtime_ns)
    except (OSError, ValueError, LookupError):  # none was made, or what stands there is no model
        return shipped()


def judge_for(workspace_id: int, text: str, language: str = "") -> Judgement:
    return classifier_of(workspace_id).judge(text, language)


@lru_cache(maxsize=16)
def _kept(file: str, _changed: int) -> Classifier:
    content = Path(file).read_bytes()
    model = json.loads(content)
    return Classifier(model, version_of(content)) if model["beside"] == shipped().version else shipped()


def learnt(workspace_id: int) -> Learnt | None:
    try:
        said = json.loads(_note(workspace_id).read_text("utf-8"))
        return Learnt(
            datetime.fromisoformat(said["at"]), str(said["beside"]), int(said["corrections"]), bool(said["is_kept"])
        )
    except (OSError, ValueError, LookupError, TypeError):  # never yet
        return None


def is_due(workspace_id: int, corrections: int) -> bool:
    """Enough of them are new: after an upgrade all are."""
    last = learnt(workspace_id)
    return corrections >= (last.corrections if last and not last.is_of_old else 0) + LEAST


def keep(workspace_id: int, model: bytes, corrections: int, *, is_worse: bool) -> None:
    """The model judges from now on, unless it is worse; either way this was the last time."""
    beside = shipped().version
    if not is_worse:
        write(own_file(workspace_id), json.dumps(json.loads(model) | {"beside": beside}, ensure_ascii=False).encode())
    said = asdict(Learnt(timezone.now(), beside, corrections, not is_worse))
    write(_note(workspace_id), json.dumps(said, default=str).encode())


def write(file: Path, content: bytes) -> None:
    """Whoever reads at this moment finds the old one, or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    written = file.with_name(f"{file.name}.{secrets.token_hex(8)}.new")
    try:
        written.write_bytes(content)
        written.replace(file)
    finally:
        written.unlink(missing_ok=True)


def _note(workspace_id: int) -> Path:
    return own_file(workspace_id).with_suffix(".learnt")
