"""HTML mail as plain text, with what mail clients only say in markup said as text does.

A quoted mail becomes lines that begin with "> ", a signature follows a line "-- ", a rule is a row of underscores: so that
one reading of text (visible.py) serves both. The markup is put in order by nh3 first, which is why the parser after it
never meets anything broken.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

import nh3

from automation.mail.limits import HTML_LIMIT, is_hostile

RULE = "_" * 32
BLOCKS = {"address", "article", "aside", "center", "dd", "div", "dl", "dt", "footer", "form", "h1", "h2", "h3", "h4", "h5",
    "h6", "header", "li", "main", "ol", "p", "pre", "section", "table", "tr", "ul", "blockquote"}  # fmt: skip
APART = {"p", "h1", "h2", "h3", "h4", "h5", "h6"}  # a blank line around them
VOID = {"br", "hr"}
KEPT = BLOCKS | VOID | {"span", "td", "th", "a", "font", "b", "i"}
DROPPED = {"script", "style", "title", "template", "noscript", "textarea", "svg", "math", "select"}
# Containers of an older mail, by class or id, with Outlook's habit of putting x_ before them. Gmail's is not among them:
# answers between the lines stand in it too, so that its blockquotes are what counts.
QUOTES = re.compile(r"(?:^|\s)(?:x_)*(?:yahoo_quoted|hey_quote|js-helper-quote|OLK_SRC_BODY_SECTION)(?:\s|_|$)", re.I)
# From here to the end all is older.
REST = re.compile(
    r"(?:^|\s)(?:x_)*(?:divRplyFwdMsg|appendonsend|mail-editor-reference-message-container)(?:\s|$)", re.I
)
SIGNATURE = re.compile(r"signature(?!_prefix)(?!-separator)", re.I)
INDENT = re.compile(r"border:\s*(?:none|0)", re.I)  # how Gmail indents: a blockquote that quotes nobody
DATA = re.compile(r"""(["'])data:[^"']*\1""", re.I)
MOST_QUOTES = 9
OUTLOOK_RULE = re.compile(
    r"border-top:\s*(?:solid\s+(?:#[0-9a-f]{6}|windowtext)|(?:#[0-9a-f]{6}|windowtext)\s+1)", re.I
)
HIDDEN = re.compile(r"display:\s*none|mso-hide:\s*all|font-size:\s*0(?:px|pt)?\s*(?:;|$)|max-height:\s*0", re.I)
SPACES = re.compile(r"[ \t\r\n\f]+")


def text_of_html(html: str) -> str:
    """
    >>> print(text_of_html("<div>Yes.<br></div><blockquote>Shall <b>we</b>?</blockquote>"))
    Yes.
    > Shall we?
    """
    html = DATA.sub('""', html)[:HTML_LIMIT]
    if is_hostile(html):
        return re.sub(r"[ \t\xa0]+", " ", re.sub(r"<[^<>]*>", " ", html)).strip()
    ordered = nh3.clean(
        html, tags=KEPT, clean_content_tags=DROPPED, attributes={"*": {"class", "id", "style", "type"}}, link_rel=None
    )
    writer = _Writer()
    writer.feed(ordered)
    writer.close()
    return writer.text()


class _Writer(HTMLParser):
    """Well-formed markup to lines: each open tag is on the stack with how many levels of quote it added."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.line: list[str] = []
        self.stack: list[tuple[bool, bool]] = []
        self.quotes = 0
        self.hidden = 0
        self.pre = 0
        self.blank_due = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._end_line(always=True)
            return
        if tag == "hr":
            self._mark(RULE)
            return
        said = {name: value or "" for name, value in attrs}
        names, style = f"{said.get('class', '')} {said.get('id', '')}", said.get("style", "")
        plain = "Mso" in names  # Outlook's paragraphs are lines
        if tag in BLOCKS:
            self._end_line(apart=tag in APART and not plain)
        self.hidden += (hidden := bool(HIDDEN.search(style)))
        self.pre += tag == "pre"
        quoted = bool(QUOTES.search(names)) or (
            tag == "blockquote" and (bool(names.strip()) or not INDENT.search(style))
        )
        if REST.search(names):
            self._end_line()
            self.quotes += not self.quotes  # and is never taken back
        elif OUTLOOK_RULE.search(style) and not self.hidden:
            self._mark(RULE)
        elif SIGNATURE.search(names) and not self.quotes:
            self._mark("-- ")
        self.quotes += quoted
        self.stack.append((quoted, hidden))
        if tag == "li":
            self.line.append("- ")
        elif tag in {"td", "th"} and self.line:
            self.line.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID or not self.stack:
            return
        quoted, hidden = self.stack.pop()
        if tag in BLOCKS:
            self._end_line()
        self.quotes -= quoted
        self.hidden -= hidden
        self.pre -= tag == "pre"

    def handle_data(self, data: str) -> None:
        if self.hidden:
            return
        if self.pre:
            first, *more = data.split("\n")
            self.line.append(first)
            for line in more:
                self._end_line(always=True)
                self.line.append(line)
            return
        self.line.append(SPACES.sub(" ", data))

    def _mark(self, line: str) -> None:
        self._end_line()
        self.lines.append(self._prefix() + line)

    def _end_line(self, *, always: bool = False, apart: bool = False) -> None:
        raw = "".join(self.line)
        said = raw.replace("\xa0", " ")
        said = said.rstrip() if self.pre else SPACES.sub(" ", said).strip()
        self.line = []
        if said or always or "\xa0" in raw:  # a paragraph of one hard space is a blank line
            self.lines.append(self._prefix() + said)
        if apart and self.lines and self.lines[-1].strip("> "):
            self.lines.append(self._prefix().rstrip())

    def _prefix(self) -> str:
        return "> " * min(self.quotes, MOST_QUOTES)

    def text(self) -> str:
        self._end_line()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self.lines)).strip("\n")
