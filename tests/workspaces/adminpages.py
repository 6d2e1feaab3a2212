"""Reading the admin's pages in tests."""

from __future__ import annotations

from html.parser import HTMLParser

from django.conf import settings
from django.db import models
from django.test import Client
from django.urls import reverse

from workspaces.models import Workspace
from workspaces.mounting import mounted


def path(workspace: Workspace | None, what: str, *args: object) -> str:
    """The path of a page of the admin: `what` is "index", "deals_deal_changelist" …; workspace None: the super admins'."""
    if workspace is None:
        return reverse(f"admin:{what}", urlconf=settings.ROOT_URLCONF, args=args)
    with mounted(f"/w/{workspace.slug}/"):
        return reverse(f"admin:{what}", urlconf=settings.WORKSPACE_URLCONF, args=args)


def page_of(model: type[models.Model], what: str) -> str:
    return f"{model._meta.app_label}_{model._meta.model_name}_{what}"


class Form(HTMLParser):
    """The fields of the page's form, as a browser would send them."""

    def __init__(self, html: str, form_id: str):
        super().__init__()
        self.form_id, self.inside, self.select, self.textarea = form_id, False, "", ""
        self.data: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        name = found.get("name") or ""
        if tag == "form":
            self.inside = found.get("id") == self.form_id
        if not self.inside or "disabled" in found:
            return
        if tag == "input" and name and found.get("type") not in ("submit", "file"):
            if found.get("type") not in ("checkbox", "radio") or "checked" in found:
                self.data[name] = found.get("value") or ""
        elif tag == "select":
            self.select = name
            self.data[name] = ""
        elif tag == "option" and self.select and "selected" in found:
            self.data[self.select] = found.get("value") or ""
        elif tag == "textarea":
            self.textarea = name
            self.data[name] = ""

    def handle_data(self, data):
        if self.inside and self.textarea:
            # Browsers drop the first newline.
            self.data[self.textarea] = (
                self.data[self.textarea] + data
                if self.data[self.textarea]
                else data.removeprefix("\n").removeprefix("\r\n")
            )

    def handle_endtag(self, tag):
        if tag == "form":
            self.inside = False
        elif tag == "select":
            self.select = ""
        elif tag == "textarea":
            self.textarea = ""


def form_of(client: Client, url: str, model: type[models.Model]) -> dict[str, str]:
    response = client.get(url)
    assert response.status_code == 200, (url, response.status_code)
    return Form(response.content.decode(), f"{model._meta.model_name}_form").data


def errors(response) -> dict[str, list[str]]:
    return response.context["adminform"].form.errors


def messages(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def bulk(
    client: Client, workspace: Workspace | None, model: type[models.Model], action: str, rows: list, **data: object
):
    """Run a bulk action on rows, with what its page in between asks for; the page that follows."""
    url = path(workspace, page_of(model, "changelist"))
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(url, chosen | ({"apply": "1"} | data if data else {}), follow=True)
