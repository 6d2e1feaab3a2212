"""Deals out of a file: created once, with their history; updated by the verbs of every door; bad rows named."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from activities.models import Activity
from connectors import sync
from connectors.importing import read
from connectors.models import ExternalId
from connectors.report import Report
from connectors.upsert_deals import Deals
from deals.actions import delete_deal, set_rate, undo_stage_change, update_deal
from deals.models import Deal, Kind, Pipeline, Stage, StageEvent, StageTotal
from insights.metrics import summary
from leads.models import Company
from tests.factories import make_deal
from workspaces.action import NotAllowed
from workspaces.models import Membership, User
from workspaces.tenancy import tenant

HEADER = "id,name,company,stage,owner,value,created,close date,lost reason\n"


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_an_open_deal_comes_with_its_history(acme, run_import):
    Company.objects.create(workspace=acme.workspace, name="Isdom GmbH", name_key="isdom")
    found = run_import("deals", HEADER + "1,Sensors,ISDOM,qualified,Bob,1200,2026-01-05,2026-03-01,\n")
    assert found.counts == {"created": 1} and not found.report
    deal = Deal.objects.get()
    assert (deal.name, deal.company.name, deal.stage.name, deal.owner_id) == (
        "Sensors",
        "Isdom GmbH",
        "Qualified",
        acme.bob.user_id,
    )
    assert (deal.amount, deal.currency, deal.probability, deal.probability_source) == (1200, "EUR", 40, "stage")
    assert (deal.status, deal.closed_at, str(deal.expected_close_date), deal.version) == ("open", None, "2026-03-01", 1)
    assert deal.created_at == deal.stage_entered_at == deal.last_activity_at == day("2026-01-05")
    assert deal.rank and deal.created_by_id == acme.alice.user_id
    event = StageEvent.objects.get(deal=deal)
    assert (event.from_stage, event.to_stage, event.door, event.left_at) == (
        None,
        deal.stage,
        "import",
        deal.created_at,
    )
    line = Activity.objects.get(deal=deal)
    assert (line.kind, line.door, line.at, line.data, line.company_id) == (
        "deal_created",
        "import",
        deal.created_at,
        {"stage": "Qualified"},
        deal.company_id,
    )


def test_a_closed_deal_was_made_in_the_first_stage_and_closed_from_there(acme, run_import):
    found = run_import(
        "deals",
        HEADER
        + "1,A,,Closed Won,Bob,500,2026-01-05,2026-02-01,\n2,B,,lost,Bob,300,2026-01-05,2026-02-01,No budget\n3,C,,Lost,Bob,,2026-01-05,2026-02-01,\n",
    )
    assert found.counts == {"created": 3}
    won, lost, silent = Deal.objects.order_by("name")
    assert (won.stage.name, won.status, won.probability, won.rank, won.closed_at) == (
        "Won",
        "won",
        100,
        None,
        day("2026-02-01"),
    )
    assert won.expected_close_date is None and won.stage_entered_at == won.last_activity_at == won.closed_at
    assert (lost.lost_reason, lost.won_reason, silent.lost_reason) == ("No budget", "", "Not recorded")
    made, closed = StageEvent.objects.filter(deal=won).order_by("left_at", "id")
    assert (made.from_stage, made.to_stage.name, made.left_at, made.probability) == (None, "New", day("2026-01-05"), 10)
    assert (closed.from_stage.name, closed.to_stage.name, closed.entered_at, closed.left_at) == (
        "New",
        "Won",
        made.left_at,
        won.closed_at,
    )
    assert closed.version == won.version
    lines = Activity.objects.filter(deal=lost).order_by("at", "id").values_list("kind", "at", "data")
    assert list(lines) == [
        ("deal_created", day("2026-01-05"), {"stage": "New"}),
        ("stage_change", day("2026-02-01"), {"from": "New", "to": "Lost", "days": 27, "reason": "No budget"}),
    ]


def test_an_imported_closing_can_be_undone(acme, run_import):
    run_import("deals", HEADER + "1,A,,Won,Bob,500,2026-01-05,2026-02-01,\n")
    back = undo_stage_change(StageEvent.objects.get(to_stage=acme.stages["Won"]), by=acme.alice)
    assert (back.status, back.stage.name, back.closed_at, back.probability) == ("open", "New", None, 10) and back.rank


def test_the_totals_follow(acme, run_import):
    run_import("deals", HEADER + "1,A,,New,Bob,500,,,\n2,B,,New,Bob,300,,,\n3,C,,Won,Bob,100,2026-01-01,2026-01-11,\n")
    total = StageTotal.objects.get(stage=acme.stages["New"])
    assert (total.deals, total.amount, total.weighted) == (2, 800, 80)
    found = summary(acme.workspace)
    assert (found.won.amount, found.win_rate, found.days_to_close_mean) == (100, 1.0, 10)


def test_new_cards_lie_on_top_in_the_order_of_the_file(acme, run_import):
    make_deal(acme.bob, acme.stages["New"], "Old")
    run_import("deals", "name,stage\nA,New\nB,New\nC,New\n")
    column = Deal.objects.filter(stage=acme.stages["New"]).order_by("rank").values_list("name", flat=True)
    assert list(column) == ["A", "B", "C", "Old"]


@pytest.mark.parametrize("header", ["id,name,stage,value\n", "no,name,stage,value\n"])
def test_a_second_run_creates_nothing(acme, run_import, header):
    """Neither with ids nor without, where a row is known by what it says; and identical rows are several deals."""
    text = header + "7,A,New,5\n8,A,Won,5\n9,B,New,5\n9,B,New,5\n"
    first = run_import("deals", text)
    assert first.counts == ({"created": 3, "skipped": 1} if header.startswith("id") else {"created": 4})
    counted = Deal.objects.count(), StageEvent.objects.count(), Activity.objects.count(), ExternalId.objects.count()
    again = run_import("deals", text)
    assert again.counts == {"skipped": 4}
    assert counted == (
        Deal.objects.count(),
        StageEvent.objects.count(),
        Activity.objects.count(),
        ExternalId.objects.count(),
    )


def test_what_was_deleted_stays_deleted(acme, run_import):
    run_import("deals", "id,name\n1,A\n")
    delete_deal(Deal.objects.get(), by=acme.alice)
    assert run_import("deals", "id,name\n1,A\n").counts == {"skipped": 1}
    assert run_import("deals", "id,name\n1,B\n", update=True).counts == {"skipped": 1}
    assert Deal.all_objects.get().name == "A"


def test_a_deal_that_is_gone_for_good_is_made_again(acme, run_import):
    run_import("deals", "id,name\n1,A\n")
    Deal.all_objects.all().delete()
    assert run_import("deals", "id,name\n1,A\n").counts == {"created": 1}
    assert ExternalId.objects.get().object_id == Deal.objects.get().pk
    assert run_import("deals", "id,name\n1,A\n").counts == {"skipped": 1}


def test_the_same_id_of_another_source_is_another_deal(acme, run_import):
    columns = {"id": "external_id", "name": "name"}
    run_import("deals", "id,name\n1,A\n", mapping={"source": "hubspot", "columns": columns})
    assert run_import("deals", "id,name\n1,B\n", mapping={"source": "pipedrive", "columns": columns}).counts == {
        "created": 1
    }


# --- updates ------------------------------------------------------------------------------------


def test_skip_changes_nothing_and_update_only_what_differs(acme, run_import):
    run_import("deals", HEADER + "1,A,,New,Bob,500,2026-01-05,2026-03-01,\n2,B,,New,Bob,300,,,\n")
    changed = HEADER + "1,A,,New,Alice,600,2026-01-05,2026-04-01,\n2,B,,New,,,,,\n"
    assert run_import("deals", changed).counts == {"skipped": 2}
    assert Deal.objects.get(name="A").amount == 500
    assert run_import("deals", changed, update=True).counts == {"skipped": 1, "updated": 1}
    deal = Deal.objects.get(name="A")
    assert (deal.amount, deal.owner_id, str(deal.expected_close_date), deal.version) == (
        600,
        acme.alice.user_id,
        "2026-04-01",
        2,
    )
    line = Activity.objects.get(kind="field_change")
    assert (line.deal_id, line.door, line.actor_id) == (deal.pk, "import", acme.alice.user_id)
    assert line.data["changes"] == {
        "amount": ["500.00", "600.00"],
        "owner_id": ["Bob", "Alice"],
        "expected_close_date": ["2026-03-01", "2026-04-01"],
    }
    assert Deal.objects.get(name="B").amount == 300 and Deal.objects.get(name="B").version == 1


def test_an_update_moves_by_the_verb_of_every_door(acme, run_import):
    run_import(
        "deals",
        HEADER + "1,A,,Contacted,Bob,500,2026-01-05,,\n2,B,,New,Bob,500,2026-01-05,,\n3,C,,New,Bob,500,2026-01-05,,\n",
    )
    found = run_import(
        "deals",
        HEADER
        + "1,A,,Won,Bob,700,2026-01-05,2026-02-01,\n2,B,,Won,Bob,700,2026-01-05,2026-02-01,\n3,C,,Lost,Bob,500,2026-01-05,2026-02-01,Bad timing\n",
        update=True,
    )
    assert found.counts == {"error": 1, "updated": 2}
    assert [(line["line"], line["column"], line["level"]) for line in found.report] == [("3", "stage", "error")]
    assert "cannot be won from New" in found.report[0]["reason"]
    won, refused, lost = Deal.objects.order_by("name")
    assert (won.status, won.closed_at, won.amount, won.stage_events.count()) == ("won", day("2026-02-01"), 700, 2)
    assert (refused.status, refused.amount, refused.version) == ("open", 500, 1)
    assert (lost.status, lost.lost_reason, lost.stage_events.latest("id").door) == ("lost", "Bad timing", "import")


def test_an_update_overwrites_what_somebody_typed_meanwhile_and_the_trail_keeps_it(acme, run_import):
    run_import("deals", "id,name,next step\n1,A,Call\n")
    update_deal(Deal.objects.get(), by=acme.bob, version=1, next_step="Write")
    run_import("deals", "id,name,next step\n1,A,Call\n", update=True)
    assert Activity.objects.filter(kind="field_change").latest("id").data["changes"] == {"next_step": ["Write", "Call"]}


# --- what the file names ------------------------------------------------------------------------


def test_what_is_not_there_is_an_error_that_names_what_is(acme, run_import):
    found = run_import(
        "deals",
        HEADER
        + "1,A,Nobody Inc,New,Bob,1,,,\n2,B,,Signed,Bob,1,,,\n3,C,,New,Eve,1,,,\n4,D,,New,Bob,1,2026-01-01,2026-02-01,\n",
    )
    assert found.counts == {"created": 1, "error": 3}
    assert [problem for problem in found.problems if problem[1] == "error"] == [
        ("2", "error", "company"),
        ("3", "error", "stage"),
        ("4", "error", "owner"),
    ]
    reasons = {line["column"]: line["reason"] for line in found.report if line["level"] == "error"}
    assert "--create companies" in reasons["company"]
    assert "New, Contacted, Qualified" in reasons["stage"] and "--create stages" in reasons["stage"]
    assert "Alice, Bob" in reasons["owner"]
    assert Deal.objects.get().name == "D" and not Company.objects.exists()


def test_what_is_not_there_is_made_when_asked(acme, run_import):
    text = "name,company,stage,owner,product\nA,Isdom,Signed,Moses Frase,GTX\nB,ISDOM Ltd,Talking,Moses  Frase,gtx\nC,Betatech,signed,Bob,MG\n"
    found = run_import("deals", text, create="companies,stages,owners,products")
    assert found.counts == {"created": 3} and not found.report
    assert sorted(Company.objects.values_list("name", flat=True)) == ["Betatech", "Isdom"]
    moses = Membership.objects.get(user__name="Moses Frase")
    assert (moses.role, moses.user.email, moses.user.has_usable_password()) == (
        "rep",
        "moses.frase@acme.import.invalid",
        False,
    )
    stages = list(
        Stage.objects.filter(pipeline__workspace=acme.workspace)
        .order_by("position")
        .values_list("name", "kind", "probability")
    )
    assert stages[4:] == [
        ("Proposal", "open", 80),
        ("Talking", "open", 33),
        ("Signed", "open", 67),
        ("Won", "won", 100),
        ("Lost", "lost", 0),
    ]
    assert sorted(Deal.objects.values_list("product", flat=True)) == ["GTX", "GTX", "MG"]
    assert Activity.objects.filter(company__name="Isdom", deal=None).get().body == "Company created"


def test_new_stages_stand_in_the_order_that_their_names_tell(acme, run_import):
    run_import("deals", "name,stage\nA,Price negotiation\nB,Prospecting\nC,Demo given\n", create="stages")
    names = list(Stage.objects.filter(kind="open").order_by("position").values_list("name", flat=True))
    assert names[5:] == ["Prospecting", "Demo given", "Price negotiation"]


def test_only_admins_make_members_and_stages(acme, run_import):
    with pytest.raises(NotAllowed):
        run_import("deals", "name,owner\nA,Eve\n", create="owners", by=acme.bob)
    with pytest.raises(NotAllowed):
        run_import("deals", "name,stage\nA,Signed\n", create="stages", by=acme.bob)
    assert run_import("deals", "name,owner\nA,Bob\n", create="owners,stages", by=acme.bob).counts == {"created": 1}
    with pytest.raises(NotAllowed):
        run_import("deals", "name\nA\n", by=acme.vera)


def test_an_address_never_lets_anybody_in(acme, run_import):
    """Not the one who has it, nor one who mistyped it: a stand-in owns the deals until somebody is invited."""
    User.objects.create_user("eve@elsewhere.example", "demo", name="Eve")
    run_import("deals", "name,owner\nA,eve@elsewhere.example\nB,bob@acme.example\n", create="owners")
    assert not Membership.objects.filter(user__email="eve@elsewhere.example").exists()
    owner = Deal.objects.get(name="A").owner
    assert owner.name == "eve@elsewhere.example" and owner.email.endswith("@acme.import.invalid")
    assert Deal.objects.get(name="B").owner_id == acme.bob.user_id
    assert run_import("deals", "name,owner\nC,eve@elsewhere.example\n", create="owners").counts == {"created": 1}
    assert Deal.objects.get(name="C").owner_id == owner.pk


def test_who_left_owns_nothing_new(acme, run_import):
    Membership.objects.filter(pk=acme.bob.pk).update(status="left")
    found = run_import("deals", "name,owner\nA,Bob\n", create="owners")
    assert found.counts == {"error": 1} and "not an active member" in found.report[0]["reason"]


def test_two_members_of_one_name_are_not_guessed_between(acme, run_import):
    twin = User.objects.create_user("bob2@acme.example", "demo", name="Bob")
    Membership.objects.create(workspace=acme.workspace, user=twin, role="rep")
    found = run_import("deals", "name,owner\nA,Bob\nB,bob2@acme.example\n")
    assert found.counts == {"created": 1, "error": 1} and Deal.objects.get().owner_id == twin.pk


def test_products_are_one_spelling_each(acme, run_import):
    make_deal(acme.bob, acme.stages["New"], product="GTX Pro")
    found = run_import("deals", "name,product\nA,GTXPro\nB,GTK 500\n")
    assert Deal.objects.get(name="A").product == "GTX Pro" and Deal.objects.get(name="B").product == ""
    assert found.problems == [("3", "warning", "product")]


def test_companies_by_id_and_domain(acme, run_import):
    run_import("companies", "id,name,domain\n7,Isdom,isdom.example\n")
    found = run_import("deals", "name,company id,company domain\nA,7,\nB,,https://www.isdom.example/x\nC,8,\n")
    assert found.counts == {"created": 3} and found.problems == [("4", "warning", "company id")]
    assert [deal.company and deal.company.name for deal in Deal.objects.order_by("name")] == ["Isdom", "Isdom", None]


def test_pipelines_and_statuses(acme, run_import):
    other = Pipeline.objects.create(workspace=acme.workspace, name="Renewals", position=1)
    Stage.objects.bulk_create(
        Stage(
            workspace=acme.workspace,
            pipeline=other,
            name=name,
            position=position,
            kind=kind,
            probability={"won": 100}.get(kind, 0),
        )
        for position, (name, kind) in enumerate(
            (("Due", Kind.OPEN), ("Asked", Kind.OPEN), ("Renewed", Kind.WON), ("Gone", Kind.LOST))
        )
    )
    found = run_import(
        "deals",
        "name,pipeline,stage,status\nA,renewals,Asked,Open\nB,Renewals,Asked,Won\nC,,Proposal,Lost\nD,Upsell,New,Open\nE,Renewals,Proposal,Open\nF,Renewals,,Open\n",
    )
    stages = {
        deal.name: (deal.pipeline.name, deal.stage.name) for deal in Deal.objects.select_related("stage", "pipeline")
    }
    assert stages == {
        "A": ("Renewals", "Asked"),
        "B": ("Renewals", "Renewed"),
        "C": ("Sales", "Lost"),
        "F": ("Renewals", "Due"),
    }
    assert [line["line"] for line in found.report if line["level"] == "error"] == ["5", "6"]
    assert run_import("deals", "title\nG\n", mapping={"pipeline": "Renewals", "columns": {"title": "name"}}).counts == {
        "created": 1
    }
    assert Deal.objects.get(name="G").stage.name == "Due"


# --- what the file leaves open ------------------------------------------------------------------


def test_gaps_are_reported_and_the_rows_kept(acme, run_import):
    found = run_import(
        "deals",
        "product,account,deal stage,engage date,close date,close value\nGTX,,New,,,\n,Isdom,Won,,,\n",
        create="companies,products",
    )
    assert found.counts == {"created": 2}
    assert {(line["line"], line["column"]) for line in found.report} == {
        ("2", "account"), ("2", "close value"), ("2", "engage date"), ("2", "close date"),
        ("3", "close value"), ("3", "engage date"), ("3", "close date"),
    }  # fmt: skip
    assert {line["level"] for line in found.report} == {"warning"}
    assert sorted(Deal.objects.values_list("name", flat=True)) == ["GTX", "Isdom"]


def test_deals_without_a_name_get_one(acme, run_import):
    run_import("deals", "id,company,product\n1,Isdom,GTX\n2,Isdom,\n3,,GTX\n4,,\n", create="companies,products")
    assert list(Deal.objects.order_by("pk").values_list("name", flat=True)) == [
        "GTX for Isdom",
        "Isdom",
        "GTX",
        "Deal 4",
    ]


def test_closed_before_created(acme, run_import):
    found = run_import("deals", HEADER + "1,A,,Won,Bob,5,2026-03-01,2026-02-01,\n")
    assert Deal.objects.get().created_at == Deal.objects.get().closed_at == day("2026-02-01")
    assert ("2", "warning", "created") in found.problems


def test_a_reason_other_without_a_note(acme, run_import):
    run_import("deals", HEADER + "1,A,,Lost,Bob,5,2026-01-01,2026-02-01,Other\n")
    assert (Deal.objects.get().lost_reason, Deal.objects.get().close_note) == ("Other", "Not recorded")


def test_a_probability_of_its_own_is_kept_as_such(acme, run_import):
    run_import("deals", "name,stage,probability\nA,New,70\nB,Won,70\nC,New,\n")
    found = {deal.name: (deal.probability, deal.probability_source) for deal in Deal.objects.all()}
    assert found == {"A": (70, "manual"), "B": (100, "stage"), "C": (10, "stage")}


# --- safety -------------------------------------------------------------------------------------


def test_each_bad_row_is_named_and_never_stops_the_good_ones(acme, run_import):
    text = (
        HEADER
        + "1,A,,New,Bob,lots,,,\n2,B,,New,Bob,5,31/31/2026,,\n3,C,,New,Bob,5,,,\n4,D,,New\n5,E,,New,Bob,5,,,,surplus\n6,,,,,,,,\n7,=SUM(A1),,Nowhere,Bob,5,,,\n"
    )
    found = run_import("deals", text)
    assert found.counts == {"created": 3, "error": 4}
    assert [problem for problem in found.problems if problem[1] == "error"] == [
        ("2", "error", "value"), ("3", "error", "created"), ("6", "error", ""), ("8", "error", "stage"),
    ]  # fmt: skip
    line = found.report[0]
    assert (line["value"], line["name"], line["lost reason"]) == ("lots", "A", "") and "not a number" in line["reason"]
    assert found.report[-1]["name"] == "'=SUM(A1)"


class Picky(Deals):
    """Deals whose external ids the checks let through and the column does not hold."""

    def create(self, rows):
        made = super().create(rows)
        self._remember({row.key * 100: pk for row, pk in zip(rows, made, strict=True) if row.values["name"] == "long"})
        return made


def test_a_row_that_only_the_database_refuses_is_found_among_the_others(acme, tmp_path):
    """A chunk is a handful of statements; what breaks one of them is found by halving."""
    path = tmp_path / "file.csv"
    path.write_text("id,name\n" + "".join(f"{n:03},{'long' if n in (7, 250) else 'fine'}\n" for n in range(300)))
    reading = read("deals", path, acme.workspace)
    upsert = Picky(acme.workspace, by=acme.alice, reading=reading, options=sync.Options())
    with Report(tmp_path / "errors.csv", reading.table.headers) as report:
        result = sync.run_import(upsert, report)
    assert dict(result.outcomes) == {"created": 298, "error": 2}
    assert Deal.objects.filter(name="fine").count() == Deal.objects.count() == ExternalId.objects.count() == 298
    lines = (tmp_path / "errors.csv").read_text().splitlines()[1:]
    assert [line.split(",")[0] for line in lines] == [
        "9",
        "252",
    ] and "the database refused it: value too long" in lines[0]


def test_a_dry_run_counts_the_same_and_writes_nothing(acme, run_import):
    text = HEADER + "1,A,Isdom,Signed,Moses Frase,5,,,\n2,B,,New,Bob,lots,,,\n1,A,Isdom,Signed,Moses Frase,5,,,\n"
    tried = run_import("deals", text, create="companies,stages,owners", dry_run=True)
    for model in (Deal, Company, StageEvent, Activity, ExternalId):
        assert not model.objects.exists()
    assert not Stage.objects.filter(name="Signed").exists() and not User.objects.filter(name="Moses Frase").exists()
    done = run_import("deals", text, create="companies,stages,owners")
    assert tried.counts == done.counts == {"created": 1, "error": 1, "skipped": 1}
    assert tried.report == done.report


def test_nothing_of_another_workspace_is_found_or_touched(acme, run_import):
    with tenant(acme.rival, acme.charlie.user):
        make_deal(acme.charlie, acme.rival_stages["New"], "Theirs", product="Secret")
        Company.objects.create(workspace=acme.rival, name="Isdom", name_key="isdom")
        ExternalId.objects.create(
            workspace=acme.rival, source="csv", kind="deal", external_id="1", object_id=Deal.objects.get().pk
        )
    found = run_import(
        "deals", "id,name,company,owner,product\n1,A,Isdom,,secret\n2,B,,Charlie,\n", create="companies", update=True
    )
    assert found.counts == {"created": 1, "error": 1}
    assert Deal.objects.get().company.workspace_id == acme.workspace.pk and Deal.objects.get().product == ""
    with tenant(acme.rival, acme.charlie.user):
        assert Deal.objects.get().name == "Theirs" and Company.objects.count() == 1 and Activity.objects.count() == 1


def test_naughty_strings_are_only_strings(acme, run_import):
    naughty = [
        "'; DROP TABLE deals_deal; --",
        "<script>alert(1)</script>",
        "\\N",
        "\\.",
        "%s",
        "{{7*7}}",
        "tab\there",
        "‮reversed",
        "𝕌𝕟𝕚",
    ]
    quoted = "".join(f'{n},"{text}",New\n' for n, text in enumerate(naughty))
    run_import("deals", "id,name,stage\n" + quoted)
    assert list(Deal.objects.order_by("pk").values_list("name", flat=True)) == [
        " ".join(text.split()) for text in naughty
    ]


def test_amounts_keep_their_cents(acme, run_import):
    run_import("deals", "name;value\nA;1.234,56\nB;€ 2,5K\n")
    assert [deal.amount for deal in Deal.objects.order_by("name")] == [Decimal("1234.56"), Decimal("2500.00")]


def test_each_row_may_name_its_currency_if_a_rate_of_it_is_kept(acme, run_import):
    set_rate(acme.workspace, currency="USD", rate=Decimal("0.5"), day=date(2026, 1, 1), by=acme.alice)
    rows = "id,name,value,currency\n1,Own,100,eur\n2,Theirs,$200,USD\n3,Neither,300,CHF\n4,None,400,\n"
    found = run_import("deals", rows)
    assert found.counts["created"] == 3 and "no rate of it is kept" in str(found.report)
    assert {(deal.name, deal.currency, deal.base_amount) for deal in Deal.objects.all()} == {
        ("Own", "EUR", 100), ("Theirs", "USD", 100), ("None", "EUR", 400),
    }  # fmt: skip
    again = run_import("deals", "id,name,value,currency\n1,Own,100,USD\n", update=True)
    assert again.counts == {"updated": 1}, again.report
    assert Deal.objects.get(name="Own").base_amount == 50


def test_an_amount_that_names_another_currency_than_its_row_is_an_error(acme, run_import):
    set_rate(acme.workspace, currency="USD", rate=Decimal("0.5"), day=date(2026, 1, 1), by=acme.alice)
    rows = "id,name,value,currency\n1,A,USD 100,EUR\n2,B,USD 200,\n3,C,€400,USD\n4,D,USD 500,USD\n5,E,$600,USD\n"
    found = run_import("deals", rows)
    assert found.counts == {"created": 2, "error": 3}
    assert {(deal.name, deal.currency) for deal in Deal.objects.all()} == {("D", "USD"), ("E", "USD")}
