"""Custom fields out of a file: found by their names, checked, wrong ones told by row."""

from __future__ import annotations

import pytest

from activities.models import Activity
from connectors.exports.actions import ask_for_export, file_of, make_export
from connectors.importing import read
from connectors.models import Export
from deals.models import Deal
from leads.models import Company, Contact, Lead
from workspaces.action import Refused
from workspaces.custom.actions import archive_field, create_field


def field(acme, label, type_, entity="deal", **more):
    return create_field(acme.workspace, entity=entity, label=label, type=type_, by=acme.alice, **more)


@pytest.fixture
def fields(acme):
    field(acme, "Team size", "number")
    field(acme, "Budget", "money")
    field(acme, "Contract start", "date")
    field(acme, "Tier", "choice", choices=["Gold", "Silver"])
    field(acme, "Fit", "multi", choices=["Size", "Place, near", "None"])
    field(acme, "Signed", "checkbox")
    field(acme, "Web page", "url")
    field(acme, "Coach", "user")


HEAD = "id;name;stage;Team size;budget;CONTRACT START;tier;Fit;Signed;web_page;Coach\n"


def test_every_type_is_read_as_its_column_writes_it(acme, run_import, fields):
    text = HEAD + "1;Much;New;-1.234,5;1.000,50 €;31.12.2026;gold;None;yes;example.com;bob@acme.example\n2;Little;New;7,5;;;;Size|Place, near;no;;\n3;Nothing;New;;;;;;;;\n"  # fmt: skip
    assert run_import("deals", text).counts == {"created": 3}
    much, little, nothing = Deal.objects.order_by("pk")
    assert much.custom == {
        "team_size": "-1234.5", "budget": "1000.5", "contract_start": "2026-12-31", "tier": "gold", "fit": ["none"], "signed": True,
        "web_page": "https://example.com", "coach": acme.bob.user_id,
    }  # fmt: skip
    assert little.custom == {"team_size": "7.5", "fit": ["size", "place_near"]}
    assert nothing.custom == {}


def test_wrong_values_are_told_by_row_and_column(acme, run_import, fields):
    text = (
        HEAD
        + "1;A;New;many;;;;;;;\n2;B;New;;;;Platinum;;;;\n3;C;New;;;;;;;javascript:x;\n4;D;New;;;;;;;;Nobody\n5;E;New;;;;;;maybe;;\n6;F;New;1;;;;;;;\n"
    )
    found = run_import("deals", text)
    assert found.counts == {"created": 1, "error": 5}
    assert [(line["line"], line["column"]) for line in found.report if line["level"] == "error"] == [
        ("2", "Team size"),
        ("3", "tier"),
        ("4", "web_page"),
        ("5", "Coach"),
        ("6", "Signed"),
    ]


def test_a_row_without_what_is_required_is_told(acme, run_import):
    field(acme, "Tier", "choice", choices=["Gold"], required=True)
    found = run_import("deals", "id,name,stage,Tier\n1,A,New,Gold\n2,B,New,\n")
    assert found.counts == {"created": 1, "error": 1}
    assert found.report[-1]["reason"] == "Tier is needed."
    assert found.report[-1]["column"] == "Tier"
    # A file that does not know the field at all misses it in every row.
    assert run_import("deals", "id,name,stage\n3,C,New\n").counts == {"error": 1}


def test_an_update_changes_what_the_file_says(acme, run_import, fields):
    run_import("deals", HEAD + "1;A;New;5;;;gold;;;;\n")
    found = run_import("deals", HEAD + "1;A;New;6;;;;;;;\n", update=True)
    assert found.counts == {"updated": 1}
    deal = Deal.objects.get()
    assert (deal.custom, deal.version) == ({"team_size": "6", "tier": "gold"}, 2)
    line = Activity.objects.get(deal=deal, kind="field_change")
    assert line.data["changes"] == {"custom:number:Team size": ["5", "6"]}
    assert run_import("deals", HEAD + "1;A;New;6;;;;;;;\n", update=True).counts == {"skipped": 1}


@pytest.mark.parametrize(
    ("kind", "entity", "model", "head"),
    [
        ("companies", "company", Company, "id,name,Region\n1,Harbour,{}\n"),
        ("contacts", "contact", Contact, "id,email,Region\n1,ida@x.example,{}\n"),
        ("leads", "lead", Lead, "id,email,company,Region\n1,ida@x.example,Harbour,{}\n"),
    ],
)
def test_people_and_companies_too(acme, run_import, kind, entity, model, head):
    field(acme, "Region", "text", entity=entity, required=True)
    assert run_import(kind, head.format("")).counts == {"error": 1}
    assert run_import(kind, head.format("North")).counts == {"created": 1}
    assert run_import(kind, head.format("South"), update=True).counts == {"updated": 1}
    assert run_import(kind, head.format("South"), update=True).counts == {"skipped": 1}
    assert model.objects.get().custom == {"region": "South"}


def test_a_mapping_names_them_by_name_or_key(acme, run_import, fields):
    for name in ("Team size", "team_size", "cf_team_size"):
        mapping = {"columns": {"n": "name", "x": name, "s": "stage"}, "source": name}
        run_import("deals", "n,s,x\nA,New,5\n", mapping=mapping)
        deal = Deal.objects.latest("pk")
        assert deal.custom == {"team_size": "5"}


def test_an_archived_field_is_not_known(acme, run_import, tmp_path):
    archive_field(field(acme, "Tier", "text"), by=acme.alice)
    path = tmp_path / "x.csv"
    path.write_text("name,x\nA,5\n")
    with pytest.raises(Refused, match="have no field “Tier”"):
        read("deals", path, acme.workspace, mapping={"columns": {"name": "name", "x": "Tier"}})


def test_what_was_exported_is_imported_again(acme, run_import, fields, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    run_import("deals", HEAD + "1;Much;New;-1,5;5,5;31.12.2026;gold;None;yes;example.com;Bob\n")
    before = Deal.objects.get()
    export = ask_for_export(acme.workspace, entity="deal", format="csv", by=acme.alice)
    make_export(acme.workspace.pk, export.pk)
    text = file_of(Export.objects.get()).read_text(encoding="utf-8-sig")
    Deal.all_objects.filter(pk=before.pk).update(custom={})
    Deal.all_objects.get(pk=before.pk)
    assert run_import("deals", text.replace("Much", "Again"), mapping={"source": "other", "columns": {"Deal name": "name", "Stage": "stage"} | {label: label for label in ("Team size", "Budget", "Contract start", "Tier", "Fit", "Signed", "Web page", "Coach")}}).counts == {"created": 1}  # fmt: skip
    assert Deal.objects.get(name="Again").custom == before.custom
