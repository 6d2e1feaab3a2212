"""True of every page, found by following every link: it leads somewhere, runs under the strict policy, names things once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client

from activities.actions import add_note, plan_task
from leads.actions import capture, create_company, create_contact
from tests.factories import make_deal
from tests.pages import SCRIPT, Element, read
from workspaces.actions import invite
from workspaces.models import Role, User
from workspaces.tenancy import tenant

HANDLER = re.compile(r"^on[a-z]+$")
POLICY = {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:", "font-src": "'self'",
    "connect-src": "'self'", "form-action": "'self'", "manifest-src": "'self'", "base-uri": "'none'",
    "frame-ancestors": "'none'", "frame-src": "'self'", "object-src": "'none'",
}  # fmt: skip
# Parts of paths that say which row or which filter: one of each is enough.
OWN = re.compile(
    r"/accounts/|/calendar/feed/$|/notifications/|/follow/|/settings/leave/$|^/profile/$|^/workspaces/new/$"
    r"|/deals/list/columns/|/deals/views/\w+/(pinned|default)/$"
)
PLACE = re.compile(r"/\d+(?=/)|(?<=/filter/)\w+")


def policy_of(response) -> dict[str, str]:
    header = response.headers["Content-Security-Policy"]
    return dict(part.strip().partition(" ")[::2] for part in header.split(";"))


def inline(page: Element) -> list[str]:
    """What the policy would not let run."""
    scripts = (e for e in page.all("script") if "src" not in e.attributes and e.get("type") != "application/json")
    styled = (e for e in page.walk() if "style" in e.attributes or any(map(HANDLER.match, e.attributes)))
    links = (e for e in page.all("a") if (e.get("href") or "").startswith("javascript:"))
    return [f"<{e.tag} {e.attributes}>" for e in (*scripts, *page.all("style"), *styled, *links)]


def twice(page: Element) -> list[str]:
    counted = Counter(e["id"] for e in page.walk() if e.get("id"))
    return [name for name, count in counted.items() if count > 1]


def links_of(page: Element, base: str) -> set[str]:
    """Paths on this site that one may go to from the page, by links of any kind; forms that get are links too."""
    found = {e["href"] for e in page.all("a") if e.get("href")}
    found |= {e["hx-get"] for e in page.walk() if e.get("hx-get")}
    urls = (urlsplit(urljoin(f"http://testserver{base}", path)) for path in found if not path.startswith("#"))
    return {f"{url.path}?{url.query}" if url.query else url.path for url in urls if url.netloc == "testserver"}


def kind_of(path: str) -> tuple[str, str]:
    url = urlsplit(path)
    keys = re.findall(r"(\w+)=", url.query)
    return PLACE.sub("/N", url.path), "several" if len(keys) > 1 else "".join(keys)


def buttons(page: Element, path: str) -> list[str]:
    """Of forms that would change something, without those that concern the reader alone."""
    forms = (form for form in page.all("form", method="post") if not OWN.search(form.get("action") or path))
    return [button.text for form in forms for button in form.all("button") if "disabled" not in button.attributes]


def crawl(
    client: Client, *starts: str, wrong: Callable[[Element, str], list[str]] = lambda page, path: []
) -> tuple[list[str], list[str]]:
    """The paths of all kinds of pages that links lead to, and what is wrong with them."""
    todo, seen, paths, problems = list(starts), set(), [], []
    while todo:
        path = todo.pop()
        # The admin's pages have walks of their own; a few stand for them below.
        if kind_of(path) in seen or path.startswith("/static/") or "/admin/" in path:
            continue
        seen.add(kind_of(path))
        response = client.get(path, follow=True)
        paths.append(path)
        if response.status_code != 200:
            problems.append(f"{path}: {response.status_code}")
        if response.headers["Content-Type"].startswith("text/html"):
            page = read(response)
            problems += [f"{path}: {what}" for what in (*inline(page), *wrong(page, path))]
            problems += [f"{path}: the id {name} twice" for name in twice(page)]
            if policy_of(response) != POLICY:
                problems.append(f"{path}: {response.headers['Content-Security-Policy']}")
            todo += sorted(links_of(page, response.request["PATH_INFO"]))
    return paths, problems


@pytest.fixture
def full(cast):
    """One of everything that a page shows."""
    with tenant(cast.workspace, cast.alice.user):
        company = create_company(cast.workspace, name="Brightwater", domain="bright.test", by=cast.alice)
        create_contact(cast.workspace, first_name="Ida", emails=["ida@bright.test"], company=company, by=cast.alice)
        lead = capture(cast.workspace, email="otto@bright.test", owner_id=cast.alice.user_id, by=cast.alice)
        for number in range(60):
            deal = make_deal(cast.alice, cast.stages["New"], f"Deal {number}", company=company)
        for subject in (company, lead, deal):
            add_note(subject, "Said", by=cast.alice)
            plan_task(subject, "Do", by=cast.alice)
        invite(cast.workspace, email="dora@new.example", role=Role.REP, team=None, by=cast.alice)
    return cast


def test_every_link_of_an_owner_leads_to_a_page_under_the_policy(full, login):
    paths, problems = crawl(login(full.alice), "/w/acme/", "/workspaces/", "/profile/")
    assert not problems, "\n".join(problems[:30])
    kinds = {kind_of(path)[0] for path in paths}
    expected = ("deals/", "deals/list/", "deals/N/", "leads/N/", "companies/N/", "contacts/N/", "settings/members/")
    assert {f"/w/acme/{path}" for path in expected} <= kinds and "/accounts/2fa/" in kinds
    assert len(kinds) > 35


def test_a_viewer_is_shown_no_link_and_no_button_that_they_may_not_use(full, login):
    paths, problems = crawl(login(full.vera), "/w/acme/", wrong=buttons)
    assert not problems, "\n".join(problems[:30])
    assert len(paths) > 20


def test_every_link_of_a_stranger(db):
    paths, problems = crawl(Client(), "/")
    assert not problems, "\n".join(problems[:30])
    assert {"/accounts/signup/", "/accounts/password/reset/"} <= {kind_of(path)[0] for path in paths}


def test_the_admin_runs_under_the_policy_too(full):
    root = Client()
    root.force_login(User.objects.create_superuser("root@crm.example", "demo", name="Root"))
    deals = "/admin/deals/deal/"
    first = links_of(read(root.get(deals)), deals)
    changing = min(path for path in first if path.startswith(deals) and path.endswith("/change/"))
    for path in ("/admin/", deals, f"{deals}add/", changing, changing.replace("change/", "history/")):
        response = root.get(path)
        assert response.status_code == 200 and policy_of(response) == POLICY, path
        assert not inline(read(response)), path


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("get", "/w/acme/settings/members/invite/", SCRIPT, 200),
        ("post", "/w/acme/settings/members/invite/", SCRIPT, 422),
        ("post", "/w/acme/settings/leave/", {}, 422),
        ("get", "/w/acme/", {}, 302),
        ("get", "/w/acme", {}, 301),
        ("get", "/w/rival/deals/", {}, 404),
        ("get", "/nowhere/", {}, 404),
        ("put", "/w/acme/deals/", {}, 405),
        ("get", "/invitations/forged/", {}, 410),
        ("get", "/accounts/login/?x=%00", {}, 400),
        ("get", "/accounts/login/", {"Host": "evil.example"}, 400),
        ("get", "/w/acme/events/", {}, 503),
    ],
)
def test_every_other_answer_bears_the_policy(cast, login, method, path, headers, status):
    response = getattr(login(cast.alice), method)(path, {"email": ""} if method == "post" else {}, headers=headers)
    assert response.status_code == status and policy_of(response) == POLICY
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
