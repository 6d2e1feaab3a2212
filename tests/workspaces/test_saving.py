"""What `save` writes: what the ORM would have written, without asking it each time (workspaces/saving.py)."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F

from automation.models import Message
from deals.models import Deal
from leads.models import Lead
from tests.automation.mails import make_lead
from tests.factories import make_deal


@pytest.fixture(autouse=True, params=[None, 0], ids=["by pages", "by workers"])
def prepared(request, db, monkeypatch):
    connection.ensure_connection()
    monkeypatch.setattr(connection.connection, "prepare_threshold", request.param)


def test_what_is_saved_is_what_is_read(acme):
    deal = make_deal(acme.alice, acme.stages["Qualified"], name="Café ‘Ω’ 100 %", amount=12)
    deal.custom = {"a": [1, None, "x%s"]}
    deal.next_step = "100 % sure, 'quoted'"
    deal.save()
    read = Deal.objects.get(pk=deal.pk)
    assert (read.name, read.custom, read.next_step) == (deal.name, deal.custom, deal.next_step)
    assert read.base_amount == 12


def test_arrays_and_bytes_come_back(acme):
    raw = b"\x00%s\xff"
    message = Message.objects.create(workspace=acme.alice.workspace, key="k", raw=raw, answers=["<1@a>", "b,'\"c%s"])
    message.answers = [*message.answers, "d"]
    message.save(update_fields=["answers", "raw"])
    read = Message.objects.get(pk=message.pk)
    assert bytes(read.raw) == raw and read.answers == ["<1@a>", "b,'\"c%s", "d"]


def test_an_expression_is_left_to_the_orm(acme):
    lead = make_lead(acme.alice)
    before = lead.version
    lead.version = F("version") + 1
    lead.save(update_fields=["version"])
    assert Lead.objects.get(pk=lead.pk).version == before + 1


def test_a_row_that_is_gone_is_not_saved_as_if_it_were_there(acme):
    lead = make_lead(acme.alice)
    Lead.objects.filter(pk=lead.pk).delete()
    with pytest.raises(DatabaseError, match="did not affect any rows"), transaction.atomic():
        lead.save(update_fields=["status"])


def test_an_id_of_ones_own_is_kept_and_is_one_rows_alone(acme):
    lead = make_lead(acme.alice)
    with pytest.raises(IntegrityError), transaction.atomic():
        Lead(pk=lead.pk, workspace=lead.workspace, contact=lead.contact).save(force_insert=True)


def test_one_statement_each(acme):
    lead = make_lead(acme.alice)
    asked = []

    def note(execute, sql, params, many, context):
        asked.append(sql.split()[0])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        lead.save(update_fields=["status"])
    assert asked == ["UPDATE"]
