"""Settings of mail: templates, and who gets no more of it."""

from __future__ import annotations

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from automation import actions
from automation.forms import SuppressionForm, TemplateForm
from automation.models import MailTemplate, Suppression
from automation.placeholders import FIELDS
from workspaces.access import MemberRequest, member_required
from workspaces.dialogs import done, saved
from workspaces.models import Role

FORM = ("GET", "POST")
TEMPLATE = "automation/template.html"
PAGE = 100


def salt(request: MemberRequest) -> str:
    return f"suppression-back/{request.workspace.pk}"


@member_required()
def template_list(request: MemberRequest) -> HttpResponse:
    templates = MailTemplate.objects.filter(workspace=request.workspace).offered()
    return render(request, "automation/template_list.html", {"templates": templates})


@member_required(Role.MANAGER, methods=FORM)
def template_new(request: MemberRequest) -> HttpResponse:
    form = TemplateForm(request.POST or None)
    return saved(
        request,
        TEMPLATE,
        form,
        lambda facts: actions.create_template(request.workspace, by=request.member, **facts),
        reverse("template_list"),
        fields=FIELDS,
    )


@member_required(Role.MANAGER, methods=FORM)
def template_edit(request: MemberRequest, pk: int) -> HttpResponse:
    template = get_template(request, pk)
    form = TemplateForm(request.POST or None, template=template)
    return saved(
        request,
        TEMPLATE,
        form,
        lambda facts: actions.update_template(template, by=request.member, **facts),
        reverse("template_list"),
        fields=FIELDS,
        edited=template,
    )


@member_required(Role.MANAGER, methods=("POST",))
def template_archive(request: MemberRequest, pk: int) -> HttpResponse:
    template = actions.archive_template(get_template(request, pk), by=request.member)
    undo = reverse("template_restore", args=[pk])
    messages.success(request, f"{template} is offered no more. Campaigns that use it go on.", extra_tags=undo)
    return done(request, reverse("template_list"))


@member_required(Role.MANAGER, methods=("POST",))
def template_restore(request: MemberRequest, pk: int) -> HttpResponse:
    actions.restore_template(get_template(request, pk), by=request.member)
    return done(request, reverse("template_list"))


def get_template(request: MemberRequest, pk: int) -> MailTemplate:
    return get_object_or_404(MailTemplate, workspace=request.workspace, pk=pk)


# --- who gets no mail -----------------------------------------------------------------------------------


@member_required(Role.MANAGER)
def suppression_list(request: MemberRequest) -> HttpResponse:
    """By address, a page at a time: ?q finds those that begin so, ?after is the last of the page before."""
    asked, after = request.GET.get("q", "").strip().lower()[:254], request.GET.get("after", "")
    rows = Suppression.objects.filter(workspace=request.workspace, email__gt=after).select_related("by")
    if asked:
        # Not LIKE: under row-level security it would read every row.
        rows = rows.filter(email__gte=asked, email__lt=asked + "\U0010ffff")
    found = list(rows.order_by("email")[: PAGE + 1])
    context = {"rows": found[:PAGE], "next": found[PAGE - 1].email if len(found) > PAGE else "", "asked": asked}
    return render(request, "automation/suppression_list.html", context)


@member_required(Role.MANAGER, methods=FORM)
def suppression_new(request: MemberRequest) -> HttpResponse:
    return saved(
        request,
        "automation/suppression_new.html",
        SuppressionForm(request.POST or None),
        lambda facts: actions.suppress_address(request.workspace, facts["email"], by=request.member),
        reverse("suppression_list"),
    )


@member_required(Role.MANAGER, methods=("POST",))
def suppression_lift(request: MemberRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Suppression.objects.select_related("workspace"), workspace=request.workspace, pk=pk)
    kept = actions.lift_suppression(row, by=request.member)
    undo = reverse("suppression_back", args=[signing.dumps(kept, salt=salt(request))])
    messages.success(request, f"{row.email} may get mail again.", extra_tags=undo)
    return done(request, reverse("suppression_list"))


@member_required(Role.MANAGER, methods=("POST",))
def suppression_back(request: MemberRequest, token: str) -> HttpResponse:
    """Undo, with what was signed for it."""
    try:
        kept = signing.loads(token, salt=salt(request))
    except signing.BadSignature:
        raise Http404("Not ours") from None
    actions.put_back(request.workspace, kept, by=request.member)
    return done(request, reverse("suppression_list"))
