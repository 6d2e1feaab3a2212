"""Who is named in a text: "@" and a member's name, first name or address (pure)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# Not within a word, so that an address like ida@bright.test names nobody.
AT = re.compile(r"(?<![\w.+@-])@")
WORD = re.compile(r"\w*")


@dataclass
class Handles:
    """By what members can be named; two of one name can only be told apart by their addresses."""

    whole: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    first: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    # How long the names are that begin with a word, the longest first: nothing else is looked for after an "@".
    lengths: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, people: Iterable[tuple[int, str, str]], known: Mapping[str, int] | None = None) -> Handles:
        """`people` are (user id, name, email); `known` are texts that stand for a user already, whatever they are
        called today."""
        handles = cls()
        for pk, name, email in people:
            for text in (name, email):
                handles.whole[lower(text)].add(pk)
            handles.first[lower(name.split(" ")[0])].add(pk)
        for text, pk in (known or {}).items():
            handles.whole[lower(text)] = {pk}
        lengths = defaultdict(set)
        for text in (*handles.whole, *handles.first):
            lengths[word_at(text, 0)].add(len(text))
        handles.lengths = {word: sorted(found, reverse=True) for word, found in lengths.items()}
        return handles

    def at(self, text: str, start: int) -> tuple[int, frozenset[int]]:
        """(length, user ids) of the longest name that stands there; (0, nobody) for none."""
        for length in self.lengths.get(word_at(text, start), ()):
            end = start + length
            if end > len(text) or WORD.match(text, end).end() > end:  # type: ignore[union-attr]
                continue
            found = self.whole.get(text[start:end]) or self.first.get(text[start:end])
            if found and length:
                return length, frozenset(found)
        return 0, frozenset()


def word_at(text: str, start: int) -> str:
    """The letters that stand there; "" for none."""
    return WORD.match(text, start).group()  # type: ignore[union-attr]


def lower(text: str) -> str:
    """As long as it was: some letters have two small ones."""
    return "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)


def named(body: str, handles: Handles) -> Iterator[tuple[int, int, frozenset[int]]]:
    """(start, end, user ids) of each name, without its "@". More than one id: nobody can tell who is meant."""
    text, end = lower(body), 0
    for found in AT.finditer(text):
        if found.end() < end:
            continue
        length, ids = handles.at(text, found.end())
        if ids:
            end = found.end() + length
            yield found.end(), end, ids


def parts(body: str, mentions: Iterable[Any]) -> list[tuple[str, Any]]:
    """The body cut into (text, None) and (name as it is today, user), for rows with `text`, `user_id` and `user`."""
    rows = {row.user_id: row for row in mentions}
    handles = Handles.of((), {row.text: row.user_id for row in rows.values()})
    found, end = [], 0
    for start, stop, ids in named(body, handles):
        [pk] = ids
        found += [(body[end : start - 1], None), (str(rows[pk].user), rows[pk].user)]
        end = stop
    found.append((body[end:], None))
    return [(text, user) for text, user in found if text]
