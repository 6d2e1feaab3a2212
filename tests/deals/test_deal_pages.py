"""One deal's page: its facts edited in place, its people, its way through the stages."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from activities.actions import add_note, plan_task
from deals.actions import add_contact, move_to_stage, undo_stage_change, update_deal
from deals.models import Deal, DealContact, StageEvent
from leads.actions import capture, create_company, create_contact
from leads.models import Company
from tests.factories import make_deal, url
from tests.pages import SCRIPT, Element, read
from workspaces.models import Workspace


@pytest.fixture
def bob(acme, login) -> Client:
    return login(acme.bob)


@pytest.fixture
def deal(acme) -> Deal:
    return make_deal(acme.bob, acme.stages["Qualified"], "Harbour", 1000, competitor="Them")


def detail(client: Client, deal: Deal) -> Element:
    response = client.get(url(deal.workspace, "deal_detail", deal.pk))
    assert response.status_code == 200
    return read(response)


def edit_path(deal: Deal, field: str) -> str:
    return url(deal.workspace, "deal_edit", deal.pk, field)


def edit(client: Client, deal: Deal, field: str, value: object, version: object = 1, script: bool = True):
    return client.post(edit_path(deal, field), {"value": value, "version": version}, headers=SCRIPT if script else {})


def fact(page: Element, label: str) -> str:
    """The text beside a label of the page."""
    found = [parent for parent in page.walk() if any(child.tag == "dt" and child.text == label for child in parent.inside if isinstance(child, Element))]  # fmt: skip
    inside = [child for child in found[0].inside if isinstance(child, Element)]
    place = next(i for i, child in enumerate(inside) if child.tag == "dt" and child.text == label)
    return inside[place + 1].text


# --- facts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "typed", "column", "stored", "label", "shown"),
    [
        ("name", "Harbour II", "name", "Harbour II", "", "Harbour II"),
        ("amount", "2.5k", "amount", Decimal(2500), "Amount", "€2,500"),
        ("amount", "1,234.56", "amount", Decimal("1234.56"), "Amount", "€1,234.56"),
        ("amount", "", "amount", None, "Amount", "—"),
        ("probability", "33", "probability", 33, "Weighted", "€330 33% by hand"),
        ("expected_close_date", "2031-02-03", "expected_close_date", date(2031, 2, 3), "Expected close", "3 Feb 2031"),
        ("owner", "alice", "owner_id", "alice", "Owner", "Alice"),
        ("source", "event", "source", "event", "Source", "Event"),
        ("competitor", "", "competitor", "", "Competitor", "—"),
        ("next_step", "Call", "next_step", "Call", "", ""),
    ],
)
@pytest.mark.parametrize("script", [True, False])
def test_each_fact_is_edited_in_place(acme, bob, deal, field, typed, column, stored, label, shown, script):
    """The form holds what is there; what is typed is saved; our JavaScript draws the page again, a plain form is led to it."""
    typed, stored = ((acme.alice.user_id,) * 2) if typed == "alice" else (typed, stored)
    form = read(bob.get(edit_path(deal, field), headers=SCRIPT if script else {})).one("form", "fact-form")
    there = {"owner": str(acme.bob.user_id), "probability": "40", "amount": "1,000"}
    was = getattr(deal, column, None)
    assert form.fields["value"] == there.get(field, "" if was is None else str(was)) and form.fields["version"] == "1"
    response = bob.post(form["action"], form.fields | {"value": typed}, headers=SCRIPT if script else {})
    if script:
        assert response.status_code == 200
    else:
        assert response.status_code == 302 and response["Location"] == url(acme.workspace, "deal_detail", deal.pk)
    deal.refresh_from_db()
    assert (getattr(deal, column), deal.version) == (stored, 2)
    page = detail(bob, deal)
    assert (fact(page, label) if label else page.one("h1").text) == shown or field == "next_step"


def test_the_company_is_found_made_or_taken_away_by_its_name(acme, bob, deal):
    blue = create_company(acme.workspace, name="Blue Fish GmbH", by=acme.alice)
    assert edit(bob, deal, "company", "blue fish").status_code == 200
    deal.refresh_from_db()
    assert deal.company_id == blue.pk and Company.objects.count() == 1
    assert read(bob.get(edit_path(deal, "company"))).one("form", "fact-form").fields["value"] == "Blue Fish GmbH"
    assert edit(bob, deal, "company", "Steel", version=2).status_code == 200
    deal.refresh_from_db()
    assert deal.company.name == "Steel"
    assert edit(bob, deal, "company", " ", version=3).status_code == 200
    deal.refresh_from_db()
    assert deal.company_id is None


def test_tags_are_a_fact_that_is_edited_in_place_and_taken_back(acme, bob, deal):
    assert edit(bob, deal, "tags", "Cold chain, urgent,").status_code == 200
    page = detail(bob, deal)
    assert fact(page, "Tags") == "Cold chain, urgent"
    assert [pill.text for pill in page.one("p", "sub").all("span", "pill")][-2:] == ["Cold chain", "urgent"]
    form = read(bob.get(edit_path(deal, "tags"), headers=SCRIPT)).one("form", "fact-form")
    assert form.fields["value"] == "Cold chain, urgent"
    changed = edit(bob, deal, "tags", "URGENT", version=2)
    assert fact(detail(bob, deal), "Tags") == "urgent"
    bob.post(read(changed).one("form", data_undo=None)["action"], headers=SCRIPT)
    assert fact(detail(bob, deal), "Tags") == "Cold chain, urgent"
    stale = edit(bob, deal, "tags", "other", version=2)
    assert stale.status_code == 409 and "It is now Cold chain, urgent." in read(stale).text
    long = edit(bob, deal, "tags", "x" * 41, version=4)
    assert long.status_code == 422 and "At most 40 letters" in read(long).text


def test_an_empty_probability_is_the_stages(acme, bob, deal):
    edit(bob, deal, "probability", "77")
    assert edit(bob, deal, "probability", "", version=2).status_code == 200
    deal.refresh_from_db()
    assert (deal.probability, deal.probability_source) == (40, "stage")
    assert fact(detail(bob, deal), "Weighted") == "€400 40%"


@pytest.mark.parametrize(("stage", "reason"), [("Won", "Speed"), ("Lost", "No budget")])
def test_the_reason_of_a_closed_deal(acme, bob, deal, stage, reason):
    move_to_stage(deal, acme.stages[stage], by=acme.bob, reason="Other", note="It was so")
    page = detail(bob, deal)
    assert fact(page, f"Why it was {stage.lower()}") == "Other" and "It was so" in page.one("div", "rec-head").text
    assert fact(page, "Closed") == "now" and not page.all("a", href=edit_path(deal, "expected_close_date"))
    field = f"{stage.lower()}_reason"
    assert edit(bob, deal, field, reason, version=2).status_code == 200
    assert fact(detail(bob, deal), f"Why it was {stage.lower()}") == reason
    other = edit(bob, deal, "lost_reason" if stage == "Won" else "won_reason", "Other", version=3)
    assert other.status_code == 422 and "deal has a reason for it" in read(other).text


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("name", "", "required"),
        ("name", "x" * 201, "at most 200"),
        ("amount", "lots", "is not a number"),
        ("amount", "-5", "Between 0 and"),
        ("amount", "1e15", "is not a number"),
        ("probability", "101", "less than or equal to 100"),
        ("probability", "half", "whole number"),
        ("expected_close_date", "soon", "is not a date"),
        ("expected_close_date", "2027-02-30", "is not a date"),
        ("owner", "", "required"),
        ("owner", "charlie", "valid choice"),
        ("source", "nowhere", "valid choice"),
        ("competitor", "x" * 121, "at most 120"),
    ],
)
def test_what_cannot_be_is_said_beside_what_was_typed(acme, bob, deal, field, typed, said):
    typed = str(acme.charlie.user_id) if typed == "charlie" else typed
    response = edit(bob, deal, field, typed)
    form = read(response).one("form", "fact-form")
    assert response.status_code == 422 and said in form.one("p", "err").text
    if field not in ("owner", "source"):
        assert form.fields["value"] == typed
    deal.refresh_from_db()
    assert deal.version == 1


@pytest.mark.parametrize("version", ["", "x"])
def test_a_form_without_its_version_saves_nothing(acme, bob, deal, version):
    assert edit(bob, deal, "name", "Other", version=version).status_code == 422
    deal.refresh_from_db()
    assert deal.name == "Harbour"


@pytest.mark.parametrize("field", ["stage", "status", "closed_at", "rank", "version", "rate", "nonsense"])
def test_what_is_no_fact_has_no_form(acme, bob, deal, field):
    assert bob.get(edit_path(deal, field)).status_code == 404
    assert edit(bob, deal, field, "won").status_code == 404


@pytest.mark.parametrize(
    ("field", "typed", "theirs", "said"),
    [
        ("next_step", "Mine", "Hers", "Hers"),
        ("competitor", "Mine", "", "empty"),
        ("source", "event", "referral", "Referral"),
        ("amount", Decimal(8000), Decimal(9400), "€9,400"),
    ],
)  # fmt: skip
def test_two_people_one_fact(acme, bob, deal, field, typed, theirs, said):
    """The slower one is told who was faster, keeps what was typed, and saves over it only by saving again."""
    update_deal(deal, by=acme.alice, version=1, **{field: theirs})
    response = edit(bob, deal, field, typed)
    page = read(response)
    assert response.status_code == 409
    told = page.one("div", role="alert").text
    assert f"Alice changed this deal meanwhile. It is now {said}. Save again to put your value over it." in told
    deal.refresh_from_db()
    assert getattr(deal, field) == theirs and deal.version == 2
    form = page.one("form", "fact-form")
    assert form.fields["value"] == str(typed) and form.fields["version"] == "2"
    assert bob.post(form["action"], form.fields, headers=SCRIPT).status_code == 200
    deal.refresh_from_db()
    assert getattr(deal, field) == typed and deal.version == 3


# --- the page -----------------------------------------------------------------------------------------


def test_the_path_says_where_it_stands_and_how_long_it_stood(acme, bob):
    start = timezone.now() - timedelta(days=9, hours=1)
    deal = make_deal(acme.bob, acme.stages["New"], at=start)
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob, at=start + timedelta(days=4, hours=2))
    steps = detail(bob, deal).one("form", "path").all("button")
    assert [(step["value"], step["aria-label"]) for step in steps] == [
        (str(acme.stages[name].pk), label)
        for name, label in (
            ("New", "New, done, 4 days"),
            ("Contacted", "Contacted, skipped"),
            ("Qualified", "Qualified, current, 4 days"),
            ("Meeting scheduled", "Meeting scheduled, future"),
            ("Proposal", "Proposal, future"),
        )
    ]
    assert [step.get("aria-current") for step in steps] == [None, None, "step", None, None]
    assert "4 d of 14" in steps[2].text
    assert [bool(step.all("svg")) for step in steps] == [True, False, False, False, False]
    move_to_stage(deal, acme.stages["Lost"], by=acme.bob, reason="No budget")
    states = [step["class"] for step in detail(bob, deal).one("form", "path").all("button")]
    assert states == ["done", "skipped", "lost", "future", "future"]
    move_to_stage(deal, acme.stages["Contacted"], by=acme.bob)
    move_to_stage(deal, acme.stages["Won"], by=acme.bob)
    assert {step["class"] for step in detail(bob, deal).one("form", "path").all("button")} == {"won"}


def test_a_stage_entered_by_mistake_was_never_entered(acme, bob):
    start = timezone.now() - timedelta(days=9, hours=1)
    deal = make_deal(acme.bob, acme.stages["New"], at=start)

    def said() -> list[str]:
        return [step["aria-label"] for step in detail(bob, deal).one("form", "path").all("button")][:2]

    _, mistake = move_to_stage(deal, acme.stages["Contacted"], by=acme.bob, at=start + timedelta(days=4))
    undo_stage_change(mistake, by=acme.bob)
    assert said() == ["New, current, 9 days", "Contacted, future"]
    undo_stage_change(StageEvent.objects.get(undoes=mistake), by=acme.bob)
    assert said() == ["New, done, 4 days", "Contacted, current, 5 days"]
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob, at=start + timedelta(days=8))
    assert said() == ["New, done, 4 days", "Contacted, done, 4 days"]


def test_a_step_of_the_path_moves_the_deal(acme, bob, deal):
    form = detail(bob, deal).one("form", "path")
    bob.post(form["action"], form.fields | {"stage": acme.stages["Proposal"].pk})
    deal.refresh_from_db()
    assert deal.stage.name == "Proposal"


def test_won_and_lost_are_one_press_away_while_it_is_open(acme, bob, deal):
    form = detail(bob, deal).one("form", "closing")
    assert [button.text for button in form.all("button")] == ["Won W", "Lost L"]
    move_to_stage(deal, acme.stages["Won"], by=acme.bob)
    page = detail(bob, deal)
    assert not page.all("form", "closing") and page.one("span", "pill", data_tone="green").text == "Won now"


def test_the_company_beside_it_adds_up_its_other_deals(acme, bob, deal):
    blue = create_company(acme.workspace, name="Blue", by=acme.bob, domain="blue.example", industry="Fish", size=1200)
    update_deal(deal, by=acme.bob, version=1, company_id=blue.pk)
    make_deal(acme.alice, acme.stages["New"], "Second", 500, company=blue)
    make_deal(acme.alice, acme.stages["New"], "Elsewhere", 9999)
    won = make_deal(acme.alice, acme.stages["Contacted"], "Third", 250, company=blue)
    move_to_stage(won, acme.stages["Won"], by=acme.alice)
    page = detail(bob, deal)
    assert (fact(page, "Open deals"), fact(page, "Won so far"), fact(page, "Size")) == ("2 · €1,500", "€250", "1,200 people")  # fmt: skip
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility="own")
    page = detail(bob, deal)
    assert (fact(page, "Open deals"), fact(page, "Won so far")) == ("1 · €1,000", "€0")


def test_its_lead_is_named_to_those_who_may_see_it(acme, bob):
    lead = capture(acme.workspace, by=acme.alice, last_name="Uma Fish", owner_id=acme.alice.user_id)
    deal = make_deal(acme.bob, acme.stages["New"], lead=lead)
    assert fact(detail(bob, deal), "Lead") == "Uma Fish"
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility="own")
    assert "Uma Fish" not in detail(bob, deal).text


def test_a_viewer_reads_it_all_and_finds_nothing_to_press(acme, login, deal):
    page = detail(login(acme.vera), deal)
    assert fact(page, "Amount") == "€1,000" and not page.all("a", "edit") and not page.all("form", "closing")
    assert all("disabled" in step.attributes for step in page.one("form", "path").all("button"))
    assert edit(login(acme.vera), deal, "name", "Other").status_code == 403
    deal.refresh_from_db()
    assert deal.name == "Harbour"


def test_what_is_planned_stands_above_what_happened(acme, bob, deal):
    add_note(deal, "They like it", by=acme.bob)
    plan_task(deal, "Send offer", by=acme.bob, due_at=timezone.now() + timedelta(days=2), assignee_id=acme.alice.user_id)  # fmt: skip
    page = detail(bob, deal)
    assert "Send offer" in page.one("div", "rec-head").text
    entries = [entry.text for entry in page.one("ol", "tl").all("li")]
    planned = next(i for i, text in enumerate(entries) if "Send offer" in text)
    note = next(i for i, text in enumerate(entries) if "They like it" in text)
    created = next(i for i, text in enumerate(entries) if "created the deal" in text)
    assert planned < note < created and "To-do · Alice" in entries[planned]


# --- people -------------------------------------------------------------------------------------------


def test_people_are_added_with_a_role_and_taken_out(acme, bob, deal):
    uma, ida = (
        create_contact(acme.workspace, by=acme.bob, first_name=name, title="Boss", emails=[f"{name}@blue.example"])
        for name in ("Uma", "Ida")
    )
    path = url(acme.workspace, "deal_contact_add", deal.pk)
    for person, role in ((ida, ""), (uma, "champion")):
        response = bob.post(path, {"contact": person.name, "role": role}, headers=SCRIPT)
        assert response["HX-Redirect"] == url(acme.workspace, "deal_detail", deal.pk)
    people = [row.text for row in detail(bob, deal).one("aside", "rail").all("div", "person")]
    assert people == ["Ida Boss", "Uma Champion · Boss"]
    again = bob.post(path, {"contact": "Uma <uma@blue.example>", "role": "blocker"}, headers=SCRIPT)
    form = read(again).one("form")
    assert again.status_code == 422 and form.one("p", "err").text == "This person is in the deal already."
    assert (form.fields["contact"], form.fields["role"]) == ("Uma <uma@blue.example>", "blocker")
    link = DealContact.objects.get(contact=uma)
    assert bob.post(url(acme.workspace, "deal_contact_remove", deal.pk, link.pk)).status_code == 302
    assert [row.text for row in detail(bob, deal).one("aside", "rail").all("div", "person")] == ["Ida Boss"]


def test_a_person_of_another_deal_is_not_taken_out_through_this_one(acme, bob, deal):
    other = make_deal(acme.bob, acme.stages["New"], "Other")
    link = add_contact(other, create_contact(acme.workspace, by=acme.bob, first_name="Uma"), by=acme.bob)
    assert bob.post(url(acme.workspace, "deal_contact_remove", deal.pk, link.pk)).status_code == 404
    assert DealContact.objects.filter(pk=link.pk).exists()


def test_a_deal_in_short(acme, bob, deal):
    plan_task(deal, "Call Ida", by=acme.bob)
    add_note(deal, "They like it", by=acme.bob)
    peek = read(bob.get(url(acme.workspace, "deal_peek", deal.pk), headers=SCRIPT)).one("section", "peek")
    assert peek.one("a")["href"] == url(acme.workspace, "deal_detail", deal.pk)
    assert "Call Ida" in peek.text and "They like it" in peek.text and "€1,000" in peek.text
    assert not peek.all("form")
    assert read(bob.get(url(acme.workspace, "deal_peek", deal.pk))).one("h1").text == "Harbour"


def test_viewers_are_given_no_work(acme, bob, deal):
    offered = read(bob.get(edit_path(deal, "owner"), headers=SCRIPT)).one("select").all("option")
    assert [option.text for option in offered] == ["Alice", "Bob"]
    new = read(bob.get(url(acme.workspace, "deal_new"), headers=SCRIPT)).one("select", name="owner")
    assert "Vera" not in new.text
    task = read(bob.get(url(acme.workspace, "task_new", "deal", deal.pk), headers=SCRIPT)).one(
        "select", name="assignee"
    )
    assert "Vera" not in task.text


def test_a_probability_is_typed_as_text(acme, bob, deal):
    form = read(bob.get(edit_path(deal, "probability"), headers=SCRIPT)).one("form", "fact-form")
    assert form.one("input", name="value")["type"] == "text"
    assert edit(bob, deal, "probability", "2,5").status_code == 422
