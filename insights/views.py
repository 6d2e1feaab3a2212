"""Pages of figures."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from insights.metrics import summary
from workspaces.access import MemberRequest, member_required, visible_owners


@member_required()
def pipeline_summary(request: MemberRequest) -> HttpResponse:
    return render(
        request,
        "insights/pipeline_summary.html",
        {"summary": summary(request.workspace, visible_owners(request.member))},
    )
