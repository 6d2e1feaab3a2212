"""The picture of the README: the board of the demo, as a newcomer sees it after ./run. UPDATE_PICTURES=1 writes it anew."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import expect

from connectors import demo
from connectors.management.commands.create_demo import Replay, make_members
from tests.browser.board import open_board
from tests.browser.conftest import Place
from workspaces.actions import create_workspace
from workspaces.models import User
from workspaces.tenancy import tenant

README_PICTURE = Path(__file__).resolve().parents[2] / "docs" / "img" / "board.png"
LARGEST = 250_000  # bytes: whoever opens the README loads it
SCALE = 0.8  # as wide as a README is shown; at 1 the file would be too large


@pytest.fixture
def eisvogel(server, django_db_blocker) -> Iterator[Place]:
    """The demo's company under an address of its own: `demo` is for the tests of create_demo in this database."""
    story, unique = demo.make(timezone.now()), f"eisvogel-{uuid4().hex[:8]}"
    with django_db_blocker.unblock():
        users = {
            member.key: User.objects.create_user(f"{member.key}@{unique}.example", "demo", name=member.name)
            for member in story.members
        }
        workspace = create_workspace(
            name=story.name, slug=unique, owner=users["alice"], currency=story.currency, time_zone=story.time_zone
        )
        with tenant(workspace, users["alice"]):
            members = make_members(workspace, story, users)
            Replay(workspace, members).run(story)
        yield Place(server, unique, workspace, members["alice"], members["bob"])
        connection.close()


def test_the_board_of_the_demo(browser, eisvogel, log_in, picture):
    context = browser.new_context(viewport={"width": 1440, "height": 900}, device_scale_factor=SCALE)
    page = open_board(log_in(context.new_page(), eisvogel.alice), eisvogel)
    expect(page.locator(".lane[data-kind=open] .deal:first-child")).to_have_count(5)
    path = picture(page, "board")
    context.close()
    if os.environ.get("UPDATE_PICTURES") == "1":
        README_PICTURE.parent.mkdir(parents=True, exist_ok=True)
        README_PICTURE.write_bytes(path.read_bytes())
    assert README_PICTURE.stat().st_size < LARGEST
