"""Two files without a source share their ids: what is probably somebody else's id 1 is reported."""

import pytest

from connectors.report import safe
from connectors.sync import is_another
from leads.models import Company

FIRST = "id,name\n1,Acme Corporation\n2,Ромашка\n"


@pytest.mark.parametrize("update", [False, True])
def test_an_id_of_something_else_is_reported(run_import, update):
    run_import("companies", FIRST)
    again = run_import("companies", "id,name\n1,Zeta Ltd\n2,Газпром\n3,Third\n", update=update)
    assert again.counts == {"created": 1, "updated" if update else "skipped": 2}
    assert again.problems == [("2", "warning", "id"), ("3", "warning", "id")]
    assert "“Acme Corporation” was imported with this id" in again.report[0]["reason"]
    assert "source" in again.report[0]["reason"] and again.report[0]["value"] == "1"


def test_the_same_file_again_and_slips_are_not(run_import):
    run_import("companies", FIRST)
    assert run_import("companies", FIRST).report == []
    assert run_import("companies", "id,name\n1,ACME Corp.\n2,Ромашки\n", update=True).report == []


def test_systems_with_names_have_ids_of_their_own(run_import):
    for source in ("old", "new"):
        names = {"source": source, "columns": {"id": "external_id", "name": "name"}}
        done = run_import("companies", f"id,name\n1,{source} and {source * 3}\n", mapping=names)
        assert done.counts == {"created": 1} and done.report == []
    assert Company.objects.count() == 2


def test_people_and_deals_too(run_import):
    run_import("contacts", "id,first name,last name,email\n1,Ada,Lovelace,ada@a.example\n")
    done = run_import("contacts", "id,first name,last name,email\n1,Otto,Kurz,otto@b.example\n")
    assert done.problems == [("2", "warning", "id")]
    run_import("deals", "id,name,stage\n1,Cold-chain monitoring,New\n")
    assert run_import("deals", "id,name,stage\n1,Office chairs,New\n").problems[-1] == ("2", "warning", "id")


@pytest.mark.parametrize(
    ("name", "ours", "another"),
    [
        ("Acme", "Acme", False),
        ("", "Acme", False),
        ("Lovelace, Ada", "Ada Lovelace", False),
        ("北京", "上海", True),
        ("Globex", "Initech", True),
    ],
)
def test_what_counts_as_another_name(name, ours, another):
    assert is_another(name, ours) is another


@pytest.mark.parametrize(
    "cell",
    ["=1", "+1", "-1", "@a", "＝1", "＋1", "－1", "＠a", " =1", "\t=1", "\u00a0＝1", "\n=1", "\r\n +1", "\tx", "\rx"],
)
def test_formulas_are_disarmed(cell):
    assert safe(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["", " ", "1-2", "a=b", "Müller", "１"])
def test_plain_cells_are_left(cell):
    assert safe(cell) == cell
