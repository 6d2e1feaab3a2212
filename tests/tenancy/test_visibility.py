"""What reps may not see of their own workspace: with `own` what others own, with `team` what other teams own.

To them it must be as if it were another workspace's: 404 on every verb, on no page, and in no count and no sum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce
from operator import or_

import pytest
from django.db.models import Q, Sum

from deals.models import Deal, Kind, Stage
from deals.totals import Total
from leads.actions import capture
from leads.models import Company, Lead
from tests.factories import make_deal
from tests.tenancy.cases import CASES
from tests.tenancy.walk import SCRIPT, WORKSPACE_ROUTES, Case, Probe, Walker, path_of
from tests.tenancy.world import CANARY, Rows, fill_deals, mark, tenant_models
from workspaces.live import Reader
from workspaces.models import Membership, Workspace
from workspaces.tenancy import all_workspaces, tenant

SETTINGS = (Workspace.Visibility.OWN, Workspace.Visibility.TEAM)
ROUTES = [route for route in WORKSPACE_ROUTES if route.name in CASES]


@dataclass
class Scene:
    """`mine`: the rep's own rows. `hidden`: canaries in what others own. `linked`: the rep's deal from such a lead."""

    mine: Rows
    linked: int
    hidden: set[str]
    owners: set[int]


@pytest.fixture(params=SETTINGS)
def scene(request, walker) -> Scene:
    """The rep has rows of every kind, and shares company, contact and even a lead with what is hidden from them."""
    world, setting = walker.world, request.param
    rep, dual = world.members["rep"], world.members["dual"]
    with tenant(rep.workspace, rep.user):
        Workspace.objects.update(visibility=setting)
        mine = own_rows(world.acme, rep, dual.user_id)
        # Hidden for another reason: owned by a rep of no team.
        lonely = make_deal(dual, Stage.objects.get(pk=mine.stage), "Lonely", 31337)
        linked = make_deal(rep, Stage.objects.get(pk=mine.stage), "Linked", 11, lead_id=world.acme.lead)
    with all_workspaces():
        mark(world, world.acme.workspace, Deal.objects.get(pk=lonely.pk))
        return Scene(mine, linked.pk, canaries_of_others(walker, rep), {rep.user_id})


def own_rows(acme: Rows, rep: Membership, heir: int) -> Rows:
    # `user` is whom forms hand a row to: somebody else.
    rows = replace(acme, versions=dict(acme.versions), user=heir)
    stages = {stage.name: stage for stage in named(acme)}
    lead = capture(rep.workspace, first_name="Own", email="own@acme.test", owner_id=rep.user_id, by=rep)
    company = Company.objects.get(pk=acme.company)
    rows.lead = lead.pk
    rows = fill_deals(rows, rep, stages, company=company, lead_id=lead.pk)
    rows.view = acme.view  # it is shared with everybody
    return rows


def named(acme: Rows) -> list[Stage]:
    """acme's stages under the names they had before canaries were planted in them."""
    stages = list(Stage.objects.filter(pipeline_id=acme.pipeline).select_related("pipeline").order_by("position"))
    for stage, name in zip(stages, NAMES, strict=True):
        stage.name = name
    return stages


NAMES = ("New", "Contacted", "Qualified", "Meeting scheduled", "Proposal", "Won", "Lost")


def canaries_of_others(walker: Walker, rep: Membership) -> set[str]:
    """Canaries in deals and leads that are not the rep's, and in every row that hangs on one of them."""
    deals = Deal.all_objects.filter(workspace_id=rep.workspace_id).exclude(owner=rep.user)
    leads = Lead.objects.filter(workspace_id=rep.workspace_id).exclude(owner=rep.user)
    hidden = {("deals.Deal", pk) for pk in deals.values_list("pk", flat=True)}
    hidden |= {("leads.Lead", pk) for pk in leads.values_list("pk", flat=True)}
    for model in tenant_models():
        of_others = [
            Q(**{f"{field.name}__in": rows})
            for field in model._meta.concrete_fields
            for rows in (deals, leads)
            if field.related_model is rows.model
        ]
        if of_others and model is not Deal:
            found = model._base_manager.filter(reduce(or_, of_others), workspace_id=rep.workspace_id)
            hidden |= {(model._meta.label, pk) for pk in found.values_list("pk", flat=True)}
    return {canary for canary, (_, where) in walker.world.canaries.items() if row_at(where) in hidden}


def row_at(where: str) -> tuple[str, int]:
    column, _, pk = where.partition(" of ")
    return column.rpartition(".")[0], int(pk)


def find_hidden(walker: Walker, scene: Scene, probe: Probe) -> None:
    answer = walker.try_(probe)
    for canary in sorted(scene.hidden.intersection(CANARY.findall(answer.text))):
        walker.problems.append(f"{probe}: shows {walker.world.canaries[canary][1]}")


# --- rows -------------------------------------------------------------------------------------------------


def test_what_is_hidden_is_not_there(walker, scene):
    """404 on every verb of every route, nothing changed, and not to be told from an id of nothing."""
    walked = set()
    for route in ROUTES:
        case = CASES[route.name]
        if case.shots(scene.mine) != case.shots(walker.world.acme):
            walker.walk(route, replace_verbs(case), ("rep",), scene.mine, walker.world.acme)
            walked.add(route.name)
    assert len(walked) >= 15
    walker.report()


def replace_verbs(case: Case) -> Case:
    """Here the rep asks for their own rows, whoever else may do it to those of others. Not every one of them still changes
    anything: that each does is what test_urls.py proves."""
    return replace(case, verb_role=case.role, seen_by=case.role, post_ok=(*case.post_ok, 403, 422), writes=False)


def test_no_page_shows_what_is_hidden(walker, scene):
    """Every page and fragment, of shared rows too, plain, by script and in parts, with and without parameters."""
    assert len(scene.hidden) > 20
    for route in ROUTES:
        case = CASES[route.name]
        for number, kwargs in enumerate(pages(case, scene)):
            path = path_of("acme", route.name, **kwargs)
            query = case.query(walker.world.acme, kwargs) if case.query and not number else {}
            for headers in ({}, SCRIPT, *(SCRIPT | {"X-Part": part} for part in case.parts)):
                find_hidden(walker, scene, Probe("rep", "GET", path, FOUND, {}, headers))
            for data in ({"tab": "all"}, {"q": "zq"}, {"since": "1"}, *({key: query[key]} for key in query)):
                if query or route.name == "search_page":
                    find_hidden(walker, scene, Probe("rep", "GET", path, FOUND, data, about=str(data)))
    walker.report()


FOUND = (200, 205, 302, 403, 404, 503)


def pages(case: Case, scene: Scene) -> list[dict]:
    """The arguments of a GET: of the rep's own rows, and of the deal that is linked to a lead they may not see."""
    if not case.get:
        return []
    shots = list(case.shots(scene.mine))
    return shots + [kwargs for kwargs in case.shots(replace(scene.mine, deal=scene.linked)) if kwargs not in shots]


def test_the_owner_does_see_it(walker, scene):
    """Else the test above would prove nothing."""
    seen = walker.ask("owner", "GET", path_of("acme", "deal_list"), {"tab": "all"}).text
    seen += walker.ask("owner", "GET", path_of("acme", "lead_list")).text
    assert sum(canary in seen for canary in scene.hidden) >= 4


def test_changes_name_no_hidden_deal(walker, scene):
    """What the page asks for after the event stream named ids, and when it has just been opened."""
    acme = walker.world.acme
    for data in ({"ids": f"{acme.deal},{scene.mine.deal},{acme.neighbour}"}, {"since": "1"}):
        answer = walker.ask("rep", "GET", path_of("acme", "deal_changes"), data, SCRIPT)
        assert answer.status in (200, 205)
        assert f'id="deal-{acme.deal}"' not in answer.text and f'id="deal-{acme.neighbour}"' not in answer.text
    own = walker.ask("rep", "GET", path_of("acme", "deal_changes"), {"ids": scene.mine.deal}, SCRIPT)
    assert f'id="deal-{scene.mine.deal}"' in own.text


def test_events_reach_only_who_may_see_the_deal():
    reader = Reader(workspace=1, user=7, owners={7, 8})
    admin = Reader(workspace=1, user=7, owners=None)
    for pairs, mine, everybodys in (
        ([[1, 7]], [1], [1]),
        ([[1, 9], [1, 8]], [1], [1]),  # it changes hands: who had it learns that too
        ([[1, 9], [2, 7], [3, 9]], [2], [1, 2, 3]),
        ([[1, 9]], None, [1]),
    ):
        event = {"workspace": 1, "kind": "deal", "client": "", "ids": pairs, "owners": None}
        for who, ids in ((reader, mine), (admin, everybodys)):
            assert who.cut(event) == (None if ids is None else {"kind": "deal", "ids": ids})
    for owners, told in (([7, 9], True), ([9], False), (None, True)):
        event = {"workspace": 1, "kind": "deal", "client": "", "ids": None, "owners": owners}
        assert reader.cut(event) == ({"kind": "deal"} if told else None) and admin.cut(event) == {"kind": "deal"}


# --- counts and sums ----------------------------------------------------------------------------------------


def figures(owners: set[int], **only: object) -> tuple[int, Decimal]:
    with all_workspaces():
        found = Deal.objects.filter(workspace__slug="acme", owner_id__in=owners, **only)
        return found.count(), found.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)


def context_of(walker: Walker, name: str, **data: str) -> dict:
    response = walker.clients["rep"].get(path_of("acme", name), data)
    assert response.status_code == 200
    return response.context


def shown(total: Total | dict[str, str]) -> tuple[int, Decimal]:
    """The figures of a total, or of one that is put in words."""
    if isinstance(total, dict):
        return int(total["raw_deals"]), Decimal(total["raw_amount"])
    return total.deals, total.amount


def test_counts_and_sums_leave_it_out(walker, scene):
    everybody = {user.pk for user in walker.world.users.values()}
    for only in ({"status": "open"}, {"status": "won"}, {}):
        assert figures(scene.owners, **only) != figures(everybody, **only), "nothing is hidden, so nothing is proved"
    mine = figures(scene.owners, status=Kind.OPEN)
    board = context_of(walker, "deal_board")
    assert shown(board["total"]) == mine
    lanes = [shown(lane.total) for lane in board["lanes"] if lane.stage.is_open]
    assert (sum(deals for deals, _ in lanes), sum(amount for _, amount in lanes)) == mine
    for tab, only in (("open", {"status": "open"}), ("won", {"status": "won"}), ("all", {})):
        assert shown(context_of(walker, "deal_list", tab=tab)["total"]) == figures(scene.owners, **only)
    summary = context_of(walker, "pipeline_summary")["summary"]
    assert shown(summary.in_progress) == mine
    assert shown(summary.won) == figures(scene.owners, status="won")


def test_filtered_counts_and_sums_leave_it_out(walker, scene):
    owner = str(walker.world.users["owner"].pk)
    for name in ("deal_board", "deal_list"):
        assert shown(context_of(walker, name, owner=owner)["total"]) == figures(set())
        assert shown(context_of(walker, name, q="Neigh")["total"]) == figures(scene.owners, name="Neighbour")
    with all_workspaces():
        leads = Lead.objects.filter(owner_id__in=scene.owners).count()
    deals = figures(scene.owners, status="open")[0]
    for name, expected in (("deal_filter", deals), ("deal_list_filter", deals), ("lead_filter", leads)):
        response = walker.clients["rep"].get(path_of("acme", name, name="owner"))
        assert sum(option["count"] for option in response.context["options"]) == expected, name


# --- who sees whose -----------------------------------------------------------------------------------------

OWNERS = ("owner", "admin", "manager", "rep", "dual")
NORTH = {"manager", "rep"}  # one team; the others have none
SEEN = {
    "all": dict.fromkeys((*OWNERS, "viewer"), set(OWNERS)),
    "team": {"manager": NORTH, "rep": NORTH, "dual": {"dual"}, "viewer": set()},
    "own": {"manager": NORTH, "rep": {"rep"}, "dual": {"dual"}, "viewer": set()},
}


@pytest.mark.parametrize("setting", Workspace.Visibility.values)
def test_who_sees_whose(walker, setting):
    """Admins and owners everybody's, managers their team's, reps what the workspace says; without a team one's own."""
    world = walker.world
    with all_workspaces():
        Workspace.objects.filter(pk=world.acme.workspace).update(visibility=setting)
        Membership.objects.filter(pk=world.members["manager"].pk).update(team_id=world.members["rep"].team_id)
        stage = Stage.objects.get(pk=world.acme.stage)
    with tenant(world.acme.workspace):
        made = {who: make_deal(world.members[who], stage, f"deal of {who}").pk for who in OWNERS}
    everybody = dict.fromkeys(("owner", "admin"), set(OWNERS))
    for actor, whose in (SEEN[setting] | everybody).items():
        for who, pk in made.items():
            status = walker.ask(actor, "GET", path_of("acme", "deal_detail", pk=pk)).status
            assert status == (200 if who in whose else 404), (setting, actor, who)
