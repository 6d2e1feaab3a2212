"""Bytes -> rows: encodings, delimiters, line ends, and files gone wrong."""

import csv
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.csv_file import LINE_LIMIT, look
from tests.shared_data import shared, shared_files
from workspaces.action import Refused

GERMAN = "Name;Stadt\nMüller & Söhne GmbH;Köln\nBäckerei Groß;Düsseldorf\nPreis in €;Zürich\n"


@pytest.fixture
def table(tmp_path):
    def make(content: str | bytes, encoding: str = "utf-8"):
        path = tmp_path / "file.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return look(path)

    return make


def cells(table) -> list[list[str]]:
    return [raw.cells for raw in table.rows()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_encodings(table, encoding):
    found = table(GERMAN, encoding)
    assert found.headers == ("Name", "Stadt")
    assert cells(found)[0] == ["Müller & Söhne GmbH", "Köln"] and cells(found)[2] == ["Preis in €", "Zürich"]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1250", "Nazwa;Miasto\nŁódzka Spółka Akcyjna;Łódź\nŻabka Polska;Poznań\nPrzedsiębiorstwo Usługowe;Gdańsk\n"),
        ("cp1251", "Имя;Город\nИван Петров;Москва\nОбщество Ромашка;Санкт-Петербург\n"),
        ("shift_jis", "名前,会社\n田中太郎,株式会社トヨタ自動車\n山田花子,日本電気株式会社\n"),
        ("gb18030", "姓名,公司\n王小明,北京科技有限公司\n李华,上海贸易有限公司\n"),
    ],
)
def test_encodings_of_other_alphabets(table, encoding, text):
    found = table(text, encoding)
    assert [list(found.headers), *cells(found)] == list(csv.reader(io.StringIO(text), delimiter=found.delimiter))


@pytest.mark.parametrize("text", ["José", "4,5,©", "Señora Ibáñez", "Zoë;Müller"])
def test_a_few_letters_are_taken_as_western(table, text):
    assert list(table(f"{text}\n", "cp1252").headers) == re.split("[,;]", text)


def test_utf8_is_seen_behind_a_megabyte_of_ascii(table):
    found = table("name\n" + "plain text\n" * 200_000 + "Zoë\n")
    assert found.encoding == "utf-8" and cells(found)[-1] == ["Zoë"]


def test_an_old_encoding_is_seen_behind_a_megabyte_of_ascii(table):
    found = table(b"name\n" + b"plain text\n" * 200_000 + "Señora Ibáñez García\n".encode("cp1252"))
    assert cells(found)[-1] == ["Señora Ibáñez García"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(table, delimiter):
    lines = [["Name", "Value", "City"], ["Acme, Inc.", "1.000,50", "Köln"], ["Beta; Co", "2", "a|b"]]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(lines)
    found = table(out.getvalue())
    assert found.delimiter == delimiter and [list(found.headers), *cells(found)] == lines


def test_a_single_column_needs_no_delimiter(table):
    assert cells(table("name\nAcme\nBeta\n")) == [["Acme"], ["Beta"]]


def test_excel_names_its_delimiter_in_the_first_line(table):
    found = table("sep=;\r\na;b\r\n1,5;2\r\n")
    assert found.headers == ("a", "b")
    assert [(raw.line, raw.cells) for raw in found.rows()] == [(3, ["1,5", "2"])]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_newlines_in_quotes(table, end):
    found = table(f'a,b{end}1,"two{end}lines"{end}{end}3,4{end}'.encode())
    assert [(raw.line, raw.cells) for raw in found.rows()] == [(2, ["1", f"two{end}lines"]), (5, ["3", "4"])]


def test_nul_bytes_are_dropped(table):
    assert cells(table(b"a,b,c\n\0x,2,3\n")) == [["x", "2", "3"]]


def test_ragged_rows_are_named(table):
    short, long, padded = table("a,b,c\n1\n1,2,3,4\n1,2,3,,\n").rows()
    assert short.cells == ["1", "", ""] and "only 1 of 3" in short.warning and not short.error
    assert "4 cells" in long.error
    assert padded.cells == ["1", "2", "3"] and not padded.error and not padded.warning


def test_headers_become_unique_and_named(table):
    assert table("Name,,Name, Name \n1,2,3,4\n").headers == ("Name", "Column 2", "Name (2)", "Name (3)")


def test_a_quote_that_is_never_closed_spoils_its_own_row_only(table):
    rows = list(table('a,b\n1,"open\n2,fine\n3,"also\nfine"\n4,"open again\n5,fine\n').rows())
    assert [(raw.line, bool(raw.error)) for raw in rows] == [(2, True), (3, False), (4, False), (6, True), (7, False)]
    assert [raw.cells for raw in rows if not raw.error] == [["2", "fine"], ["3", "also\nfine"], ["5", "fine"]]


def test_a_quote_that_swallows_more_than_a_field_holds_gives_the_rows_back(table):
    rows = list(table('a,b\n1,"open\n' + "2,fine\n" * 30_000).rows())
    assert rows[0].error and rows[0].line == 2
    assert len(rows) == 30_001 and not any(raw.error for raw in rows[1:])
    assert rows[-1].line == 30_002


def test_a_huge_field_or_line_is_an_error_of_its_row(table):
    rows = list(table(f"a,b\n1,{'x' * 200_000}\n2,fine\n3,{'y,' * LINE_LIMIT}\n4,fine\n").rows())
    assert [(raw.line, bool(raw.error)) for raw in rows] == [(2, True), (3, False), (4, True), (5, False)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n  \n", "is empty"),
        (b"PK\x03\x04" + b"\0" * 100, "a zip file"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "old Excel"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"\x1f\x8b\x08", "gzip"),
        (bytes(range(256)) * 20, "not a text file"),
    ],
)
def test_what_is_no_table_is_refused(table, content, message):
    with pytest.raises(Refused, match=message):
        table(content)


def test_what_is_not_there_is_refused(tmp_path):
    with pytest.raises(Refused, match="no file"):
        look(tmp_path / "nothing.csv")
    with pytest.raises(Refused, match="folder"):
        look(tmp_path)


def test_a_header_alone_has_no_rows(table):
    assert cells(table("a,b\n")) == []


@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs"])),
            min_size=2,
            max_size=4,
        ),
        min_size=1,
        max_size=8,
    )
)
def test_what_was_written_is_read(tmp_path_factory, lines):
    """Any text in any cell, as csv writes it, between a header that shows the delimiter and lines that fit it."""
    width = max(map(len, lines))
    lines = [["x"] + [" ".join(cell.split(" ")) for cell in line] + [""] * (width - len(line)) for line in lines]
    path = tmp_path_factory.mktemp("csv") / "file.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([[f"column {n}" for n in range(width + 1)], *lines])
    found = [raw.cells for raw in look(path).rows() if not raw.error]
    assert found == [[cell.strip() for cell in line] for line in lines]


@pytest.mark.parametrize("path", shared_files("csv/csv-spectrum/csvs"))
def test_csv_spectrum(path):
    expected = json.loads((path.parents[1] / "json" / f"{path.stem}.json").read_text())
    table = look(path)
    read = [dict(zip(table.headers, raw.cells, strict=True)) for raw in table.rows()]
    assert [plain(row) for row in read] == [
        plain(row) for row in ([expected] if isinstance(expected, dict) else expected)
    ]


def plain(row: dict[str, str]) -> dict[str, str]:
    # The answer to location_coordinates.csv has another telephone number than the question.
    return {name: cell.replace("\r\n", "\n") for name, cell in row.items() if name != "Contact Phone Number"}


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("test_utf8_bom", ("foo", "1")),
        ("test_utf16_big", ("a", "1")),
        ("test_utf16_little", ("a", "1")),
        ("test_latin1", ("a", "1")),
        ("mac_newlines", ("a", "1")),
        ("null_byte", ("a", "")),
        ("optional_quote_characters", ("a", "1")),
        ("test_locale", ("a", "1,7")),
    ],
)
def test_csvkit(name, first):
    table = look(shared(f"csv/csvkit_examples/examples/{name}.csv"))
    assert (table.headers[0], next(table.rows()).cells[0]) == first


def test_csvkit_latin1_has_its_sign():
    table = look(shared("csv/csvkit_examples/examples/test_latin1.csv"))
    assert list(table.rows())[-1].cells[-1] == "©"


@pytest.mark.parametrize("path", shared_files("csv/csvkit_examples/examples"))
def test_every_csvkit_file_is_read_or_refused(path):
    try:
        table = look(path)
    except Refused:
        return
    assert all(len(raw.cells) == len(table.headers) for raw in table.rows() if not raw.error)


@pytest.mark.parametrize("path", shared_files("csv/csvkit_examples/examples", "*.xlsx"))
def test_workbooks_are_refused(path):
    with pytest.raises(Refused, match="Excel"):
        look(path)
