"""What the database itself refuses, whoever writes: rows inserted past every action, each with one thing wrong."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import CheckConstraint, Model

from activities.actions import add_note, log_call, plan_task
from activities.models import Activity, Attachment, Delivery, Note, Task
from deals.actions import add_contact, add_item, create_product, move_to_stage, set_rate, undo_stage_change
from deals.models import ClosedTotal, Deal, DealContact, LineItem, Pipeline, StageEvent, StageTotal
from deals.setup import add_pipeline, add_playbook_task, add_reason
from leads.actions import capture, create_company, create_contact
from leads.models import Campaign, Company, Contact, ContactEmail, Lead, Segment, SegmentMember
from tests.factories import make_deal
from tests.tenancy.walk import rolled_back
from workspaces.models import CustomField
from workspaces.tenancy import tenant

CLOSED = "2026-03-01T00:00:00Z"


def insert(row: Model, **wrong: object) -> None:
    """A copy of the row by SQL alone, under a new id and with these columns; deferred constraints are checked at once."""
    table = row._meta.db_table
    columns = ", ".join(f'"{field.column}"' for field in row._meta.concrete_fields if not field.generated)
    values = {"id": "new"} | wrong
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [table])
        values["id"] = cursor.fetchone()[0]
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_populate_record(NULL::{table}, (SELECT to_jsonb(old) FROM {table} old WHERE id = %s) || %s::jsonb)",  # noqa: S608
            [row.pk, json.dumps(values)],
        )
        assert cursor.rowcount == 1
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def check(row: Model, free: dict[str, object], refused: list[tuple[str, dict[str, object]]]) -> None:
    """With `free` a copy is taken, so that it is the wrong column alone which is refused, by the constraint named."""
    with rolled_back():
        insert(row, **free)
    for constraint, wrong in refused:
        with pytest.raises(DatabaseError, match=constraint), transaction.atomic():
            insert(row, **free | wrong)
            pytest.fail(f"{wrong} was taken, and {constraint} should refuse it")


# --- deals --------------------------------------------------------------------------------------------


def test_deals(cast):
    with tenant(cast.rival, cast.charlie.user):
        theirs = make_deal(cast.charlie, cast.rival_stages["New"])
        their_company = create_company(cast.rival, name="Theirs", by=cast.charlie).pk
        their_lead = capture(cast.rival, by=cast.charlie, last_name="Theirs").pk
    with tenant(cast.workspace, cast.alice.user):
        deal = make_deal(cast.bob, cast.stages["New"])
        other = {
            stage.name: stage.pk for stage in add_pipeline(cast.workspace, name="Other", by=cast.alice).stages.all()
        }
        free = {"rank": "free"}
        won = {"status": "won", "stage_id": cast.stages["Won"].pk, "closed_at": CLOSED, "rank": None}
        lost = {"status": "lost", "stage_id": cast.stages["Lost"].pk, "closed_at": CLOSED, "rank": None, "lost_reason": "Price"}  # fmt: skip
        for closed in (won, lost):
            with rolled_back():
                insert(deal, **closed)
        check(
            deal,
            free,
            [
                ("deal_amount_positive", {"amount": "-0.01"}),
                ("numeric field overflow", {"amount": str(10**12)}),
                ("deal_probability", {"probability": 101}),
                ("deal_probability", {"probability": -1}),
                ("deal_named", {"name": ""}),
                ("deal_rate", {"rate": "0"}),
                # one place, one card; only open deals have one, and only closed ones a time of closing
                ("deal_rank_once", {"rank": deal.rank}),
                ("deal_closed_at", {"rank": None}),
                ("deal_closed_at", {"closed_at": CLOSED}),
                ("deal_closed_at", won | {"closed_at": None}),
                ("deal_closed_at", won | {"rank": "free"}),
                ("deal_closed_at", lost | {"closed_at": None}),
                ("deal_lost_reason", lost | {"lost_reason": ""}),
                # the stage is one of the deal's kind, pipeline and workspace
                ("deals_deal_stage_id_tfk", {"stage_id": cast.stages["Won"].pk}),
                ("deals_deal_stage_id_tfk", won | {"stage_id": cast.stages["Lost"].pk}),
                ("deals_deal_stage_id_tfk", lost | {"stage_id": cast.stages["New"].pk}),
                ("deals_deal_stage_id_tfk", {"stage_id": other["New"]}),
                ("deals_deal_stage_id_tfk", {"stage_id": theirs.stage_id}),
                ("deals_deal_stage_id_tfk|pipeline", {"stage_id": theirs.stage_id, "pipeline_id": theirs.pipeline_id}),
                # and so is everything else it points at
                ("deals_deal_owner_id_mfk", {"owner_id": cast.charlie.user_id}),
                ("deals_deal_created_by_id_mfk", {"created_by_id": cast.charlie.user_id}),
                ("deals_deal_company_id_tfk", {"company_id": their_company}),
                ("deals_deal_lead_id_tfk", {"lead_id": their_lead}),
                ("row-level security", {"workspace_id": cast.rival.pk}),
            ],
        )


def test_a_stage_with_deals_keeps_its_kind_its_pipeline_and_itself(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    other = add_pipeline(acme.workspace, name="Other", by=acme.alice)
    for statement in (
        "UPDATE deals_stage SET kind = 'won', probability = 100 WHERE id = %s",
        f"UPDATE deals_stage SET pipeline_id = {other.pk}, name = 'Moved', position = 99 WHERE id = %s",
        "DELETE FROM deals_stage WHERE id = %s",
    ):
        held = "deals_(deal_stage|deal_furthest|stageevent_to_stage)_id_tfk"  # a deleted one by all three
        with pytest.raises(IntegrityError, match=held), transaction.atomic():
            connection.cursor().execute(statement, [deal.stage_id])
            connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_stages_and_pipelines(acme):
    free = {"name": "Free", "position": 99}
    check(
        acme.stages["New"],
        free,
        [
            ("stage_probability", {"probability": 101}),
            ("deals_stage_probability_check", {"probability": -1}),
            ("stage_closed_probability", {"kind": "won", "probability": 99}),
            ("stage_closed_probability", {"kind": "lost", "probability": 1}),
            ("stage_once", {"name": "Won"}),
            ("stage_position_once", {"position": 3}),
            ("deals_stage_pipeline_id_tfk", {"pipeline_id": acme.rival_stages["New"].pipeline_id}),
        ],
    )
    free = {"name": "Free", "is_default": False}
    check(
        Pipeline.objects.get(),
        free,
        [("pipeline_once", {"name": "Sales"}), ("pipeline_default_once", {"is_default": True})],
    )


def test_what_hangs_on_deals(acme):
    deal, other = make_deal(acme.bob, acme.stages["New"]), make_deal(acme.bob, acme.stages["New"], "Other")
    uma, ida = (create_contact(acme.workspace, by=acme.bob, first_name=name) for name in ("Uma", "Ida"))
    link = add_contact(deal, uma, by=acme.bob)
    assert link.is_primary
    check(
        link,
        {"contact_id": ida.pk, "is_primary": False},
        [("deal_contact_once", {"contact_id": uma.pk}), ("deal_contact_primary", {"is_primary": True})],
    )
    _, event = move_to_stage(deal, acme.stages["Contacted"], by=acme.bob)
    undo_stage_change(event, by=acme.bob)
    undo = StageEvent.objects.get(undoes=event)
    check(undo, {"undoes_id": None}, [("stage_event_undone_once", {"undoes_id": event.pk})])
    move_to_stage(other, acme.stages["Lost"], by=acme.bob, reason="No budget")
    check(StageTotal.objects.get(stage=acme.stages["New"]), {"stage_id": acme.stages["Proposal"].pk}, [("stage_total_once", {"stage_id": acme.stages["New"].pk})])  # fmt: skip
    check(ClosedTotal.objects.get(), {"days": 77}, [("closed_total_once", {"days": 0})])


def test_products_lines_and_rates(acme):
    deal, rival = make_deal(acme.bob, acme.stages["New"]), acme.rival.pk
    product = create_product(acme.workspace, name="Pump", code="P1", unit_price=Decimal(5), by=acme.alice)
    check(
        product,
        {"name": "Free", "code": "F1"},
        [
            ("product_once", {"name": "Pump"}),
            ("product_code_once", {"code": "P1"}),
            ("product_named", {"name": ""}),
            ("product_price_positive", {"unit_price": "-1"}),
            ("row-level security", {"workspace_id": rival}),
        ],
    )
    add_item(deal, product=product, by=acme.bob)
    check(
        LineItem.objects.get(),
        {},
        [
            ("line_item_named", {"name": ""}),
            ("line_item_quantity", {"quantity": "0"}),
            ("line_item_price", {"unit_price": "-1"}),
            ("line_item_discount", {"discount": "101"}),
            ("row-level security", {"workspace_id": rival}),
        ],
    )
    rate = set_rate(acme.workspace, currency="USD", rate=Decimal("0.9"), by=acme.alice)
    check(
        rate,
        {"day": "2026-01-01"},
        [("currency_rate_once", {"day": str(rate.day)}), ("currency_rate_positive", {"rate": "0"})],
    )


def test_reasons_and_playbooks(acme):
    reason = add_reason(acme.workspace, kind="lost", label="Weather", by=acme.alice)
    check(
        reason,
        {"label": "Free"},
        [
            ("close_reason_once", {"label": "Weather"}),
            ("close_reason_closes", {"kind": "open"}),
            ("close_reason_labelled", {"label": ""}),
        ],
    )
    check(
        add_playbook_task(acme.stages["New"], title="Call", by=acme.alice),
        {},
        [
            ("playbook_task_assignee", {"assignee_id": acme.bob.user_id}),
            ("playbook_task_assignee", {"assignee_rule": "member"}),
            ("playbook_task_titled", {"title": ""}),
            ("playbook_task_due", {"due_amount": 1001}),
        ],
    )


def test_fields_of_a_workspaces_own(acme):
    field = CustomField.objects.create(workspace=acme.workspace, entity="deal", key="size", label="Size", type="text")
    check(
        field,
        {"key": "free", "label": "Free"},
        [
            ("custom_field_key_once", {"key": "size"}),
            ("custom_field_label_once", {"label": "SIZE"}),
            ("custom_field_key", {"key": "Size"}),
            ("custom_field_labelled", {"label": ""}),
            ("custom_field_checkbox_free", {"type": "checkbox", "required": True}),
        ],
    )


def test_what_hangs_on_a_deal_goes_with_it(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    add_contact(deal, create_contact(acme.workspace, by=acme.bob, first_name="Uma"), by=acme.bob)
    add_note(deal, "?", by=acme.bob)
    plan_task(deal, "Call", by=acme.bob)
    connection.cursor().execute("DELETE FROM deals_deal WHERE id = %s", [deal.pk])
    for model in (Deal, StageEvent, DealContact, Note, Task):
        assert not model._base_manager.exists(), model
    assert not Activity.objects.filter(deal__isnull=False).exists() and Contact.objects.count() == 1


# --- people and companies -----------------------------------------------------------------------------


def test_people_companies_and_leads(acme):
    company = create_company(acme.workspace, name="Blue", domain="blue.example", by=acme.bob)
    check(
        company,
        {"domain": ""},
        [
            ("company_domain_once", {"domain": "blue.example"}),
            ("company_revenue", {"annual_revenue": "-1"}),
            ("company_named", {"name": ""}),
            ("leads_company_size_check", {"size": -1}),
            ("leads_company_owner_id_mfk", {"owner_id": acme.charlie.user_id}),
        ],
    )
    uma = create_contact(acme.workspace, by=acme.bob, first_name="Uma", emails=["u@blue.example"])
    check(uma, {}, [("contact_named", {"name": ""})])
    check(
        ContactEmail.objects.get(),
        {"email": "free@blue.example", "is_primary": False},
        [("contact_email_once", {"email": "u@blue.example"}), ("contact_email_primary", {"is_primary": True})],
    )
    lead = capture(acme.workspace, by=acme.bob, email="u@blue.example")
    check(
        lead,
        {},
        [
            ("lead_named", {"name": ""}),
            ("lead_score", {"score": 101}),
            ("lead_score", {"score": -1}),
            ("lead_amount", {"estimated_amount": "-0.01"}),
            ("lead_converted", {"status": "converted"}),
            ("lead_converted", {"converted_at": CLOSED}),
        ],
    )
    with rolled_back():
        insert(lead, status="converted", converted_at=CLOSED)
    assert Company.objects.count() == Contact.objects.count() == Lead.objects.count() == 1


def test_campaigns_and_segments(acme):
    campaign = Campaign.objects.create(workspace=acme.workspace, name="Spring", budget=Decimal(5))
    check(
        campaign,
        {"name": "Free", "start": "2026-01-02", "end": "2026-01-02", "cost": "0"},
        [
            ("campaign_once", {"name": "Spring"}),
            ("campaign_dates", {"end": "2026-01-01"}),
            ("campaign_money", {"cost": "-1"}),
            ("campaign_money", {"budget": "-1", "cost": None}),
        ],
    )
    segment = Segment.objects.create(workspace=acme.workspace, name="Large")
    check(segment, {"name": "Free"}, [("segment_once", {"name": "Large"})])
    lead, other = (capture(acme.workspace, by=acme.bob, last_name=name) for name in ("A", "B"))
    member = SegmentMember.objects.create(workspace=acme.workspace, segment=segment, lead=lead)
    check(member, {"lead_id": other.pk}, [("segment_member_once", {"lead_id": lead.pk})])


# --- activities ---------------------------------------------------------------------------------------


def test_activities_are_about_something(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    call, task, note = log_call(deal, by=acme.bob, outcome="busy"), plan_task(deal, "Call", by=acme.bob), add_note(deal, "?", by=acme.bob)  # fmt: skip
    check(
        call, {}, [("activity_has_subject", {"deal_id": None}), ("activities_activity_minutes_check", {"minutes": -1})]
    )
    check(note, {}, [("note_has_subject", {"deal_id": None})])
    check(
        task,
        {"uid": str(uuid4())},
        [
            ("task_has_somebody", {"deal_id": None, "assignee_id": None, "created_by_id": None}),
            ("task_uid_once", {"uid": str(task.uid)}),
            ("task_due_day", {"due_on": "2026-03-01", "due_at": None}),
            ("task_repeat_from", {"repeat": "daily", "due_at": CLOSED}),
            ("task_done_at", {"status": "done"}),
            ("task_done_at", {"done_at": CLOSED}),
            ("task_done_at", {"status": "cancelled", "done_at": CLOSED}),
        ],
    )


def test_files_and_quiet_hours(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    file = Attachment.objects.create(workspace=acme.workspace, deal=deal, name="a.txt", path="here", size=1)
    check(
        file,
        {"path": "free"},
        [("attachment_path_once", {"path": "here"}), ("attachment_has_subject", {"deal_id": None})],
    )
    quiet = Delivery.objects.create(workspace=acme.workspace, user=acme.bob.user)
    check(
        quiet,
        {"user_id": acme.vera.user_id},
        [
            ("delivery_quiet", {"quiet_from": "22:00"}),
            ("delivery_quiet", {"quiet_from": "22:00", "quiet_until": "22:00"}),
        ],
    )


def test_every_check_constraint_is_tried():
    """A new one needs a line above, or a test elsewhere that is named here."""
    elsewhere = {"workspace_works"}
    here = Path(__file__).read_text()
    ours = [model for label in ("workspaces", "activities", "leads", "deals") for model in apps.get_app_config(label).get_models()]  # fmt: skip
    names = {c.name for model in ours for c in model._meta.constraints if isinstance(c, CheckConstraint)}
    # Of years: tests/activities/test_edges_of_time.py.
    assert {name for name in names if f'("{name}"' not in here and not name.endswith("_years")} == elsewhere
    assert len(names) > 20
