"""Every route x method x actor x {own, foreign, unknown id}: who gets in, and what other workspaces notice of it."""

from __future__ import annotations

import pytest

from tests.tenancy.cases import CASES, ROOT_CASES
from tests.tenancy.walk import ACTORS, ROOT_ROUTES, WORKSPACE_ROUTES, Probe, path_of
from tests.tenancy.world import Rows

PAGES = [route for route in WORKSPACE_ROUTES if not route.name.startswith("admin:")]
OUTSIDE = [route for route in ROOT_ROUTES if not route.name.startswith("admin:")]
# Guarded by their own libraries; how they answer is walked all the same.
THEIR_OWN = ("allauth.", "django.contrib.staticfiles.")

SHOWN = {
    "workspaces.User.name", "workspaces.Workspace.name", "workspaces.Team.name", "workspaces.Invitation.email",
    "leads.Company.name", "leads.Contact.name", "leads.Lead.name", "leads.Campaign.name", "leads.Segment.name",
    "leads.ContactEmail.email", "leads.ContactPhone.phone", "deals.Pipeline.name", "deals.Stage.name",
    "deals.Deal.name", "activities.Activity.data", "activities.Note.body", "activities.Task.title",
}  # fmt: skip


@pytest.mark.parametrize("route", PAGES, ids=lambda route: route.name)
def test_a_page_of_a_workspace(walker, route):
    assert route.name in CASES, f"{route.name} ({route.path}) has no case: add one to tests/tenancy/cases.py"
    walker.walk(route, CASES[route.name])
    walker.report()


@pytest.mark.parametrize("route", OUTSIDE, ids=lambda route: route.name)
def test_a_page_outside_the_workspaces(walker, route):
    """It changes nothing of any workspace, shows nothing of one to others; allauth's pages are called as they come."""
    is_theirs = route.name.startswith(("account_", "mfa_"))
    assert is_theirs or route.name in ROOT_CASES, f"{route.name} has no case: add one to tests/tenancy/cases.py"
    case = ROOT_CASES.get(route.name)
    path = case.path if case else path_of("", route.name, **filler(route.path))
    probes = {"GET": [], "POST": []}
    for actor in ACTORS:
        for method in probes if case or actor in ("owner", "foreign", "anonymous") else ("GET",):
            expected = case.expected(actor, method) if case else tuple(range(200, 500))
            probes[method].append(Probe(actor, method, path, expected, {"name": ""} if method == "POST" else {}))
    walker.quietly(probes["GET"])
    walker.loudly(probes["POST"], must_write=False, but=walker.world.both)
    walker.report()


def filler(path: str) -> dict[str, object]:
    """Arguments that fit allauth's patterns and name nothing."""
    return {name: value for name, value in (("key", "zz-zz"), ("uidb36", "zz"), ("pk", 1)) if f"{name}>" in path}


def test_other_methods_do_nothing(walker):
    """HEAD is a GET; what else HTTP has is refused, whatever the id."""
    for route in PAGES:
        case = CASES[route.name]
        own, foreign = (case.shots(rows)[0] for rows in (walker.world.acme, walker.world.rival))
        path = path_of("acme", route.name, **foreign)
        probes = [Probe("owner", method, path, (405,)) for method in ("PUT", "PATCH", "DELETE")]
        if case.get:
            probes.append(Probe("owner", "HEAD", path, case.get_ok if own == foreign else (404,)))
        walker.quietly(probes)
    walker.report()


def test_no_case_is_stale():
    assert CASES.keys() == {route.name for route in PAGES}
    assert ROOT_CASES.keys() <= {route.name for route in OUTSIDE}


@pytest.mark.parametrize("route", [*PAGES, *OUTSIDE], ids=lambda route: route.name)
def test_every_view_says_who_may_call_it(route):
    access = getattr(route.callback, "access", "")
    is_theirs = route.callback.__module__.startswith(THEIR_OWN)
    assert access or is_theirs, f"{route.name} bears neither @member_required, @login_only nor @public(reason=…)"


def test_a_workspace_that_is_not_there_looks_like_one_that_is_not_yours(walker):
    """No oracle for the names of other workspaces: the same answers to everybody who is not in them."""
    for route in PAGES:
        own = CASES[route.name].shots(walker.world.acme)[0]
        path = path_of("rival", route.name, **own)
        probes = [
            Probe(actor, "GET", there, (404, 405), twin=(actor,), about=route.name)
            for actor in ("rep", "super")
            for there in (path, path.replace("/rival/", "/nowhere/"))
        ]
        walker.quietly(probes)
    walker.report()


def test_the_walk_notices(walker):
    """A write where none may be, a canary where none may stand, an answer that tells two ids apart, a wrong status."""
    path, page = path_of("acme", "team_new"), path_of("acme", "deal_detail", pk=walker.world.acme.deal)
    walker.quietly([Probe("owner", "GET", page, (200,)), Probe("owner", "POST", path, (302,), {"name": "West"})])
    assert [problem.split(": ")[1] for problem in walker.problems] == [WRITTEN.format(walker.world.acme.workspace)]
    walker.problems.clear()
    gone = page.replace(str(walker.world.acme.deal), "999999999")
    walker.quietly([Probe("owner", "GET", where, (404,), twin=(1,)) for where in (gone, page)])
    assert ["answered 200, not 404" in walker.problems[0], "can be told from" in walker.problems[1]] == [True, True]
    walker.problems.clear()
    shown = walker.ask("owner", "GET", page).text
    assert walker.world.leaks("owner", shown) == [] and walker.world.leaks("dual", shown) == []
    assert len(walker.world.leaks("foreign", shown)) > 5 and len(walker.world.leaks("anonymous", shown)) > 5


WRITTEN = "changed workspaces_team of workspace {}"


def test_what_is_planted_is_what_pages_show(walker):
    """Else the walks would prove nothing: acme's people do read acme's canaries, of every kind that has a page."""
    world, seen = walker.world, set()
    for route in PAGES:
        case = CASES[route.name]
        for kwargs in case.shots(world.acme) if case.get else ():
            answer = walker.ask("owner", "GET", path_of("acme", route.name, **kwargs), case.asked | {"tab": "all"})
            found = (where for canary, (_, where) in world.canaries.items() if canary in answer.text)
            seen |= {where.partition(" of ")[0] for where in found}
    assert not SHOWN - seen


def test_members_of_two_workspaces_have_one_at_a_time(walker):
    """Whoever is in both may see a row of the other one by its own address alone."""
    own: Rows = walker.world.rival
    for name in ("deal_detail", "lead_detail", "company_detail", "contact_detail"):
        kwargs = CASES[name].shots(own)[0]
        assert walker.ask("dual", "GET", path_of("rival", name, **kwargs)).status == 200
        assert walker.ask("dual", "GET", path_of("acme", name, **kwargs)).status == 404
    abroad = walker.world.members["dual abroad"]
    for actor in ("owner", "admin"):
        # One's own memberships may be read everywhere; changed only from inside.
        assert walker.ask(actor, "GET", path_of("acme", "member_edit", pk=abroad.pk)).status == 404
