"""Which of our languages a text is written in: `language_of(text)`, by py3langid limited to them."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl")
SHORTEST = 12  # letters
SURE = 0.7
TEXT_LIMIT = 2_000


def language_of(text: str) -> str:
    """
    >>> language_of("Vielen Dank für Ihre Nachricht, wir melden uns."), language_of("OK")
    ('de', '')
    """
    text = text[:TEXT_LIMIT]
    if sum(letter.isalpha() for letter in text) < SHORTEST:
        return ""
    language, probability = _identifier().classify(text)
    return str(language) if probability >= SURE else ""


@cache
def _identifier() -> Any:
    """Loaded when first asked: it brings numpy, and most processes read no mail."""
    langid = import_module("py3langid.langid")
    identifier = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier
