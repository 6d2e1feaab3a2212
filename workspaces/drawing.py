"""Parts of a page that are drawn from their template once and used many times.

The template engine takes half of a page's time, most of it for looking up the same few names hundreds of times. What a
page repeats is therefore drawn once per process: a component of a few values (`drawn`) as it is, the row of a list or
the card of a board (`filled`) with slots in the place of its values.
"""

from __future__ import annotations

import functools
import html
from collections.abc import Callable, Iterable, Mapping

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils.safestring import SafeString

from workspaces.mounting import mounted, root_prefix

# Of Unicode's private use, so in no template: where the value of a name goes.
OPEN, CLOSE = "\ue000", "\ue001"
# Where URLs begin while a template is drawn; nothing is mounted there.
ROOT, MOUNT = "/~/", "/~/w/-/"


def kept(number: int) -> Callable:
    """Of a process's results, this many; none while templates are being written (DEBUG)."""
    return functools.lru_cache(maxsize=0 if settings.DEBUG else number)


@kept(4096)
def drawn(template: str, *values: tuple[str, str]) -> str:
    """A component of a few plain strings: an icon, an avatar, a link of the frame."""
    return render_to_string(template, dict(values))


def filled(
    template: str, rows: Iterable[Mapping[str, str]], columns: tuple = (), here: tuple[str, ...] = ()
) -> SafeString:
    """The template once per row, the rows being {name: text}; `columns` and `here` (hashable) it gets as they are. The
    template may print a name and ask whether it is empty, no more: no filter, no comparison, for it sees a slot and not the
    text. What is not a SafeString is escaped. URLs lead to pages of the workspace that is mounted now, and outside of it."""
    pieces = []
    ends = {"mount": get_script_prefix(), "root": root_prefix()}
    for row in rows:
        shape = slotted(template, tuple(row), tuple(map(bool, row.values())), columns, here)
        texts = {name: text if type(text) is SafeString else html.escape(text) for name, text in row.items()}
        pieces.append(shape % (texts | ends))
    return SafeString("".join(pieces))


@kept(1024)
def slotted(
    template: str, names: tuple[str, ...], given: tuple[bool, ...], columns: tuple = (), here: tuple[str, ...] = ()
) -> str:
    """The template as a format string, for rows of which these names are `given` and the others empty."""
    slots = {name: f"{OPEN}{name}{CLOSE}" if there else "" for name, there in zip(names, given, strict=True)}
    with mounted(MOUNT):
        text = render_to_string(template, slots | {"columns": columns, "here": here}).replace("%", "%%")
    text = text.replace(MOUNT, f"{OPEN}mount{CLOSE}").replace(ROOT, f"{OPEN}root{CLOSE}")
    return text.replace(OPEN, "%(").replace(CLOSE, ")s")
