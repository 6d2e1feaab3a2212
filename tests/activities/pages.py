"""How tests read and use the pages of a record."""

from __future__ import annotations

from django.http import HttpResponse
from django.test import Client

from tests.conftest import Cast
from tests.factories import url
from tests.pages import SCRIPT, Element, read


def page_of(client: Client, record: object) -> Element:
    response = client.get(url(record.workspace, f"{record._meta.model_name}_detail", record.pk))
    assert response.status_code == 200
    return read(response)


def told(client: Client, record: object) -> list[str]:
    """The lines of a record's timeline as they are read, newest first."""
    return [
        line.one("div", "tx").text for line in page_of(client, record).one("ol", "tl").all("li") if line.all("time")
    ]


def post(client: Client, acme: Cast, name: str, *args: object, script: bool = False, **data: object) -> HttpResponse:
    return client.post(url(acme.workspace, name, *args), data, headers=SCRIPT if script else None)
