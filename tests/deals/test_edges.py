"""What people do at the edges: reopening, undoing an undo, a place that fills up, junk in a URL, two at once."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection

from activities.models import Activity
from deals.actions import add_contact, create_deal, move_to_stage, remove_contact, undo_stage_change, update_deal
from deals.models import Deal, DealContact
from deals.ranks import LONGEST
from leads.actions import create_contact
from leads.models import Company
from tests.factories import make_deal, url
from tests.pages import read
from workspaces.action import Refused
from workspaces.live import Reader
from workspaces.models import Membership, User
from workspaces.tenancy import tenant

JUNK = ("²", "9" * 5000, "-1", "1e3", "x", "%00")


def test_reopened_the_probability_set_by_hand_is_back(acme):
    deal = make_deal(acme.alice, acme.stages["Qualified"])
    deal = update_deal(deal, by=acme.alice, version=1, probability=35)
    deal, _ = move_to_stage(deal, acme.stages["Lost"], by=acme.alice, reason="No budget")
    assert deal.probability == 0
    deal, _ = move_to_stage(deal, acme.stages["Proposal"], by=acme.alice)
    assert (deal.probability, deal.probability_source) == (35, "manual")


def test_reopened_the_probability_of_the_stage_follows_the_stage(acme):
    deal, _ = move_to_stage(make_deal(acme.alice, acme.stages["Qualified"]), acme.stages["Won"], by=acme.alice)
    deal, _ = move_to_stage(deal, acme.stages["Proposal"], by=acme.alice)
    assert (deal.probability, deal.probability_source) == (80, "stage")


def test_a_closed_deal_has_no_probability_of_its_own(acme):
    deal, _ = move_to_stage(make_deal(acme.alice, acme.stages["Qualified"]), acme.stages["Won"], by=acme.alice)
    with pytest.raises(Refused, match="of its own"):
        update_deal(deal, by=acme.alice, version=deal.version, probability=50)


def test_an_undo_can_be_undone(acme):
    deal = make_deal(acme.alice, acme.stages["Qualified"])
    deal, lost = move_to_stage(deal, acme.stages["Lost"], by=acme.alice, reason="No budget", note="Next year")
    undone = undo_stage_change(lost, by=acme.alice)
    assert (undone.status, undone.lost_reason, undone.closed_at) == ("open", "", None)
    again = undo_stage_change(undone.stage_events.get(undoes=lost), by=acme.alice)
    again.refresh_from_db()
    assert (again.status, again.lost_reason, again.close_note) == ("lost", "No budget", "Next year")
    assert again.closed_at == deal.closed_at and again.rank is None


def test_a_place_never_fills_up(acme):
    """Each new card right below the first: its rank grows by a letter every few drops, until the column is ranked anew."""
    top = make_deal(acme.alice, acme.stages["Contacted"], "Top")
    deals = [make_deal(acme.alice, acme.stages["New"], f"Deal {number}") for number in range(3)]
    below = make_deal(acme.alice, acme.stages["New"], "Below")
    Deal.objects.filter(pk=top.pk).update(rank="a0")
    move_to_stage(below, acme.stages["Contacted"], by=acme.alice, after=top.pk)
    Deal.objects.filter(pk=below.pk).update(rank="a0" + "0" * (LONGEST - 2) + "1")
    for deal in deals:
        move_to_stage(deal, acme.stages["Contacted"], by=acme.alice, after=top.pk)
    column = Deal.objects.filter(stage=acme.stages["Contacted"]).order_by("rank")
    assert [deal.name for deal in column] == ["Top", "Deal 2", "Deal 1", "Deal 0", "Below"]
    assert max(len(deal.rank) for deal in column) < 20


def test_the_timeline_names_owner_and_company(acme):
    company = Company.objects.create(workspace=acme.workspace, name="Brightwater", name_key="brightwater")
    deal = make_deal(acme.alice, acme.stages["New"])
    update_deal(deal, by=acme.alice, version=1, owner_id=acme.bob.user_id, company_id=company.pk)
    changes = Activity.objects.filter(deal=deal, kind="field_change").get().data["changes"]
    assert changes == {"owner_id": ["Alice", "Bob"], "company_id": [None, "Brightwater"]}


def test_people_come_and_go_in_the_timeline_and_one_stays_primary(acme, login):
    deal = make_deal(acme.alice, acme.stages["New"])
    ida, otto = (create_contact(acme.workspace, first_name=name, by=acme.alice) for name in ("Ida", "Otto"))
    first = add_contact(deal, ida, by=acme.alice)
    add_contact(deal, otto, by=acme.alice)
    remove_contact(first, by=acme.alice)
    assert [(link.contact.name, link.is_primary) for link in DealContact.objects.all()] == [("Otto", True)]
    lines = Activity.objects.filter(deal=deal, kind="field_change").order_by("pk")
    assert [line.data["changes"]["people"] for line in lines] == [["", "Ida"], ["", "Otto"], ["Ida", None]]
    page = read(login(acme.alice).get(url(acme.workspace, "deal_detail", deal.pk)))
    said = [line.text for line in page.one("ol", "tl").all("div", "tx")]
    assert [text for text in said if "people" in text] == [
        "Alice removed Ida from the people of the deal",
        "Alice added Otto to the people of the deal",
        "Alice added Ida to the people of the deal",
    ]


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize(
    "query", ["?pipeline={}", "?undo={}", "changes/?ids={}", "changes/?since={}", "lanes/{won}/?after={}"]
)
def test_junk_in_a_url_is_answered(acme, login, query, junk):
    query = query.replace("{won}", str(acme.stages["Won"].pk)).format(junk)
    response = login(acme.alice).get(url(acme.workspace, "deal_board") + query)
    assert response.status_code in (200, 400, 404)


def test_a_refused_edit_leaves_no_company_behind(acme, login):
    deal = make_deal(acme.alice, acme.stages["New"])
    page = url(acme.workspace, "deal_edit", deal.pk, "company")
    response = login(acme.alice).post(page, {"value": "Orphan Company", "version": 99})
    assert response.status_code == 409
    assert not Company.objects.filter(name="Orphan Company").exists()


def test_events_of_very_many_owners_fit_into_a_message(acme):
    users = User.objects.bulk_create(User(email=f"rep{number}@acme.example", name="Rep") for number in range(1200))
    Membership.objects.bulk_create(Membership(workspace=acme.workspace, user=user, role="rep") for user in users)
    stage = acme.stages["New"]
    Deal.objects.bulk_create(
        Deal(
            workspace=acme.workspace, name="Bulk", pipeline_id=stage.pipeline_id, stage=stage, owner=user, currency="EUR",
            amount=Decimal(1), rank=f"b{number:05d}",
        )
        for number, user in enumerate(users)
    )  # fmt: skip
    assert Deal.objects.count() == 1200
    event = {"kind": "deal", "ids": None, "owners": None}
    assert Reader(acme.workspace.pk, 1, owners={1}).cut(event) == {"kind": "deal"}


@pytest.mark.django_db(transaction=True)
def test_two_add_the_same_person_at_once():
    """One of them gets it, the other is told so in words."""
    from tests.factories import make_cast  # noqa: PLC0415 - committed rows, thrown away by the truncation

    cast = make_cast()
    with tenant(cast.workspace, cast.alice.user):
        deal = make_deal(cast.alice, cast.stages["New"])
        person = create_contact(cast.workspace, first_name="Ida", by=cast.alice)
    start, answers = threading.Barrier(4), []

    def add() -> None:
        start.wait()
        try:
            with tenant(cast.workspace, cast.alice.user):
                add_contact(deal, person, by=cast.alice)
            answers.append("added")
        except Refused as refusal:
            answers.append(refusal.message)
        finally:
            connection.close()

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["Ida is in this deal already."] * 3 + ["added"]


def test_a_deal_needs_an_owner_of_the_workspace(acme):
    with pytest.raises(Refused, match="member"):
        create_deal(acme.workspace, name="Nobody's", stage=acme.stages["New"], by=None)


def test_a_slip_of_the_year_is_refused(acme):
    deal = make_deal(acme.alice, acme.stages["New"])
    with pytest.raises(Refused, match="1900"):
        update_deal(deal, by=acme.alice, version=1, expected_close_date=date(9999, 12, 31))
