"""Pages of figures."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from insights import playbooks
from insights.metrics import summary
from workspaces.access import MemberRequest, member_required, visible_owners


@member_required()
def pipeline_summary(request: MemberRequest) -> HttpResponse:
    return render(
        request,
        "insights/pipeline_summary.html",
        {"summary": summary(request.workspace, visible_owners(request.member))},
    )


@member_required()
def playbook_report(request: MemberRequest) -> HttpResponse:
    """Win rate with and without playbook tasks done, per stage."""
    lines = playbooks.playbook_report(request.workspace, visible_owners(request.member))
    context = {"lines": lines, "days": playbooks.DAYS, "few": playbooks.FEW}
    return render(request, "insights/playbook_report.html", context)
