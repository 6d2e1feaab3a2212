"""Reading pages in tests: a tree of elements, found by tag, class and attribute."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

from django.http import HttpResponse

VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
        "use",
        "circle",
        "rect",
        "path",
    ]
)
# What our JavaScript sends with every request: the answer is a fragment.
SCRIPT = {"X-Client-Id": "tab-1"}


class Element:
    def __init__(self, tag: str, attributes: dict[str, str]):
        self.tag, self.attributes = tag, attributes
        self.inside: list[Element | str] = []

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    def get(self, name: str, default: str | None = None) -> str | None:
        return self.attributes.get(name, default)

    def walk(self) -> Iterator[Element]:
        for child in self.inside:
            if isinstance(child, Element):
                yield child
                yield from child.walk()

    def all(self, tag: str = "", css: str = "", **attributes: str | None) -> list[Element]:
        """Descendants of that tag and class; data_stage="7" is the attribute data-stage, None means it is there at all."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            found
            for found in self.walk()
            if tag in ("", found.tag)
            and (not css or css in (found.get("class") or "").split())
            and all(
                name in found.attributes and value in (None, found.attributes[name]) for name, value in wanted.items()
            )
        ]

    def one(self, tag: str = "", css: str = "", **attributes: str | None) -> Element:
        [found] = self.all(tag, css, **attributes)
        return found

    @property
    def text(self) -> str:
        """What a reader sees, with single spaces."""
        words = (child if isinstance(child, str) else child.text for child in self.inside)
        return " ".join(" ".join(words).split())

    @property
    def fields(self) -> dict[str, str]:
        """Of a form: what a browser would send, without a button."""
        data = {}
        for field in self.walk():
            name, kind = field.get("name"), field.get("type")
            if not name or field.tag == "button":
                continue
            if field.tag == "select":
                data[name] = next((o.get("value", "") for o in field.all("option") if "selected" in o.attributes), "")
            elif field.tag == "textarea":
                data[name] = field.text
            elif kind not in ("checkbox", "radio"):
                data[name] = field.get("value") or ""
            elif "checked" in field.attributes:
                data[name] = field.get("value", "on")
        return data


class Reader(HTMLParser):
    def __init__(self, html: str):
        super().__init__()
        self.open = [Element("", {})]
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].inside.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].inside.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        # An end tag that was left out (</p>, </li>) ends with its parent.
        for depth in range(len(self.open) - 1, 0, -1):
            if self.open[depth].tag == tag:
                del self.open[depth:]
                return

    def handle_data(self, data: str) -> None:
        self.open[-1].inside.append(data)


def read(response: HttpResponse) -> Element:
    return Reader(response.content.decode()).open[0]
