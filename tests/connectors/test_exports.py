"""Files of lists: what is in them, who gets them, and that each is made once."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import zipfile
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from activities.actions import plan_task
from activities.models import Notification
from connectors.exports import actions
from connectors.exports.actions import ask_for_export, claim, file_of, make_export, overdue, remove_expired
from connectors.exports.columns import columns_of
from connectors.exports.finding import LISTINGS
from connectors.models import Export
from connectors.tasks import make_waiting_exports, remove_old_exports
from deals.actions import find_or_create_tags, tag_deal
from deals.columns import all_columns
from deals.models import Deal
from leads.actions import capture, create_company, create_contact
from tests.factories import make_deal, url
from workspaces.action import Refused
from workspaces.custom.actions import create_field
from workspaces.custom.values import Entity
from workspaces.models import Membership, User, Workspace
from workspaces.tenancy import tenant

MARKER = "zq-hidden-from-bob"


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def exported(member, entity="deal", query="", **more) -> Export:
    export = ask_for_export(
        member.workspace, entity=entity, format=more.pop("format", "csv"), by=member, query=query, **more
    )
    make_export(member.workspace_id, export.pk)
    export.refresh_from_db()
    return export


def rows_of(export: Export) -> list[dict[str, str]]:
    raw = file_of(export).read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))


# --- what is in them --------------------------------------------------------------------------------------


def test_deals_with_all_columns_and_their_own_fields(acme):
    create_field(acme.workspace, entity="deal", label="Seats", type="number", by=acme.alice)
    create_field(acme.workspace, entity="deal", label="Coach", type="user", by=acme.alice)
    company = create_company(acme.workspace, name="Harbour", by=acme.bob)
    make_deal(acme.bob, acme.stages["Contacted"], "Much", 1234, company=company, custom={"seats": "-9.5", "coach": acme.alice.user_id})  # fmt: skip
    make_deal(acme.bob, acme.stages["New"], "Little", None)
    export = exported(acme.bob)
    assert (export.state, export.rows, export.total) == ("ready", 2, 2)
    little, much = rows_of(export)
    assert much["Deal name"] == "Much"
    assert (much["Company"], much["Pipeline"], much["Stage"], much["Status"]) == (
        "Harbour",
        "Sales",
        "Contacted",
        "Open",
    )
    assert (much["Amount"], much["Weighted"], much["Currency"], much["Owner"]) == ("1234", "246.8", "EUR", "Bob")
    assert (much["Seats"], much["Coach"]) == ("-9.5", "Alice")
    assert (little["Amount"], little["Seats"], little["Company"]) == ("", "", "")


def test_what_the_filter_finds_and_the_columns_that_are_chosen(acme):
    create_field(acme.workspace, entity="deal", label="Tier", type="choice", choices=["Gold"], by=acme.alice)
    make_deal(acme.bob, acme.stages["New"], "Gold one", 500, custom={"tier": "gold"})
    make_deal(acme.bob, acme.stages["New"], "Plain one", 500)
    export = exported(acme.bob, query="cf_tier=gold&amount_min=100", columns=["cf_tier", "name", "nonsense"])
    assert rows_of(export) == [{"Tier": "Gold", "Deal name": "Gold one"}]
    lost = Deal.objects.get(name="Plain one")
    assert [row["Deal name"] for row in rows_of(exported(acme.bob, query=f"tab=all&ids={lost.pk},7"))] == ["Plain one"]


def test_every_column_of_the_lists_can_be_exported_as_it_is_shown(acme, login):
    lists = {entity: {column.name for column in listing.columns} for entity, listing in LISTINGS.items()}
    for entity, shown in (lists | {Entity.DEAL: set(all_columns(acme.workspace))}).items():
        assert shown <= {column.name for column in columns_of(acme.workspace, entity, [])}, entity
    deal = make_deal(acme.bob, acme.stages["Contacted"], "Gold one", expected_close_date=date(2030, 1, 2))
    tag_deal(deal, find_or_create_tags(acme.workspace, ["Pilot", "Cold"], by=acme.bob), by=acme.bob)
    plan_task(deal, "Call Ida", by=acme.bob)
    page = url(acme.workspace, "export_new", "deal")
    for tab, head in (("open", "Expected close date"), ("won", "Closed at")):
        login(acme.bob).post(f"{page}?tab={tab}&columns=name,next,tags,close", {"format": "csv", "columns": "chosen"})
        export = Export.objects.order_by("-pk").first()
        make_export(acme.workspace.pk, export.pk)
        export.refresh_from_db()
        heads, *rows = csv.reader(file_of(export).read_text("utf-8-sig").splitlines())
        assert heads == ["Deal name", "Next activity", "Tags", head]
        assert rows == ([["Gold one", "Call Ida", "Cold; Pilot", "2030-01-02"]] if tab == "open" else [])


def test_leads_companies_and_contacts(acme):
    create_company(
        acme.workspace, name="Harbour", domain="harbour.example", by=acme.bob, annual_revenue=Decimal("1000.50")
    )
    create_contact(acme.workspace, by=acme.bob, first_name="Uma", last_name="Hall", emails=["u@x.example", "b@x.example"], phones=["+4930123456"])  # fmt: skip
    capture(acme.workspace, by=acme.bob, email="ida@x.example", company_name="Harbour", owner_id=acme.bob.user_id)
    company = rows_of(exported(acme.bob, "company"))[0]
    assert (company["Company name"], company["Annual revenue"], company["Parent company"]) == ("Harbour", "1000.5", "")
    contact = rows_of(exported(acme.bob, "contact", query="q=uma"))[0]
    assert (contact["Full name"], contact["Email"], contact["Do not email"]) == (
        "Uma Hall",
        "u@x.example; b@x.example",
        "no",
    )
    lead = rows_of(exported(acme.bob, "lead"))[0]
    assert (lead["Email"], lead["Status"], lead["Owner"]) == ("ida@x.example", "New", "Bob")


@pytest.mark.parametrize("begun", ["=", "+", "-", "@", "\t=", " =", "＝", "\r="])
def test_no_cell_is_a_formula(acme, begun):
    deal = make_deal(acme.bob, acme.stages["New"], "x")
    Deal.objects.filter(pk=deal.pk).update(name=f"{begun}HYPERLINK(1)")
    assert rows_of(exported(acme.bob))[0]["Deal name"] == f"'{begun}HYPERLINK(1)"
    sheet = sheet_of(exported(acme.bob, format="xlsx"))
    assert "<f>" not in sheet


def sheet_of(export: Export) -> str:
    with zipfile.ZipFile(file_of(export)) as book:
        return book.read("xl/worksheets/sheet1.xml").decode()


def test_a_sheet_has_numbers_days_and_texts(acme):
    create_field(acme.workspace, entity="deal", label="Start", type="date", by=acme.alice)
    make_deal(acme.bob, acme.stages["New"], "Zoë & <Co>", 1234, custom={"start": "2026-11-20"})
    sheet = sheet_of(exported(acme.bob, format="xlsx", columns=["name", "amount", "cf_start"]))
    assert "Zoë &amp; &lt;Co&gt;" in sheet
    assert "<v>1234</v>" in sheet
    assert "<v>46346</v>" in sheet  # 20 November 2026 as a sheet counts days


def test_times_are_those_of_who_asked(acme):
    User.objects.filter(pk=acme.bob.user_id).update(time_zone="Asia/Tokyo")
    make_deal(acme.bob, acme.stages["New"])
    Deal.objects.update(created_at="2026-11-20T23:30:15Z")
    assert rows_of(exported(acme.bob))[0]["Created at"] == "2026-11-21 08:30"


# --- who gets what ------------------------------------------------------------------------------------------


def test_rows_that_one_may_not_see_never_get_in(acme):
    """What a rep of another team owns: not by the list, not by naming it, not by a filter, in neither format."""
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility="own")
    hidden = make_deal(acme.alice, acme.stages["New"], MARKER)
    make_deal(acme.bob, acme.stages["New"], "Mine")
    capture(acme.workspace, by=acme.alice, first_name=MARKER, owner_id=acme.alice.user_id)
    bob = Membership.objects.select_related("workspace", "user").get(pk=acme.bob.pk)
    for entity, query in (("deal", ""), ("deal", f"tab=all&ids={hidden.pk}"), ("deal", f"q={MARKER}"), ("deal", f"owner={acme.alice.user_id}"), ("lead", "")):  # fmt: skip
        assert MARKER not in file_of(exported(bob, entity, query)).read_text()
        with zipfile.ZipFile(file_of(exported(bob, entity, query, format="xlsx"))) as book:
            assert not [name for name in book.namelist() if MARKER in book.read(name).decode()]
    assert "Mine" in file_of(exported(bob)).read_text()


def test_what_went_out_of_sight_meanwhile_is_left_out(acme):
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility="own")
    bob = Membership.objects.select_related("workspace", "user").get(pk=acme.bob.pk)
    make_deal(bob, acme.stages["New"], "Stays")
    gone = make_deal(bob, acme.stages["New"], MARKER)
    export = ask_for_export(bob.workspace, entity="deal", format="csv", by=bob)
    making = actions.Making(bob.workspace_id, export.pk, claim(bob.workspace_id, export.pk))
    making.begin()
    Deal.objects.filter(pk=gone.pk).update(owner_id=acme.alice.user_id)
    making.write()
    making.finish()
    export.refresh_from_db()
    assert (export.rows, MARKER in file_of(export).read_text()) == (1, False)


def test_only_who_asked_fetches_it(transactional_db, cast, login):
    """Outside of any transaction: a file is streamed without a connection."""
    acme = cast
    with tenant(acme.workspace, acme.bob.user):
        make_deal(acme.bob, acme.stages["New"])
        export = exported(acme.bob)
    path = url(acme.workspace, "export_download", export.pk)
    answer = login(acme.bob).get(path)
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content).startswith(b"\xef\xbb\xbf")
    assert answer["Content-Disposition"].startswith('attachment; filename="deals-')
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    for other in (acme.alice, acme.vera, acme.charlie):
        assert login(other).get(path).status_code in (403, 404)
        assert login(other).get(url(acme.workspace, "export_detail", export.pk)).status_code in (403, 404)
    with tenant(acme.workspace):
        Export.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert login(acme.bob).get(path).status_code == 404


def test_who_was_suspended_gets_none(acme):
    export = ask_for_export(acme.workspace, entity="deal", format="csv", by=acme.bob)
    Membership.objects.filter(pk=acme.bob.pk).update(status="suspended")
    make_export(acme.workspace.pk, export.pk)
    export.refresh_from_db()
    assert (export.state, export.file) == ("failed", "")
    assert "may not export" in export.problem


def test_viewers_export_nothing(acme, login):
    assert login(acme.vera).get(url(acme.workspace, "export_new", "deal")).status_code == 403
    with pytest.raises(Refused):
        ask_for_export(acme.workspace, entity="deal", format="csv", by=acme.vera)


# --- once ---------------------------------------------------------------------------------------------------


def test_it_is_made_once_however_often_the_task_comes(acme):
    make_deal(acme.bob, acme.stages["New"])
    export = exported(acme.bob)
    before = file_of(export).stat().st_mtime_ns
    make_export(acme.workspace.pk, export.pk)
    export.refresh_from_db()
    assert (export.attempts, file_of(export).stat().st_mtime_ns) == (1, before)
    told = Notification.objects.filter(recipient_id=acme.bob.user_id, kind="job_finished")
    assert told.count() == 1
    assert list(actions.folder(acme.workspace.pk).iterdir()) == [file_of(export)]


def test_a_killed_attempt_is_made_again_and_cannot_finish(acme):
    make_deal(acme.bob, acme.stages["New"])
    export = ask_for_export(acme.workspace, entity="deal", format="csv", by=acme.bob)
    first = claim(acme.workspace.pk, export.pk)
    killed = actions.Making(acme.workspace.pk, export.pk, first)
    killed.begin()
    # As long as it says that it is at work, nobody else begins.
    assert claim(acme.workspace.pk, export.pk) is None
    assert overdue(acme.workspace.pk) == []
    Export.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert overdue(acme.workspace.pk) == [export.pk]
    make_export(acme.workspace.pk, export.pk)
    export.refresh_from_db()
    assert (export.state, export.attempts, export.rows) == ("ready", 2, 1)
    with pytest.raises(actions.LeaseLost):
        killed.write()
    assert Export.objects.get().file == export.file


def test_what_is_broken_off_three_times_failed(acme):
    export = ask_for_export(acme.workspace, entity="deal", format="csv", by=acme.bob)
    for _ in range(3):
        assert claim(acme.workspace.pk, export.pk)
        Export.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert claim(acme.workspace.pk, export.pk) is None
    assert Export.objects.get().state == "failed"


def test_after_a_week_it_is_gone(acme):
    make_deal(acme.bob, acme.stages["New"])
    old, new = exported(acme.bob), exported(acme.bob)
    ago = timezone.now() - timedelta(days=8)
    Export.objects.filter(pk=old.pk).update(created_at=ago, expires_at=ago + timedelta(days=7))
    path = file_of(old)
    remove_expired(acme.workspace.pk)
    assert not path.exists()
    assert [export.pk for export in Export.objects.all()] == [new.pk]
    assert file_of(new).exists()


def test_the_tasks_of_beat_go_through_all_workspaces(acme):
    ask_for_export(acme.workspace, entity="deal", format="csv", by=acme.bob)
    make_waiting_exports()
    remove_old_exports()
    assert Export.objects.count() == 1


def test_an_export_that_cannot_be_read_or_is_one_too_many_is_refused(acme):
    with pytest.raises(Refused, match="cannot be read"):
        ask_for_export(acme.workspace, entity="deal", format="csv", by=acme.bob, query="amount_min=many")
    with pytest.raises(Refused, match="is gone"):
        ask_for_export(acme.workspace, entity="deal", format="csv", by=acme.bob, query="pipeline=99999999")
    for _ in range(5):
        ask_for_export(acme.workspace, entity="deal", format="csv", by=acme.bob)
    with pytest.raises(Refused, match="5 exports of yours"):
        ask_for_export(acme.workspace, entity="deal", format="csv", by=acme.bob)


# --- pages --------------------------------------------------------------------------------------------------


def test_from_the_dialog_to_the_download(acme, login):
    make_deal(acme.bob, acme.stages["New"], "Harbour")
    make_deal(acme.bob, acme.stages["New"], "Island")
    bob = login(acme.bob)
    new = url(acme.workspace, "export_new", "deal") + "?q=harbour&after=x&columns=name,amount"
    page = bob.get(new).content.decode()
    assert "1 row:" in page
    answer = bob.post(new, {"format": "csv", "columns": "chosen"})
    export = Export.objects.get()
    assert answer.url == url(acme.workspace, "export_detail", export.pk)
    assert (export.query, export.columns) == ("q=harbour", ["name", "amount"])
    waiting = bob.get(answer.url).content.decode()
    assert 'hx-trigger="every 1s"' in waiting
    make_export(acme.workspace.pk, export.pk)
    ready = bob.get(answer.url, headers={"X-Part": "state"}).content.decode()
    assert url(acme.workspace, "export_download", export.pk) in ready
    assert "hx-trigger" not in ready
    assert "Download" in bob.get(url(acme.workspace, "export_list")).content.decode()


def test_many_rows_take_chunks_and_say_how_far_they_are(acme):
    for number in range(8):
        make_deal(acme.bob, acme.stages["New"], f"Deal {number}")
    export = ask_for_export(acme.workspace, entity="deal", format="csv", by=acme.bob)
    making = actions.Making(acme.workspace.pk, export.pk, claim(acme.workspace.pk, export.pk), chunk=3)
    making.run()
    export.refresh_from_db()
    assert (export.rows, export.state) == (8, "ready")
    assert [row["Deal name"] for row in rows_of(export)] == [f"Deal {number}" for number in reversed(range(8))]


# Writes the first chunk, says so, and is killed.
DYING = """
import os, sys, time, django
os.environ["DATABASE_URL"] = sys.argv[1]
django.setup()
from django.conf import settings
settings.MEDIA_ROOT = sys.argv[4]
from connectors.exports import actions
workspace, export = int(sys.argv[2]), int(sys.argv[3])
making = actions.Making(workspace, export, actions.claim(workspace, export), chunk=2)
making.begin()
written = making.write_chunk
def slowly(*arguments):
    written(*arguments)
    print(making.done, flush=True)
    time.sleep(60) if making.done > 2 else None
making.write_chunk = slowly
making.write()
"""


def test_a_worker_that_is_killed_leaves_progress_and_the_next_one_makes_the_whole_file_once(
    transactional_db, cast, settings
):
    workspace = cast.workspace
    with tenant(workspace, cast.bob.user):
        for number in range(7):
            make_deal(cast.bob, cast.stages["New"], f"Deal {number}")
        export = ask_for_export(workspace, entity="deal", format="csv", by=cast.bob)
    base, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    worker = subprocess.Popen(
        [sys.executable, "-c", DYING, f"{base}/{connection.settings_dict['NAME']}", str(workspace.pk), str(export.pk), str(settings.MEDIA_ROOT)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "crm_project.settings"},
    )  # fmt: skip
    assert worker.stdout.readline().strip() == "2"
    assert worker.stdout.readline().strip() == "4"
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    with tenant(workspace):
        # The chunk that was through can be seen; the other was rolled back with its worker.
        assert Export.objects.values_list("state", "rows", "total").get() == ("running", 2, 7)
        make_export(workspace.pk, export.pk)
        assert Export.objects.get().state == "running"
        Export.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert overdue(workspace.pk) == [export.pk]
        make_export(workspace.pk, export.pk)
        export = Export.objects.get()
        assert (export.state, export.rows, export.attempts) == ("ready", 7, 2)
        assert len(rows_of(export)) == 7
        left = [path for path in actions.folder(workspace.pk).iterdir() if path != file_of(export)]
        assert [path.suffix for path in left] == [".part"]
        long_ago = (timezone.now() - timedelta(days=2)).timestamp()
        os.utime(left[0], (long_ago, long_ago))
        remove_expired(workspace.pk)
        assert list(actions.folder(workspace.pk).iterdir()) == [file_of(export)]
