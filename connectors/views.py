"""Pages of exports: to ask for one, to see how far it is, to fetch it."""

from __future__ import annotations

from django import forms
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from connectors.exports import actions
from connectors.exports.columns import columns_of
from connectors.exports.finding import LISTINGS, found, said
from connectors.models import Export
from deals.views.listing import tab_of
from workspaces.access import MemberRequest, member_required
from workspaces.action import Refused
from workspaces.custom.values import Entity
from workspaces.dialogs import dialog, done, form_refused
from workspaces.models import Role

SHOWN = 100
TYPES = {
    Export.Format.CSV: "text/csv; charset=utf-8",
    Export.Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class ExportForm(forms.Form):
    format = forms.ChoiceField(choices=Export.Format.choices, initial=Export.Format.CSV, label="File")
    columns = forms.ChoiceField(
        choices=[("all", "All columns"), ("chosen", "The columns that the list shows")], initial="all", label="Columns"
    )  # fmt: skip

    def __init__(self, *args, may_choose: bool, **kwargs):
        super().__init__(*args, **kwargs)
        if not may_choose:
            del self.fields["columns"]


@member_required(Role.REP, methods=("GET", "POST"))
def export_new(request: MemberRequest, entity: str) -> HttpResponse:
    """The list's own query says what; `columns` of it, which."""
    if entity not in Entity.values:
        raise Http404("No such list")
    of, query = Entity(entity), said(request)
    chosen = shown_columns(request, of)
    form = ExportForm(request.POST or None, may_choose=bool(chosen))
    context: dict[str, object] = {
        "entity": of,
        "all": [column.label for column in columns_of(request.workspace, of, [])],
    }
    try:
        context["count"] = found(of, request.member, query).count()
        if request.method == "GET" or not form.is_valid():
            return dialog(request, "connectors/export_new.html", form, **context)
        columns = chosen if form.cleaned_data.get("columns") == "chosen" else []
        export = actions.ask_for_export(
            request.workspace, entity=of, format=form.cleaned_data["format"], by=request.member, query=query, columns=columns
        )  # fmt: skip
    except Refused as refusal:
        if request.method == "GET":  # a form that was not sent bears no complaint
            form = ExportForm({"format": Export.Format.CSV, "columns": "all"}, may_choose=bool(chosen))
            form.add_error(None, refusal.message)
            return dialog(request, "connectors/export_new.html", form, status=200, **context)
        return form_refused(request, "connectors/export_new.html", form, refusal, **context)
    return done(request, reverse("export_detail", args=[export.pk]))


def shown_columns(request: MemberRequest, of: Entity) -> list[str]:
    """Names of those that the list shows, where it was asked for some."""
    asked = [name for name in ",".join(request.GET.getlist("columns")).split(",") if name]
    if of == Entity.DEAL:
        # Of closed deals the list shows the day they were closed.
        is_closed = tab_of(request) in ("won", "lost")
        return ["closed" if is_closed and name == "close" else name for name in asked]
    if not asked:
        return asked
    return [*(column.name for column in LISTINGS[of].columns), *asked]


@member_required(Role.REP)
def export_list(request: MemberRequest) -> HttpResponse:
    return render(request, "connectors/export_list.html", {"exports": mine(request)[:SHOWN]})


@member_required(Role.REP)
def export_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """How far it is; asks again while it is being made."""
    export = get_object_or_404(mine(request), pk=pk)
    share = 0 if not export.total else min(100, 100 * export.rows // export.total)
    template = "connectors/export_detail.html" + ("#state" if request.headers.get("X-Part") == "state" else "")
    return render(request, template, {"export": export, "share": share, "kept": actions.KEPT.days})


@member_required(Role.REP)
def export_download(request: MemberRequest, pk: int) -> HttpResponse:
    """Only to who asked for it, never as a page. Read outside the transaction, which holds none of its rows."""
    export = get_object_or_404(mine(request), pk=pk)
    path = actions.file_of(export)
    if not export.is_there or not path.is_file():
        raise Http404("This file is not there any more")
    response = FileResponse(
        path.open("rb"), as_attachment=True, filename=actions.disk_name(export), content_type=TYPES[Export.Format(export.format)]
    )  # fmt: skip
    response["Cache-Control"] = "private, no-store"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def mine(request: MemberRequest):
    return Export.objects.filter(workspace=request.workspace, by=request.user)
