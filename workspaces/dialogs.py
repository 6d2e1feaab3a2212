"""One form, two frames: a dialog over the page by htmx, a page of its own without JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Model
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRedirect

from workspaces.action import Refused


def is_script(request: HttpRequest) -> bool:
    """Does our JavaScript ask (and want a fragment), or a plain link or form?"""
    return bool(request.headers.get("X-Client-Id"))


def frame(request: HttpRequest, kind: str = "dialog") -> str:
    """The template around a form: dialog or popover for our JavaScript, a page of its own otherwise."""
    return f"components/{kind}.html" if is_script(request) else f"components/{kind}_page.html"


def dialog(
    request: HttpRequest,
    template: str,
    form: BaseForm,
    *,
    status: int | None = None,
    kind: str = "dialog",
    **context: object,
) -> HttpResponse:
    """The form in the frame that was asked for; with errors it is a 422."""
    return render(
        request,
        template,
        {"form": form, "frame": frame(request, kind)} | context,
        status=status or (422 if form.errors else 200),
    )


def form_refused(
    request: HttpRequest, template: str, form: BaseForm, refusal: Refused, **context: object
) -> HttpResponse:
    """The form again, with what the action said beside the fields it was about, and a link to what stands in the way."""
    for field, message in refusal.fields.items():
        form.add_error(field if field in form.fields else None, message)
    if not refusal.fields:
        form.add_error(None, refusal.message)
    return dialog(request, template, form, status=refusal.status, taken=refusal.other, **context)


def saved(
    request: HttpRequest,
    template: str,
    form: BaseForm,
    save: Callable[[dict[str, Any]], Any],
    then: str | Callable[[Any], str],
    **context: object,
) -> HttpResponse:
    """A form from being asked for to being saved: in its frame until it is sent and valid, then given to `save`, and on to
    the address `then` (or what that makes of the row saved). What the action refuses stands beside the fields."""
    if request.method == "GET" or not form.is_valid():
        return dialog(request, template, form, **context)
    try:
        row = save(form.cleaned_data)
    except Refused as refusal:
        return form_refused(request, template, form, refusal, **context)
    return done(request, then if isinstance(then, str) else then(row))


def warned(
    request: HttpRequest, template: str, form: BaseForm, alike: Sequence[Model], **context: object
) -> HttpResponse | None:
    """The form again, with links to the records that a new one may repeat. None where there are none, and when it is
    sent once more with the same ones named: whoever has seen them goes on."""
    seen = " ".join(f"{record._meta.model_name}-{record.pk}" for record in alike)
    if not alike or request.POST.get("seen") == seen:
        return None
    return dialog(request, template, form, status=422, alike=alike, seen=seen, **context)


def refusal_said(request: HttpRequest, refusal: Refused, status: int | None = None) -> HttpResponse:
    """For our JavaScript: a toast, and nothing that could be drawn into a page."""
    response = render(request, "components/refusal.html", {"refusal": refusal}, status=status or refusal.status)
    response["HX-Reswap"] = "none"
    return response


def done(request: HttpRequest, url: str) -> HttpResponse:
    """Saved: on to `url`, from a dialog too."""
    return HttpResponseClientRedirect(url) if is_script(request) else HttpResponseRedirect(url)
