"""Browser tests: Chromium against the server as `./run` starts it, on this worker's test database.

Data is committed, because the server is another process. Each test makes a workspace of its own, so nothing
has to be thrown away between tests: workspaces do not see each other.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from django.db import connection

from tests.browser.screens import SCREENS
from tests.webserver import running

CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
PICTURES = Path(__file__).resolve().parents[2] / "var" / "pictures"
# Cards out of sight are drawn in the frame after they came into view (content-visibility).
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
_numbers = count(1)
# Playwright's synchronous API keeps an event loop in this thread; Django's check against that would refuse every query.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


# Of minutes: first of all, so that in the end no process waits for another's.
LONG = ("test_pages_of_a_workspace", "test_every_page_of_the_super_admin")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    ours = [item for item in items if "tests/browser/" in str(item.path)]
    numbers = set(map(id, ours))
    longest_first = iter(sorted(ours, key=lambda item: not item.name.startswith(LONG)))
    items[:] = [next(longest_first) if id(item) in numbers else item for item in items]
    missing = pytest.mark.skip(reason="no Chromium: set CHROMIUM to its path or put it on the PATH")
    for item in ours:
        item.add_marker(pytest.mark.browser)
        if not CHROMIUM:
            if os.environ.get("CI") == "true":
                raise pytest.UsageError("CI without Chromium: install it, the browser tests must run")
            item.add_marker(missing)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args) -> dict:
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    return browser_type_launch_args | {"executable_path": CHROMIUM, "args": [*quiet, *root]}


@pytest.fixture(scope="session")
def server(django_db_setup, django_db_blocker) -> Iterator[str]:
    """The base URL of a running server."""
    with django_db_blocker.unblock(), running() as server:
        yield server.base


@dataclass
class Place:
    """A workspace of this test alone, and its people's addresses (password: demo)."""

    base: str
    slug: str
    workspace: object
    alice: object
    bob: object

    def url(self, path: str = "") -> str:
        return f"{self.base}/w/{self.slug}/{path}"


@pytest.fixture
def place(server, django_db_blocker) -> Iterator[Place]:
    """A new workspace with alice (owner) and bob (rep); rows made in the test are committed."""
    from tests.factories import make_place  # noqa: PLC0415 - models are there only once Django is set up

    with django_db_blocker.unblock():
        yield make_place(server, next(_numbers))
        connection.close()


@pytest.fixture
def log_in(server, context):
    """log_in(page, member) -> the page, logged in; the session is put in as a cookie, the login page has its own test."""

    def go(page, member):
        from tests.factories import session_for  # noqa: PLC0415

        page.context.add_cookies([{"name": "session", "value": session_for(member.user), "url": server}])
        return page

    return go


@pytest.fixture
def opened(browser):
    """opened(screen) -> a page of that screen."""
    contexts = []

    def go(screen: str):
        contexts.append(browser.new_context(**SCREENS[screen][0]))
        return contexts[-1].new_page()

    yield go
    for context in contexts:
        context.close()


@pytest.fixture(autouse=True)
def _no_surprises(request):
    """No test passes while the page logs an error or breaks its own content security policy."""
    if "page" not in request.fixturenames:
        yield
        return
    page = request.getfixturevalue("page")
    problems: list[str] = []
    watch(page, problems)
    yield
    expected = request.node.get_closest_marker("expect_errors")
    assert expected or not problems, problems


def watch(page, problems: list[str]) -> None:
    """Collect what must not happen: exceptions, console errors, blocked resources. Refusals (4xx) are answers."""
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if is_problem(message) else None)


def is_problem(message) -> bool:
    return message.type == "error" and not any(f"status of {status}" in message.text for status in (403, 404, 409, 422))


@pytest.fixture
def picture(request):
    """picture(page, name): a screenshot under var/pictures, to be looked at."""

    def take(page, name: str) -> Path:
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.evaluate(TWO_FRAMES)
        path = PICTURES / f"{name}.png"
        page.screenshot(path=path)
        return path

    return take
