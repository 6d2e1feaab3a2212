"""Moving a deal: the rules of domain.md section 3, at the action and at the page."""

import pytest

from activities.models import Activity
from deals.actions import move_to_stage, undo_stage_change
from deals.models import StageEvent
from deals.transitions import Missing
from tests.factories import make_deal, url
from workspaces.action import NotAllowed, Refused, Stale


def test_moves_to_an_open_stage_and_writes_its_history(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    moved, event = move_to_stage(deal, acme.stages["Qualified"], by=acme.bob, version=1)
    assert (moved.stage.name, moved.probability, moved.version, moved.status) == ("Qualified", 40, 2, "open")
    assert (event.from_stage.name, event.to_stage.name, event.by_id, event.door, event.amount) == (
        "New",
        "Qualified",
        acme.bob.user_id,
        "web",
        1000,
    )
    line = Activity.objects.get(deal=deal, kind="stage_change")
    assert line.data["from"] == "New" and line.data["to"] == "Qualified" and line.actor_id == acme.bob.user_id


def test_a_stale_version_is_refused_and_changes_nothing(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    move_to_stage(deal, acme.stages["Contacted"], by=acme.alice, version=1)
    with pytest.raises(Stale, match="Alice moved this deal to Contacted"):
        move_to_stage(deal, acme.stages["Qualified"], by=acme.bob, version=1)
    deal.refresh_from_db()
    assert deal.stage.name == "Contacted" and deal.version == 2
    assert StageEvent.objects.filter(deal=deal).count() == 2


def test_lost_asks_for_a_reason_and_a_note_when_other(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    with pytest.raises(Missing) as asked:
        move_to_stage(deal, acme.stages["Lost"], by=acme.bob)
    assert list(asked.value.fields) == ["reason"]
    with pytest.raises(Missing) as asked:
        move_to_stage(deal, acme.stages["Lost"], by=acme.bob, reason="Other")
    assert list(asked.value.fields) == ["note"]
    moved, _ = move_to_stage(deal, acme.stages["Lost"], by=acme.bob, reason="Other", note="Moved to Mars")
    assert (moved.status, moved.lost_reason, moved.close_note, moved.rank) == ("lost", "Other", "Moved to Mars", None)
    assert moved.closed_at is not None and moved.probability == 0


def test_won_only_past_the_first_stage(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    with pytest.raises(Refused, match="cannot be won from New"):
        move_to_stage(deal, acme.stages["Won"], by=acme.bob)
    move_to_stage(deal, acme.stages["Contacted"], by=acme.bob)
    moved, _ = move_to_stage(deal, acme.stages["Won"], by=acme.bob)
    assert (moved.status, moved.probability) == ("won", 100)


def test_undo_restores_everything(acme):
    deal = make_deal(acme.bob, acme.stages["Qualified"])
    before = (deal.rank, deal.stage_entered_at, deal.probability)
    _, event = move_to_stage(deal, acme.stages["Lost"], by=acme.bob, reason="No budget")
    back = undo_stage_change(event, by=acme.bob)
    assert (back.rank, back.stage_entered_at, back.probability) == before
    assert (back.status, back.stage_id, back.closed_at, back.lost_reason) == (
        "open",
        acme.stages["Qualified"].pk,
        None,
        "",
    )
    with pytest.raises(Stale):
        undo_stage_change(event, by=acme.bob)


def test_a_viewer_may_not_move(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    with pytest.raises(NotAllowed):
        move_to_stage(deal, acme.stages["Contacted"], by=acme.vera)


def test_page_moves_the_card_and_answers_with_it(acme, login):
    deal = make_deal(acme.bob, acme.stages["New"])
    client = login(acme.bob, **{"X-Client-Id": "tab1"})
    response = client.post(
        url(acme.workspace, "deal_move", deal.pk), {"stage": acme.stages["Contacted"].pk, "version": 1}
    )
    assert response.status_code == 200
    html = response.content.decode()
    assert f'id="deal-{deal.pk}"' in html and 'data-version="2"' in html and "Moved to Contacted" in html


@pytest.mark.parametrize(("who", "status"), [("charlie", 404), ("vera", 403)])
def test_page_refuses_outsiders_and_viewers(acme, login, who, status):
    deal = make_deal(acme.bob, acme.stages["New"])
    response = login(getattr(acme, who)).post(
        url(acme.workspace, "deal_move", deal.pk), {"stage": acme.stages["Contacted"].pk, "version": 1}
    )
    assert response.status_code == status
    deal.refresh_from_db()
    assert deal.version == 1
