"""Calls, meetings and emails that were logged by hand: taken away, and given back."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from activities import actions
from activities.models import Activity
from activities.views import subject_of, told
from workspaces.access import MemberRequest, member_required


@member_required(methods=("POST",))
def logged_delete(request: MemberRequest, pk: int) -> HttpResponse:
    activity = get_object_or_404(Activity, workspace=request.workspace, pk=pk)
    subject = subject_of(request, activity)
    actions.delete_logged(activity, by=request.member)
    return told(request, subject, f"{activity.get_kind_display()} deleted", undo=reverse("logged_restore", args=[pk]))


@member_required(methods=("POST",))
def logged_restore(request: MemberRequest, pk: int) -> HttpResponse:
    activity = get_object_or_404(Activity, workspace=request.workspace, pk=pk)
    subject = subject_of(request, activity)
    actions.restore_logged(activity, by=request.member)
    return told(request, subject, f"{activity.get_kind_display()} restored")
