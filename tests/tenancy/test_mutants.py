"""The first wall with a hole in it: whichever query forgets its workspace, the second wall holds."""

from __future__ import annotations

import pytest

from tests.tenancy.cases import CASES
from tests.tenancy.mutations import dropped, probes_of
from tests.tenancy.walk import WORKSPACE_ROUTES
from workspaces.models import Workspace

ROUTES = [route for route in WORKSPACE_ROUTES if route.name in CASES]
# They ask for no rows: of the workspace itself and of the member, which the middleware has found. Or, without a key in
# their path, only when something is sent (test_bodies.py) or a script asks (test_urls.py).
SILENT = {
    "deal_bulk",
    "deal_bulk_export",
    "events",
    "notification_menu",
    "notification_read_all",
    "notification_unread",
    "pipeline_new",
    "pipeline_order",
    "reason_new",
    "reason_order",
    "rule_order",
    "team_new",
    "workspace_home",
    "workspace_leave",
    "workspace_settings",
}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_a_view_that_forgets_its_workspace_leaks_nothing(walker, route):
    """One mutant for each model that the view asks for by workspace: the same answers, 404 included, and no canary."""
    probes = list(probes_of(walker, route))
    with dropped() as named:
        walker.quietly(probes)
    walker.report()
    for model in sorted(named.keys() - {Workspace}, key=lambda model: model._meta.label):
        with dropped(model) as forgotten:
            walker.quietly(probes)
        assert forgotten[model], f"the mutant of {model._meta.label} was not reached"
        walker.problems = [f"without the filter of {model._meta.label}: {problem}" for problem in walker.problems]
    walker.report()


def test_there_are_enough_mutants(walker):
    """Views that name their workspace in no query at all would pass the test above unseen."""
    sites = set()
    for route in ROUTES:
        with dropped() as named:
            for probe in list(probes_of(walker, route))[:2]:
                walker.ask(probe.actor, probe.method, probe.path, probe.data)
        sites |= {(route.name, model._meta.label) for model in named}
    assert {route.name for route in ROUTES} - {name for name, _ in sites} <= SILENT
    assert len(sites) >= 90
    assert len({model for _, model in sites}) >= 15
