"""Bytes -> rows: delimited text of any encoding, delimiter and line end, read as a stream (no ORM).

A file is never held in memory: `look` runs over the bytes once, `Table.rows` over the lines as often as it is asked.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TextIO
from unicodedata import category

from charset_normalizer import from_bytes

from workspaces.action import Refused

DELIMITERS = ",;\t|"
BLOCK = 1 << 20
# Lines and fields beyond these are no data but a file gone wrong; csv's own limit for a field is 131,072.
LINE_LIMIT = 1 << 20
SAMPLE = 1 << 14
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What a file of another kind begins with, and what it is then.
OTHER_FILES = (
    (re.compile(rb"PK(?:\x03\x04|\x05\x06|\x07\x08)"), "zip"),
    (re.compile(rb"\xd0\xcf\x11\xe0"), "an old Excel workbook or Word document; save it as CSV first"),
    (re.compile(rb"\x1f\x8b|BZh[1-9]|\xfd7zXZ\0|7z\xbc\xaf|Rar!\x1a"), "a packed file (gzip, 7z, rar …); unpack it first"),
    (re.compile(rb"%PDF"), "a PDF"),
    (re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8[79]a|II\*\0|MM\0\*|BM.{4}\0{4}|RIFF.{4}WEBP|.{4}ftyp(?:heic|avif|mif1)|\s*<svg", re.S), "a picture"),
    (re.compile(rb"{\\rtf"), "a text document; save it as CSV first"),
    (re.compile(rb"\s*<(?:!doctype html|html)", re.I), "a web page; save the table as CSV first"),
    (re.compile(rb"\s*<\?xml"), "an XML file; save the table as CSV first"),
    (re.compile(rb"SQLite format 3\0"), "a database; write the table out as CSV first"),
)  # fmt: skip
# A zip file names what is in it; these stand in the office's formats.
ZIPPED = (
    (re.compile(rb"PK\x03\x04.{26}xl/", re.S), "an Excel workbook; save it as CSV first"),
    (re.compile(rb"opendocument\.spreadsheet"), "a LibreOffice spreadsheet; save it as CSV first"),
    (re.compile(rb"PK\x03\x04.{26}word/", re.S), "a Word document; save its table as CSV first"),
)
CONTROL = bytes(set(range(32)) - set(b"\0\t\n\v\f\r\x1a\x1b"))


class Raw(NamedTuple):
    """One row as the file has it. `line` is the file's line where it begins, the first being 1.

    `error` says why the row cannot be used, `warning` what was made good; both may be "".
    """

    line: int
    cells: list[str]
    error: str = ""
    warning: str = ""


@dataclass(frozen=True)
class Table:
    """A file that was looked at. `headers` are unique and not empty."""

    path: Path
    encoding: str
    delimiter: str
    headers: tuple[str, ...]

    def rows(self) -> Iterator[Raw]:
        """The rows below the header, without empty ones; cells are trimmed, as many as there are headers."""
        with _open(self.path, self.encoding) as file:
            records = _records(_Lines(file), self.delimiter)
            _skip_to_header(records)
            for raw in records:
                if any(raw.cells) or raw.error:
                    yield self._fitted(raw)

    def _fitted(self, raw: Raw) -> Raw:
        line, cells, error, warning = raw
        width, found = len(self.headers), len(cells)
        cells = [cell.strip() for cell in cells]
        if found == width or error:
            return Raw(line, cells[:width], error, warning)
        if found > width:
            surplus = any(cells[width:])
            return Raw(line, cells[:width], f"{found} cells, but the header has {width}" if surplus else "", warning)
        cells += [""] * (width - found)
        return Raw(line, cells, "", f"only {found} of {width} cells; the others were taken as empty")


def look(path: Path) -> Table:
    """What kind of file it is. Raises Refused, with words for people, when it is no table."""
    try:
        encoding = _encoding(path)
        with _open(path, encoding) as file:
            delimiter = _delimiter(file)
        with _open(path, encoding) as file:
            header = _skip_to_header(_records(_Lines(file), delimiter))
    except FileNotFoundError:
        raise Refused(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise Refused(f"{path} is a folder, not a file.") from None
    except PermissionError:
        raise Refused(f"{path} may not be read.") from None
    if header is None:
        raise Refused(f"{path} is empty.")
    return Table(path, encoding, delimiter, _unique(header))


def _open(path: Path, encoding: str) -> TextIO:
    return path.open(encoding=encoding, errors="replace", newline="")


def _unique(header: list[str]) -> tuple[str, ...]:
    """Every column gets a name: blank ones their number, repeated ones a count."""
    names: list[str] = []
    seen: dict[str, int] = {}
    for number, cell in enumerate(header, 1):
        name = " ".join(cell.split()) or f"Column {number}"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(names)


# --- encoding -----------------------------------------------------------------------------------


def _encoding(path: Path) -> str:
    """By its mark, else UTF-8 if all of the file is, else the likeliest by the lines that are not ASCII."""
    with path.open("rb") as file:
        start = file.read(BLOCK)
        for bom, encoding in BOMS:
            if start.startswith(bom):
                return encoding
        _check_kind(path, start)
        if wide := _wide(start[:4096]):
            return wide
        _check_text(path, start)
        decoder = codecs.getincrementaldecoder("utf-8")()
        is_utf8, sample, block = True, b"", start
        while block:
            if not block.isascii() and len(sample) < SAMPLE:
                lines = b"\n".join(line for line in block.splitlines() if not line.isascii())
                sample += lines[: SAMPLE - len(sample)]
            block, is_utf8 = _next(file, block, decoder) if is_utf8 else (b"", False)
    return "utf-8" if is_utf8 else _legacy(sample)


def _next(file, block: bytes, decoder: codecs.IncrementalDecoder) -> tuple[bytes, bool]:
    """The following block, and whether all up to here is UTF-8."""
    following = file.read(BLOCK)
    try:
        decoder.decode(block, final=not following)
    except UnicodeDecodeError:
        return b"", False
    return following, True


def _wide(start: bytes) -> str:
    """UTF-16 without its mark shows by the zero bytes of ASCII characters."""
    half = len(start) // 2
    if half and start[0::2].count(0) > half * 0.4:
        return "utf-16-be"
    return "utf-16-le" if half and start[1::2].count(0) > half * 0.4 else ""


def _check_kind(path: Path, start: bytes) -> None:
    what = next((what for magic, what in OTHER_FILES if magic.match(start)), "")
    if what == "zip":
        what = next((kind for name, kind in ZIPPED if name.search(start)), "a zip file; unpack it first")
    if what:
        raise Refused(f"{path} is {what}.")


def _check_text(path: Path, start: bytes) -> None:
    control = len(start) - len(start.translate(None, CONTROL))
    if control > len(start) / 200 or start.count(0) > len(start) / 10:
        raise Refused(f"{path} is not a text file.")


def _legacy(sample: bytes) -> str:
    """The likeliest of the encodings before Unicode. What could be several is taken as Western European if it reads so:
    few letters tell charset-normalizer little, and it takes "José" for UTF-16."""
    fits = _reads_western(sample.decode("cp1252", "replace"))
    found = [match for match in from_bytes(sample) if not match.encoding.startswith("utf")]
    found = [match for match in found if fits or match.encoding not in WESTERN]
    if not found:
        return "cp1252"
    best = min((match.chaos, -match.coherence) for match in found)
    likely = [match for match in found if (match.chaos, -match.coherence) == best]
    names = {name for match in likely for name in (match.encoding, *match.could_be_from_charset)}
    is_short = len(sample) - len(sample.translate(None, bytes(range(128, 256)))) < 8
    return "cp1252" if fits and (is_short or names & WESTERN) else likely[0].encoding


WESTERN = frozenset(("cp1252", "latin_1", "iso8859_15"))


def _reads_western(text: str) -> bool:
    """No signs within words (£ódŸ), no strings of accented letters (Èâàí)."""
    kinds = "".join("s" if category(c)[0] in "SN" and c > "\x7f" else "l" if c.isalpha() else " " for c in text)
    accents = "".join("a" if c.isalpha() and c > "\x7f" else " " for c in text)
    return "sl" not in kinds and "ls" not in kinds and "aaa" not in accents


# --- delimiter ----------------------------------------------------------------------------------


def _delimiter(file: TextIO) -> str:
    """The Sniffer's, if it splits the header; else the candidate that splits most of the sample like the header."""
    sample = [line for line in file.read(SAMPLE).replace("\0", "").splitlines(keepends=True) if line.strip()][:50]
    if not sample:
        return ","
    if sample[0][:4].lower() == "sep=" and len(sample[0].strip()) == 5:
        return sample[0][4]
    try:
        sniffed = csv.Sniffer().sniff("".join(sample[:20]), DELIMITERS).delimiter
    except csv.Error:
        sniffed = ""
    scores = {delimiter: _score(sample, delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: scores[delimiter])
    return sniffed if sniffed and scores[sniffed] >= scores[best] else best


def _score(sample: list[str], delimiter: str) -> tuple[float, int]:
    """(share of rows that are as wide as the header, the header's width); nothing for a single column."""
    try:
        widths = [len(cells) for cells in csv.reader(sample, delimiter=delimiter, skipinitialspace=True) if cells]
    except csv.Error:
        return 0.0, 0
    if not widths or widths[0] < 2:
        return 0.0, 0
    return round(widths.count(widths[0]) / len(widths), 1), widths[0]


# --- lines and records --------------------------------------------------------------------------


class _Lines:
    """The lines of a file, one at a time, of bounded length; those of the present record can be given back."""

    def __init__(self, file: TextIO):
        # ended: the present row asked for a line beyond the last one, so it ends inside quotes.
        self.file, self.number, self.ended = file, 0, False
        self.taken: list[str] = []
        self.given_back: deque[str] = deque()
        self.cut = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.given_back.popleft() if self.given_back else self.file.readline(LINE_LIMIT)
        if not line:
            self.ended = True
            raise StopIteration
        if "\0" in line:
            line = line.replace("\0", "")
        if len(line) >= LINE_LIMIT and line[-1] not in "\r\n":
            self.cut = True
            while (rest := self.file.readline(LINE_LIMIT)) and rest[-1] not in "\r\n":
                pass
        self.number += 1
        self.taken.append(line)
        return line

    def give_back(self) -> None:
        """All lines of the present record but its first."""
        self.given_back.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1
        self.ended = False


def _records(lines: _Lines, delimiter: str) -> Iterator[Raw]:
    """Rows as csv splits them. A quote that is never closed spoils its own row only: what it swallowed is read again."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    while True:
        line, error, cells = lines.number + 1, "", []
        lines.taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            error = str(problem)
        if error or (len(lines.taken) > 1 and (lines.ended or not _is_strict(lines.taken, delimiter))):
            if len(lines.taken) > 1:
                error = "a quote is opened in this row and not closed"
                cells = next(csv.reader(lines.taken[:1], delimiter=delimiter, quoting=csv.QUOTE_NONE))
            lines.give_back()
            reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        elif lines.cut:
            error = f"longer than {LINE_LIMIT:,} characters"
        lines.cut = False
        yield Raw(line, cells, error)


def _is_strict(lines: list[str], delimiter: str) -> bool:
    """Do its quotes stand where they belong? One row of a quote too many reads on to the next row that has one."""
    try:
        return len(list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True))) == 1
    except csv.Error:
        return False


def _skip_to_header(records: Iterator[Raw]) -> list[str] | None:
    """The first row that is not blank, nor Excel's note of the delimiter; None for none."""
    for raw in records:
        if any(cell.strip() for cell in raw.cells) and not _is_note(raw):
            return [cell.lstrip("\ufeff") for cell in raw.cells]
    return None


def _is_note(raw: Raw) -> bool:
    first = raw.cells[0].strip().lower()
    return raw.line == 1 and first.startswith("sep=") and len(first) <= 5 and not any(raw.cells[1:])
