"""Views that write and then go wrong, or show rows late; trial_urls.py and trial_workspace_urls.py place them."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.template import engines
from django.template.response import TemplateResponse

from workspaces.access import public
from workspaces.action import Refused, Stale
from workspaces.models import Team, User

rung: list[str] = []


def write(request: HttpRequest) -> None:
    if request.workspace:
        Team.objects.create(workspace=request.workspace, name="Written")
    User.objects.create_user("written@trial.example", name="Written")
    transaction.on_commit(lambda: rung.append("rang"))


ENDS = {
    "crash": RuntimeError("it broke"),
    "refuse": Refused("Not today."),
    "stale": Stale("Somebody was quicker."),
    "forbid": PermissionDenied("Not you."),
    "miss": Http404("Not here."),
    "malformed": SuspiciousOperation("Not this."),
}


@public(reason="trial", methods=("GET", "POST"))
def ending(request: HttpRequest, how: str) -> HttpResponse:
    """Writes, and then ends as `how` says."""
    write(request)
    if how in ENDS:
        raise ENDS[how]
    if how == "template":
        return TemplateResponse(request, engines["django"].from_string("{{ broken }}"), {"broken": Broken()})
    return HttpResponse("done", status=int(how))


class Broken:
    def __str__(self) -> str:
        raise RuntimeError("the template broke")


@public(reason="trial")
def late(request: HttpRequest, how: str) -> HttpResponse:
    """Rows that are asked for when the view is through."""
    if how == "template":
        return TemplateResponse(
            request,
            engines["django"].from_string("{% for t in teams %}{{ t }};{% endfor %}"),
            {"teams": Team.objects.all()},
        )
    return StreamingHttpResponse(f"{team};" for team in iter_teams())


def iter_teams():
    yield from Team.objects.all()
