"""The command, on real files: the figures of issue and README."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from deals.models import Deal, StageEvent
from insights.metrics import summary
from leads.models import Company
from tests.shared_data import shared
from workspaces.models import Membership, User
from workspaces.tenancy import tenant

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
CREATE = "companies,stages,owners,products"


def run(*arguments: object) -> dict:
    """The JSON that the command prints, which must be all that it prints."""
    out, err = io.StringIO(), io.StringIO()
    call_command("import_csv", *map(str, arguments), stdout=out, stderr=err)
    lines = out.getvalue().splitlines()
    assert len(lines) == 1
    return json.loads(lines[0])


@pytest.fixture
def opportunities(tmp_path) -> Path:
    """The folder of crm-opportunities, copied to where error files may be written."""
    for path in shared("crm-opportunities").glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def figures(cast) -> dict[str, object]:
    with tenant(cast.workspace):
        found = summary(cast.workspace)
        return {
            "deals": Deal.objects.count(),
            "companies": Company.objects.count(),
            "closed": found.won.deals + found.lost.deals,
            "won": (found.won.deals, int(found.won.amount)),
            "win rate": round(found.win_rate * 100, 2),
            "days to close": (round(found.days_to_close_mean, 1), found.days_to_close_median),
        }


EXPECTED = {
    "deals": 8800,
    "companies": 85,
    "closed": 6711,
    "won": (4238, 10_005_534),
    "win rate": 63.15,
    "days to close": (51.8, 57.0),
}


def test_opportunities_with_their_mappings(cast, opportunities):
    to_acme = ("--workspace", "acme")
    found = run(
        "companies",
        opportunities / "accounts.csv",
        *to_acme,
        "--mapping",
        EXAMPLES / "crm-opportunities-companies.json",
    )
    assert found == {"rows": 85, "created": 85, "updated": 0, "skipped": 0, "errors": 0, "error_file": None}
    deals = (
        "deals",
        opportunities / "sales_pipeline.csv",
        *to_acme,
        "--mapping",
        EXAMPLES / "crm-opportunities-deals.json",
        "--create",
        CREATE,
    )
    found = run(*deals)
    assert (found["rows"], found["created"], found["errors"]) == (8800, 8800, 0)
    assert figures(cast) == EXPECTED
    with tenant(cast.workspace):
        # All 35 of the team, the five without a deal too; and the cast.
        assert Membership.objects.filter(user__email__endswith=".invalid").count() == 35
        assert sorted(Deal.objects.values_list("product", flat=True).distinct()) == [
            "GTK 500", "GTX Basic", "GTX Plus Basic", "GTX Plus Pro", "GTX Pro", "MG Advanced", "MG Special",
        ]  # fmt: skip
        assert (
            Company.objects.filter(industry="technology").count() == 12
            and not Company.objects.filter(industry="technolgy").exists()
        )
        assert Company.objects.exclude(parent=None).count() == 15
        assert Company.objects.get(name="Acme Corporation").annual_revenue == 1_100_040_000
        assert Deal.objects.filter(company=None).count() == 1425 == count(found["error_file"], "account")
        assert StageEvent.objects.count() == 8800 + 6711
    again = run(*deals)
    assert again == {"rows": 8800, "created": 0, "updated": 0, "skipped": 8800, "errors": 0, "error_file": None}
    assert figures(cast) == EXPECTED


def test_opportunities_alone_and_without_a_mapping(cast, opportunities):
    path = opportunities / "sales_pipeline.csv"
    (opportunities / "products.csv").unlink()
    found = run("deals", path, "--workspace", "acme", "--create", CREATE, "--dry-run")
    assert found["created"] == 8800
    with tenant(cast.workspace):
        assert not Deal.objects.exists() and not Company.objects.exists()
    assert run("deals", path, "--workspace", "acme", "--create", CREATE) == found
    assert figures(cast) == EXPECTED
    assert {
        column: count(found["error_file"], column) for column in ("account", "close_value", "close_date", "engage_date")
    } == {
        "account": 1425,
        "close_value": 2089,
        "close_date": 2089,
        "engage_date": 500,
    }


def count(path: str, column: str) -> int:
    return sum(line.split(",")[1] == column for line in Path(path).read_text().splitlines())


def test_zoho_potentials(cast, tmp_path):
    path = tmp_path / "Potentials.csv"
    path.write_bytes(shared("zoho-sample/Potentials.csv").read_bytes())
    found = run("deals", path, "--workspace", "acme", "--create", CREATE)
    # The workspace counts in euros: dollars are a doubt in every row.
    assert (found["created"], found["errors"]) == (3632, 0) and count(found["error_file"], "Amount") == 3632
    with tenant(cast.workspace):
        result = summary(cast.workspace)
        assert (result.won.deals, result.lost.deals, result.in_progress.deals) == (1425, 485, 1722)
        assert (result.won.amount, result.in_progress.amount) == (89_066_200, 110_255_300)
    assert run("deals", path, "--workspace", "acme", "--create", CREATE)["skipped"] == 3632


@pytest.fixture
def file(tmp_path):
    def make(content: bytes = b"name,value\nA,5\n", name: str = "deals.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return make


def zipped(*names: str) -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.writestr(name, "name,value\nA,1\n" * 100)
        return file.getvalue()


def workbook() -> bytes:
    return zipped("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/worksheets/sheet1.xml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"%PDF-1.4", "PDF"),
        (workbook(), "an Excel workbook"),
        (zipped("deals.csv"), "a zip file; unpack it first"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "a picture"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 99, "a picture"),
        (b"GIF89a" + b"\1" * 99, "a picture"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "a picture"),
        (b"x1,x2\n1,2\n", "None of the columns x1, x2 is known"),
        (b"name,created\nA,1/2/2021\n", "--day-first or --month-first"),
    ],
)
def test_what_cannot_be_imported_is_said_and_nothing_written(cast, file, content, message):
    with pytest.raises(CommandError, match=message):
        run("deals", file(content), "--workspace", "acme")
    with tenant(cast.workspace):
        assert not Deal.objects.exists()
    assert [path.name for path in file().parent.iterdir()] == ["deals.csv"]


def test_what_is_asked_wrongly_is_said(cast, file):
    with pytest.raises(CommandError, match="no workspace nowhere"):
        run("deals", file(), "--workspace", "nowhere")
    with pytest.raises(CommandError, match="no file"):
        run("deals", file().with_name("other.csv"), "--workspace", "acme")
    with pytest.raises(CommandError, match="not an active member"):
        run("deals", file(), "--workspace", "acme", "--as", "charlie@rival.example")
    with pytest.raises(CommandError, match="Only a rep or above"):
        run("deals", file(), "--workspace", "acme", "--as", "vera@acme.example")
    with pytest.raises(CommandError, match="choose of"):
        run("deals", file(), "--workspace", "acme", "--create", "unicorns")
    with pytest.raises(CommandError, match="no mapping"):
        run("deals", file(), "--workspace", "acme", "--mapping", file().with_name("no.json"))
    with pytest.raises(CommandError, match="being read"):
        run("deals", file(), "--workspace", "acme", "--errors", file())


def test_the_order_of_dates_can_be_said(cast, file):
    path = file(b"name,created\nA,1/2/2021\n")
    assert run("deals", path, "--workspace", "acme", "--day-first")["created"] == 1
    with tenant(cast.workspace):
        assert Deal.objects.get().created_at.month == 2


def test_a_header_alone_imports_nothing(cast, file):
    found = run("deals", file(b"name,value\n"), "--workspace", "acme")
    assert found == {"rows": 0, "created": 0, "updated": 0, "skipped": 0, "errors": 0, "error_file": None}


def test_who_imports_owns_what_nobody_else_does(cast, file):
    run("deals", file(), "--workspace", "acme", "--as", "Bob@acme.example")
    with tenant(cast.workspace):
        deal = Deal.objects.get()
        assert (deal.owner_id, deal.created_by_id) == (cast.bob.user_id, cast.bob.user_id)


def test_a_file_of_which_nothing_could_be_imported_is_a_failure(cast, file):
    """The figures are printed all the same; a script knows by the exit code."""
    out = io.StringIO()
    with pytest.raises(CommandError, match="No row could be imported") as failed:
        call_command(
            "import_csv", "deals", str(file(b"name,value\nA,lots\nB,some\n")), "--workspace", "acme", stdout=out
        )
    assert failed.value.returncode == 1
    found = json.loads(out.getvalue())
    assert (found["rows"], found["errors"]) == (2, 2) and found["error_file"] in str(failed.value)


def test_the_error_file_goes_where_it_is_asked_for_or_can(cast, file, tmp_path):
    bad = file(b"name,value\nGood,1\nA,lots\n")
    found = run("deals", bad, "--workspace", "acme")
    assert found["error_file"] == f"{bad}.errors.csv" and found["errors"] == 1
    assert run("deals", bad, "--workspace", "acme", "--errors", tmp_path / "mine.csv")["error_file"] == str(
        tmp_path / "mine.csv"
    )
    elsewhere = run("deals", bad, "--workspace", "acme", "--errors", tmp_path / "no folder" / "x.csv")["error_file"]
    assert Path(elsewhere).is_file() and "no folder" not in elsewhere


def test_the_region_of_telephone_numbers(cast, file):
    found = run("contacts", file(b"name,phone\nA B,(202) 555-0100\n"), "--workspace", "acme", "--region", "us")
    assert found["error_file"] is None


def test_stand_ins_of_two_workspaces_are_two(cast, file):
    path = file(b"name,owner\nA,Moses Frase\n")
    for slug in ("acme", "rival"):
        assert run("deals", path, "--workspace", slug, "--create", "owners")["created"] == 1
    emails = User.objects.filter(name="Moses Frase").order_by("email").values_list("email", flat=True)
    assert list(emails) == ["moses.frase@acme.import.invalid", "moses.frase@rival.import.invalid"]
