"""Secrets that must be used again, such as the password of a mailbox: sealed in the database, written and never shown.

AES-GCM with the place of the value (table, column, row, workspace) as additional data: what is copied into another row
does not open. The first of settings.SECRETS_KEYS seals, all of them open (docs/operations.md).
"""

from __future__ import annotations

import base64
import hashlib
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models

from workspaces.action import Refused

NONCE = 12  # bytes


class SealedField(models.TextField):
    """What `seal` made, "" for nothing. No form shows it; a model that is tracked leaves it out (workspaces.E004)."""

    def __init__(self, **kwargs: Any):
        for name, value in {"blank": True, "default": "", "editable": False}.items():
            kwargs.setdefault(name, value)
        super().__init__(**kwargs)


class Unreadable(Exception):
    """Sealed by a key that is no longer there, or for another place."""


def seal(row: models.Model, column: str, text: str) -> str:
    """`text` for this column of this row, which must be saved already: its id is part of the seal."""
    if not text:
        return ""
    if not settings.SECRETS_KEYS:
        raise Refused("This installation keeps no passwords yet: whoever runs it sets SECRETS_KEYS first.")
    key = _key(settings.SECRETS_KEYS[0])
    nonce = os.urandom(NONCE)
    sealed = nonce + AESGCM(key).encrypt(nonce, text.encode(), _place(row, column))
    return f"{_name(key)}:{base64.urlsafe_b64encode(sealed).decode()}"


def unseal(row: models.Model, column: str) -> str:
    name, _, text = getattr(row, column).partition(":")
    if not text:
        return ""
    key = next((key for key in map(_key, settings.SECRETS_KEYS) if _name(key) == name), None)
    if key is None:
        raise Unreadable("The key that it was sealed with is not among SECRETS_KEYS.")
    sealed = base64.urlsafe_b64decode(text)
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], _place(row, column)).decode()
    except InvalidTag:
        raise Unreadable("It was sealed for another place.") from None


def is_newest(sealed: str) -> bool:
    """Whether the first key sealed it, so that the others may go."""
    return not sealed or sealed.partition(":")[0] == _name(_key(settings.SECRETS_KEYS[0]))


def sealed_columns(model: type[models.Model]) -> list[str]:
    return [field.name for field in model._meta.local_fields if isinstance(field, SealedField)]


def _place(row: models.Model, column: str) -> bytes:
    if row.pk is None:
        raise ValueError("The row must be saved before something is sealed for it.")
    return f"{row._meta.db_table}:{column}:{row.pk}:{row.workspace_id}".encode()  # type: ignore[attr-defined]


def _key(text: str) -> bytes:
    return hashlib.sha256(b"dealwright secrets\0" + text.encode()).digest()


def _name(key: bytes) -> str:
    """Tells keys apart, and nothing about them."""
    return hashlib.sha256(key).hexdigest()[:8]
