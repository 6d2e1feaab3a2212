"""What a workspace's own people taught: a model beside the shipped one, for this workspace alone.

It is made of the shipped sentences and of this workspace's corrections (`train_intent --workspace`), and kept with its
private files: words of its mails never reach another workspace.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from automation.intents import Judgement
from automation.wording.model import Classifier, loaded, shipped


def own_file(workspace_id: int) -> Path:
    return Path(settings.MEDIA_ROOT) / "intents" / f"{workspace_id}.json"


def classifier_of(workspace_id: int) -> Classifier:
    """The workspace's own, where one was trained; else the shipped one."""
    file = own_file(workspace_id)
    try:
        return _kept(str(file), file.stat().st_mtime_ns)
    except (OSError, ValueError, LookupError):  # none was made, or what stands there is no model
        return shipped()


def judge_for(workspace_id: int, text: str, language: str = "") -> Judgement:
    return classifier_of(workspace_id).judge(text, language)


@lru_cache(maxsize=16)
def _kept(file: str, _changed: int) -> Classifier:
    return loaded(Path(file))
