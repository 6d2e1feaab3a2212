"""Columns -> fields: guessed headers, mappings, and what all rows of a column tell together."""

import csv
import io
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.csv_file import look
from connectors.dates import DAY_FIRST, MONTH_FIRST
from connectors.fields import FIELDS, guess
from connectors.mapping import make_mapping, read_mapping
from connectors.reading import Ambiguous, Reading, inspect
from tests.shared_data import shared
from workspaces.action import Refused

UTC = ZoneInfo("UTC")


@pytest.fixture
def reading(tmp_path):
    def make(kind: str, text: str, mapping: dict | None = None, **asked) -> Reading:
        path = tmp_path / "file.csv"
        path.write_text(text, encoding="utf-8")
        table = look(path)
        return inspect(table, make_mapping(kind, table, mapping, tmp_path), zone=UTC, **{"currency": "EUR"} | asked)

    return make


def values(reading: Reading, name: str) -> list:
    return [row.values.get(name) for row in reading.rows()]


def problems(reading: Reading) -> list[tuple[int, str, str]]:
    return [(row.line, problem.level, problem.column) for row in reading.rows() for problem in row.problems]


# --- headers ------------------------------------------------------------------------------------

HEADERS = {
    "pipedrive deals": (
        "deals",
        "Deal - ID; Deal - Title; Deal - Owner; Deal - Value; Deal - Currency of Value; Deal - Weighted value; Deal - Probability; Deal - Organization;"
        "Deal - Organization ID; Deal - Pipeline; Deal - Contact person; Deal - Stage; Deal - Status; Deal - Deal created; Deal - Update time;"
        "Deal - Won time; Deal - Lost time; Deal - Deal closed on; Deal - Lost reason; Deal - Expected close date; Deal - Product name",
        {
            "Deal - ID": "external_id", "Deal - Title": "name", "Deal - Owner": "owner", "Deal - Value": "amount", "Deal - Currency of Value": "currency",
            "Deal - Probability": "probability", "Deal - Organization": "company", "Deal - Organization ID": "company_id", "Deal - Pipeline": "pipeline",
            "Deal - Stage": "stage", "Deal - Status": "status", "Deal - Deal created": "created_at", "Deal - Won time": "closed_at",
            "Deal - Lost time": "closed_at", "Deal - Deal closed on": "closed_at", "Deal - Lost reason": "lost_reason",
            "Deal - Expected close date": "expected_close_date", "Deal - Product name": "product",
        },
    ),
    "hubspot deals": (
        "deals",
        "Record ID;Deal Name;Deal Stage;Amount;Deal owner;Close Date;Create Date;Last Activity Date;Pipeline;Associated Company;Original Source",
        {
            "Record ID": "external_id", "Deal Name": "name", "Deal Stage": "stage", "Amount": "amount", "Deal owner": "owner", "Close Date": "close_date",
            "Create Date": "created_at", "Pipeline": "pipeline", "Associated Company": "company", "Original Source": "source",
        },
    ),
    "salesforce opportunities": (
        "deals",
        "Territory Region;Opportunity Owner;Account Name;Opportunity Name;Stage;Forecast Category;Total Amount Currency;Total Amount;Fiscal Period;Close Date;Opportunity Next Steps;Type",
        {
            "Opportunity Owner": "owner", "Account Name": "company", "Opportunity Name": "name", "Stage": "stage", "Total Amount Currency": "currency",
            "Total Amount": "amount", "Close Date": "close_date", "Opportunity Next Steps": "next_step",
        },
    ),
    "zoho potentials": (
        "deals",
        "Potential Name;Potential Owner;Created Time;Closing Date;Amount;Expected Revenue;Stage;Type;Lead Source;Probability;LEADID;Campaign Id",
        {
            "Potential Name": "name", "Potential Owner": "owner", "Created Time": "created_at", "Closing Date": "close_date", "Amount": "amount",
            "Stage": "stage", "Lead Source": "source", "Probability": "probability",
        },
    ),
    "hubspot contacts": (
        "contacts",
        "Record ID;First Name;Last Name;Email;Contact owner;Lifecycle Stage;Country/Region;Last Activity Date",
        {"Record ID": "external_id", "First Name": "first_name", "Last Name": "last_name", "Email": "emails", "Contact owner": "owner"},
    ),
    "pipedrive people": (
        "contacts",
        "Person - Name*;Person - First name;Person - Last name;Person - Phone;Person - Email (Work);Person - Email (Home);Organization - Name*;Deal - Title",
        {
            "Person - Name*": "name", "Person - First name": "first_name", "Person - Last name": "last_name", "Person - Phone": "phones",
            "Person - Email (Work)": "emails", "Person - Email (Home)": "emails", "Organization - Name*": "company",
        },
    ),
    "hubspot companies": (
        "companies",
        "Record ID;Company name;Domain;Company owner;Industry",
        {"Record ID": "external_id", "Company name": "name", "Domain": "domain", "Company owner": "owner", "Industry": "industry"},
    ),
    "zoho leads": (
        "leads",
        "LEADID;Last Name;Company;Lead Owner;Email;Mobile;Website;Industry;Lead Source;Lead Status;Created Time;CONVERTED",
        {
            "LEADID": "external_id", "Last Name": "last_name", "Company": "company", "Lead Owner": "owner", "Email": "emails", "Mobile": "phones",
            "Lead Source": "source", "Lead Status": "status", "Created Time": "created_at",
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("vendor", HEADERS)
def test_headers_of_other_programs_are_known(vendor):
    kind, headers, expected = HEADERS[vendor]
    assert guess(kind, tuple(header.strip() for header in headers.split(";"))) == expected


@pytest.mark.parametrize("kind", FIELDS)
def test_our_own_names_are_known(kind):
    assert guess(kind, tuple(FIELDS[kind])) == {name: name for name in FIELDS[kind]}


# --- mappings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"columns": {"Titel": "nome"}}, "no field “nome”"),
        ({"columns": {"Nix": "name"}}, "no column “Nix”.*Titel"),
        ({"columns": {"Titel": "name", "Wert": "name"}}, "both mapped to name"),
        ({"columns": {"Titel": 3}}, "mapped to a field"),
        ({"columns": {"Titel": {"field": "name", "format": "x"}}}, "mapped to a field"),
        ({"columns": {"Wert": {"field": "amount", "factor": "many"}}}, "not a number"),
        ({"colums": {}}, "not colums"),
        ({"columns": ["Titel"]}, "“columns” of a mapping"),
        ({"columns": {"Titel": "name"}, "known": ["x"]}, "“known” of a mapping"),
        ({"known": {"owner": {"file": "../secret", "column": "x"}}, "columns": {"Titel": "name"}}, "beside the data"),
        ({}, "None of the columns"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(reading, mapping, message):
    with pytest.raises(Refused, match=message):
        reading("deals", "Titel;Wert\nA;1\n", mapping)


def test_a_mapping_is_a_file_of_json(tmp_path):
    with pytest.raises(Refused, match="no mapping"):
        read_mapping(tmp_path / "map.json")
    (tmp_path / "map.json").write_bytes(b"\x89PNG\xff")
    with pytest.raises(Refused, match="not a text file in UTF-8"):
        read_mapping(tmp_path / "map.json")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("{oops", "line 1, column 2: a name in double quotes should stand here"),
        (
            '{"columns": {\n  "A": "name"\n  "B": "amount"}}',
            "line 3, column 3: a comma or a closing bracket is missing",
        ),
        ('{"columns": {\n  "A" "name"}}', "line 2, column 7: a colon is missing"),
        ('{"columns": {"A": name}}', "line 1, column 19: a value should stand here"),
        ('{"source": "crm}', "line 1, column 12: the text that begins here has no closing double quote"),
        ('{"source": "crm\n}', "line 1, column 16: a text ends where its line does"),
        ('{"source": "a\\crm"}', "line 1, column 14: a backslash is written twice"),
        ("{}\n{}", "line 2, column 1: the object has ended"),
        ("", "line 1, column 1: a value should stand here"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_mapping_that_is_no_json_says_where_and_why(tmp_path, text, where):
    path = tmp_path / "map.json"
    path.write_text(text)
    with pytest.raises(Refused) as refused:
        read_mapping(path)
    assert where in refused.value.message and refused.value.message.startswith(f"The mapping {path} is no JSON")


def test_values_factor_and_case(reading):
    mapping = {
        "columns": {
            "konto": "name",
            "Umsatz": {"field": "annual_revenue", "factor": 1000000},
            "Branche": {"field": "industry", "values": {"technolgy": "technology"}},
        }
    }
    found = reading("companies", "Konto;Umsatz;Branche\nAcme;1100,04;Technolgy\n", mapping)
    row = next(found.rows())
    assert row.values == {"name": "Acme", "annual_revenue": Decimal("1100040000.00"), "industry": "technology"}
    assert not row.problems


def test_known_names_come_from_a_list_or_a_file_beside(reading, tmp_path):
    (tmp_path / "team.csv").write_text("agent,boss\nAnna,Zoe\nBen,Zoe\nAnna,Zoe\n")
    mapping = {
        "known": {"owner": {"file": "team.csv", "column": "agent"}, "product": ["GTX Pro"]},
        "columns": {"name": "name"},
    }
    assert reading("deals", "name,x\nA,1\n", mapping).mapping.known == {
        "owner": ("Anna", "Ben"),
        "product": ("GTX Pro",),
    }
    mapping["known"]["owner"]["file"] = "nobody.csv"
    assert reading("deals", "name,x\nA,1\n", mapping).mapping.known["owner"] == ()


# --- what a column tells ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1.234,50", "1.500"], ["1234.50", "1500"]),
        (["1,234.50", "1,500"], ["1234.50", "1500"]),
        (["12,5", "1.500"], ["12.5", "1500"]),
        (["$1,117.10K", "$2M"], ["1117100", "2000000"]),
        (["CHF 1'200", "300"], ["1200", "300"]),
    ],
)
def test_the_decimal_sign_is_the_columns(reading, cells, expected):
    found = reading("deals", "name;value\n" + "".join(f"x;{cell}\n" for cell in cells), currency="CHF")
    assert values(found, "amount") == [Decimal(amount) for amount in expected]


@pytest.mark.parametrize(
    ("cell", "level"), [("USD 5", "error"), ("5 €", "error"), ("£5", "warning"), ("$5", ""), ("5", "")]
)
def test_another_currency_is_an_error_and_a_foreign_sign_a_doubt(reading, cell, level):
    currency = "USD" if level == "" or cell != "USD 5" else "EUR"
    found = reading("deals", f"name,value\nx,{cell}\n", currency=currency)
    assert [problem[1] for problem in problems(found)] == ([level] if level else [])


@pytest.mark.parametrize(
    ("cell", "problem"), [("999999999999.994", []), ("999999999999.995", [(2, "error", "amount")])]
)
def test_an_amount_is_rounded_before_it_is_too_large(reading, cell, problem):
    assert [(line, level) for line, level, _ in problems(reading("deals", f"name,value\nx,{cell}\n"))] == [
        found[:2] for found in problem
    ]


def test_the_order_of_dates_is_the_columns(reading):
    found = reading("deals", "name;created;close date\na;1/2/2021;1/2/2021\nb;31/1/2021;1/31/2021\n")
    assert [moment.month for moment in values(found, "created_at")] == [2, 1]
    assert [moment.month for moment in values(found, "close_date")] == [1, 1]


def test_an_unknown_order_is_asked_for(reading):
    text = "name;created\na;1/2/2021\nb;3/4/2021\n"
    with pytest.raises(Ambiguous, match="created “1/2/2021” is 1 February 2021 or 2 January 2021"):
        reading("deals", text)
    assert values(reading("deals", text, order=DAY_FIRST), "created_at")[0].month == 2
    assert values(reading("deals", text, orders={"created": MONTH_FIRST}), "created_at")[0].month == 1


def test_a_date_of_the_other_order_is_an_error_of_its_row(reading):
    found = reading("deals", "name;created\na;30/1/2021\nb;31/1/2021\nc;1/31/2021\n")
    assert problems(found) == [(4, "error", "created")]


def test_probabilities_may_be_fractions(reading):
    assert values(reading("deals", "name;probability\na;0.4\nb;1\n"), "probability") == [40, 100]
    assert values(reading("deals", "name;probability\na;40\nb;1\nc;55 %\n"), "probability") == [40, 1, 55]


def test_people_may_be_called_null(reading):
    found = reading("contacts", "first name,last name,do not call\nAnna,Null,none\n-,None,yes\n")
    assert [row.values for row in found.rows()] == [
        {"first_name": "Anna", "last_name": "Null"},
        {"last_name": "None", "do_not_call": True},
    ]


def test_several_addresses_and_numbers(reading):
    found = reading(
        "contacts",
        'name,email,email (home),phone\nA B,"A@x.example, b@x.example",c@x.example,030 123456 | +1 202 555 0100 ; nonsense\n',
        {"region": "DE"},
    )
    row = next(found.rows())
    assert row.values["emails"] == ["a@x.example", "b@x.example", "c@x.example"]
    assert row.values["phones"] == ["+4930123456", "+12025550100"]
    assert [(problem.level, problem.column) for problem in row.problems] == [("warning", "phone")]


@pytest.mark.parametrize(
    ("kind", "header", "cell", "level"),
    [
        ("contacts", "email", "nobody", "error"),
        ("contacts", "do not call", "perhaps", "error"),
        ("companies", "employees", "many", "error"),
        ("companies", "employees", "-5", "error"),
        ("companies", "website", "not a site", "warning"),
        ("companies", "sector", "technolgy", "warning"),
        ("companies", "country", "x" * 81, "error"),
        ("deals", "value", "lots", "error"),
        ("deals", "value", "-1", "error"),
        ("deals", "value", "1" * 13, "error"),
        ("deals", "created", "yesterday", "error"),
        ("deals", "currency", "USD", "error"),
        ("deals", "probability", "101", "error"),
        ("deals", "source", "carrier pigeon", "warning"),
        ("leads", "status", "asleep", "warning"),
    ],
)
def test_what_cannot_be_read_is_named(reading, kind, header, cell, level):
    assert problems(reading(kind, f"name;{header}\nx;{cell}\n")) == [(2, level, header)]


def test_rows_without_an_id_are_told_apart_and_numbered_the_same_again(reading):
    text = "name;value\na;1\nb;2\na;1\na;1\n"
    keys = [row.key for row in reading("deals", text).rows()]
    assert len(set(keys)) == 4 and keys == [row.key for row in reading("deals", text).rows()]
    assert keys[0].rpartition(":")[0] == keys[2].rpartition(":")[0] != keys[1].rpartition(":")[0]
    assert [row.key for row in reading("deals", "id;name\n7;a\n;b\n").rows()][0] == "7"


amounts = st.decimals(min_value=0, max_value=10**9, places=2)


@given(
    st.lists(amounts, min_size=1, max_size=20), st.sampled_from([",", "."]), st.sampled_from(["", "$", "€ ", "EUR "])
)
def test_amounts_that_were_written_are_read(tmp_path_factory, money, decimal, sign):
    """With two decimals the sign of a column is certain, whichever of them it is."""
    group = "." if decimal == "," else ","
    cells = [sign + f"{amount:,.2f}".translate(str.maketrans({",": group, ".": decimal})) for amount in money]
    path: Path = tmp_path_factory.mktemp("amounts") / "file.csv"
    out = io.StringIO()
    csv.writer(out).writerows([("name", "value"), *(("x", cell) for cell in cells)])
    path.write_text(out.getvalue())
    table = look(path)
    found = inspect(table, make_mapping("deals", table), zone=UTC, currency="USD" if sign == "$" else "EUR")
    assert values(found, "amount") == money and not problems(found)


def test_zoho_is_read_without_a_word_from_us():
    table = look(shared("zoho-sample/Potentials.csv"))
    found = inspect(table, make_mapping("deals", table), zone=UTC, currency="USD")
    rows = list(found.rows())
    assert len(rows) == found.total == 3632 and not any(row.problems for row in rows)
    assert (rows[0].values["amount"], rows[0].values["created_at"].isoformat()) == (
        Decimal(22700),
        "2021-04-15T00:02:00+00:00",
    )
