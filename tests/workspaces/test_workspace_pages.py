"""The pages of workspaces, members and teams: by plain forms and by our script, and what each refusal says."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client

from tests.factories import make_deal, url
from tests.pages import read
from workspaces.models import Membership, Role, Team, User, Workspace
from workspaces.mounting import root_url
from workspaces.tenancy import all_workspaces, tenant

SCRIPT = {"X-Client-Id": "tab1"}
HTMX = SCRIPT | {"HX-Request": "true"}
Status = Membership.Status


def text_of(response) -> str:
    """What a reader sees, entities resolved."""
    return html.unescape(response.content.decode())


def is_whole(response) -> bool:
    return "<html" in response.content.decode()


def error_of(response, field: str) -> str:
    """The message beside a field, tied to it for screen readers."""
    text = text_of(response)
    found = re.search(rf'<p class="err"[^>]* id="id_{field}_error">.*?</svg>(.*?)</p>', text, re.DOTALL)
    assert f'aria-describedby="id_{field}_' in text or f"id_{field}_error" in text
    return found[1].strip() if found else ""


def inside(workspace: Workspace, user: User | None = None):
    return tenant(workspace, user)


@pytest.fixture
def alice(cast, login) -> Client:
    return login(cast.alice)


@pytest.fixture
def dora(db) -> Client:
    """Logged in, and a member of nothing."""
    client = Client()
    client.force_login(User.objects.create_user("dora@new.example", "demo", name="Dora"))
    return client


# --- the front door, the list, switching --------------------------------------------------------------


def test_the_front_door_sends_everybody_where_they_belong(cast, alice, dora):
    assert Client().get("/").url == "/accounts/login/"
    assert alice.get("/").url == "/w/acme/"
    assert dora.get("/").url == "/workspaces/"


def test_who_is_in_several_goes_to_the_last_one(cast, alice):
    with inside(cast.rival):
        Membership.objects.create(workspace=cast.rival, user=cast.alice.user, role=Role.VIEWER)
    assert alice.get("/").url == "/workspaces/"
    for slug, page in (("rival", "today"), ("acme", "dashboard")):  # there she looks on, here she leads
        response = alice.get(f"/w/{slug}/")
        assert (response.status_code, response.url) == (302, f"/w/{slug}/{page}/")
        cookie = response.cookies["workspace"]
        assert (cookie.value, cookie["path"], cookie["httponly"], cookie["samesite"]) == (slug, "/", True, "Lax")
        assert alice.get("/").url == f"/w/{slug}/"
    alice.cookies["workspace"] = "elsewhere"
    assert alice.get("/").url == "/workspaces/"


def test_the_list_shows_ones_own_workspaces_only(cast, alice, dora):
    with inside(cast.rival):
        Membership.objects.create(workspace=cast.rival, user=cast.alice.user, role=Role.VIEWER)
    page = text_of(alice.get("/workspaces/"))
    assert 'href="/w/acme/"' in page and 'href="/w/rival/"' in page and "Owner" in page and "Viewer" in page
    with inside(cast.rival):
        Membership.objects.filter(user=cast.alice.user, workspace=cast.rival).update(status=Status.SUSPENDED)
    assert 'href="/w/rival/"' not in text_of(alice.get("/workspaces/"))
    page = text_of(dora.get("/workspaces/"))
    assert "You are in no workspace yet" in page and "dora@new.example" in page and "Acme" not in page
    assert Client().get("/workspaces/").url == "/accounts/login/?next=/workspaces/"


def test_a_workspace_links_to_the_list(cast, alice):
    page = text_of(alice.get(url(cast.workspace, "member_list")))
    assert '<a class="ws" href="/workspaces/"' in page and 'href="/w/acme/deals/"' in page


# --- a new one ----------------------------------------------------------------------------------------

NEW = {"name": "Dora's", "slug": "Doras-Place", "currency": "CHF", "time_zone": "Europe/Zurich"}


def test_a_workspace_is_made_and_entered(dora):
    assert is_whole(dora.get("/workspaces/new/"))
    response = dora.post("/workspaces/new/", NEW)
    assert (response.status_code, response.url) == (302, "/w/doras-place/")
    assert dora.get("/w/doras-place/", follow=True).status_code == 200
    assert Client().post("/workspaces/new/", NEW).url.startswith("/accounts/login/")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"slug": "acme"}, "slug", "Another workspace has this address."),
        ({"slug": "ACME"}, "slug", "Another workspace has this address."),
        ({"slug": "under_score"}, "slug", "Small letters, digits and single hyphens."),
        ({"slug": "two words"}, "slug", "Enter a valid “slug”"),
        ({"slug": ""}, "slug", "required"),
        ({"name": ""}, "name", "required"),
        ({"currency": "XQX"}, "currency", "not one of the available choices"),
        ({"time_zone": "Mars/Base"}, "time_zone", "not one of the available choices"),
    ],
)
def test_what_it_cannot_be_is_said_beside_the_field(cast, dora, changes, field, words):
    response = dora.post("/workspaces/new/", NEW | changes)
    assert response.status_code == 422 and words in error_of(response, field)
    assert changes.get("name", "Dora's") in text_of(response)  # what was typed is still there
    with all_workspaces():
        assert Workspace.objects.count() == 2


# --- members ------------------------------------------------------------------------------------------


def test_members_are_seen_by_all_and_changed_by_admins(cast, alice, login):
    page = text_of(alice.get(url(cast.workspace, "member_list")))
    assert all(name in page for name in ("Alice", "bob@acme.example", "Viewer", "North"))
    assert f'href="/w/acme/settings/members/{cast.bob.pk}/"' in page and "Invite" in page and "Charlie" not in page
    seen = text_of(login(cast.vera).get(url(cast.workspace, "member_list")))
    assert "bob@acme.example" in seen and "Change" not in seen.replace("Change</span>", "") and "Invite<" not in seen


def test_the_list_tells_suspended_from_gone(cast, alice):
    with inside(cast.workspace):
        Membership.objects.filter(pk=cast.bob.pk).update(status=Status.SUSPENDED)
        Membership.objects.filter(pk=cast.vera.pk).update(status=Status.LEFT)
    page = text_of(alice.get(url(cast.workspace, "member_list")))
    assert "bob@acme.example" in page and "Suspended" in page and "vera@acme.example" not in page


@pytest.mark.parametrize("headers", [{}, SCRIPT], ids=["plain", "script"])
class TestChangingAMember:
    def path(self, cast, member=None) -> str:
        return url(cast.workspace, "member_edit", (member or cast.bob).pk)

    def member(self, cast, member=None) -> Membership:
        with inside(cast.workspace):
            return Membership.objects.get(pk=(member or cast.bob).pk)

    def test_the_form_is_a_page_or_a_dialog(self, cast, alice, headers):
        response = alice.get(self.path(cast), headers=headers)
        assert response.status_code == 200 and is_whole(response) == (not headers)
        chosen = re.findall(r'<option value="(\w*)" selected>', response.content.decode())
        assert chosen == ["rep", str(cast.north.pk), "active"]

    def test_it_is_saved(self, cast, alice, headers):
        response = alice.post(self.path(cast), {"role": "manager", "team": "", "status": "suspended"}, headers=headers)
        members = "/w/acme/settings/members/"
        assert (response.headers.get("HX-Redirect") or response.url) == members
        assert response.status_code == (200 if headers else 302)
        assert "Bob changed." in text_of(alice.get(members))
        bob = self.member(cast)
        assert (bob.role, bob.team_id, bob.status) == ("manager", None, "suspended")

    def test_the_last_owner_is_told_why_not(self, cast, alice, headers):
        response = alice.post(self.path(cast, cast.alice), {"role": "admin", "status": "active"}, headers=headers)
        assert response.status_code == 422 and is_whole(response) == (not headers)
        assert "A workspace needs an owner: make somebody else one first." in text_of(response)
        assert self.member(cast, cast.alice).role == "owner"

    def test_an_admin_cannot_touch_an_owner(self, cast, login, headers):
        with inside(cast.workspace):
            Membership.objects.filter(pk=cast.bob.pk).update(role=Role.ADMIN)
        bob = login(cast.bob)
        response = bob.post(self.path(cast, cast.alice), {"role": "rep", "status": "active"}, headers=headers)
        assert response.status_code == 403
        assert "You are admin: you cannot give or change the role owner." in text_of(response)
        response = bob.post(self.path(cast, cast.vera), {"role": "owner", "status": "active"}, headers=headers)
        assert response.status_code == 422 and "not one of the available choices" in error_of(response, "role")
        assert self.member(cast, cast.alice).role == "owner" and self.member(cast, cast.vera).role == "viewer"

    def test_who_has_left_is_not_there_any_more(self, cast, alice, headers):
        with inside(cast.workspace):
            Membership.objects.filter(pk=cast.bob.pk).update(status=Status.LEFT)
        for call in (alice.get, alice.post):
            response = call(self.path(cast), {"role": "rep", "status": "active"}, headers=headers)
            assert response.status_code == 404
        assert self.member(cast).status == Status.LEFT

    def test_reps_are_told_what_it_takes(self, cast, login, headers):
        response = login(cast.bob).get(self.path(cast), headers=headers)
        assert response.status_code == 403 and "This needs the role admin or above." in text_of(response)


# --- leaving ------------------------------------------------------------------------------------------


def test_leaving_closes_the_door_behind_one(cast, login):
    bob = login(cast.bob)
    path = url(cast.workspace, "workspace_leave")
    assert "Leave Acme" in text_of(bob.get(path))
    assert bob.get(url(cast.workspace, "deal_board")).status_code == 200
    assert bob.post(path).url == "/workspaces/"
    assert bob.get(url(cast.workspace, "deal_board")).status_code == 404
    assert "You are in no workspace yet" in text_of(bob.get("/workspaces/"))


def test_the_last_owner_cannot_leave(cast, alice):
    path = url(cast.workspace, "workspace_leave")
    why = "A workspace needs an owner: make somebody else one first."
    response = alice.post(path)
    assert response.status_code == 422 and is_whole(response) and why in text_of(response)
    response = alice.post(path, headers=HTMX)
    assert response.status_code == 422 and not is_whole(response) and why in text_of(response)
    assert alice.get(url(cast.workspace, "deal_board")).status_code == 200


def test_a_viewer_may_leave_too(cast, login):
    vera = login(cast.vera)
    assert vera.post(url(cast.workspace, "workspace_leave")).status_code == 302
    assert vera.get(url(cast.workspace, "deal_board")).status_code == 404


# --- teams and settings -------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, SCRIPT], ids=["plain", "script"])
def test_teams_are_made_by_admins(cast, alice, login, headers):
    path = url(cast.workspace, "team_new")
    assert is_whole(alice.get(path, headers=headers)) == (not headers)
    response = alice.post(path, {"name": " South "}, headers=headers)
    assert (response.headers.get("HX-Redirect") or response.url) == "/w/acme/settings/members/"
    assert "Made the team South." in text_of(alice.get("/w/acme/settings/members/"))
    for name, words in (("South", "Another team has this name."), ("", "required"), ("x" * 81, "at most 80")):
        response = alice.post(path, {"name": name}, headers=headers)
        assert response.status_code == 422 and words in error_of(response, "name")
        assert is_whole(response) == (not headers)
    assert login(cast.bob).post(path, {"name": "East"}, headers=headers).status_code == 403
    with inside(cast.workspace):
        assert [*Team.objects.values_list("name", flat=True)] == ["North", "South"]


SETTINGS = {
    "name": "Acme AG", "time_zone": "Europe/Zurich", "work_start": "08:00", "work_end": "17:30", "work_days": ["0", "4"],
    "visibility": "own",
}  # fmt: skip


def test_settings_are_saved(cast, alice):
    path = url(cast.workspace, "workspace_settings")
    assert alice.post(path, SETTINGS).url == path
    page = text_of(alice.get(path))
    assert "Saved." in page and 'value="08:00"' in page and 'value="17:30"' in page and "Acme AG" in page
    assert page.count(" checked") == 2
    with inside(cast.workspace):
        kept = Workspace.objects.get()
        assert (kept.time_zone, kept.visibility, kept.work_days) == ("Europe/Zurich", "own", [0, 4])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"work_end": "07:00"}, "Work ends later than it starts."),
        ({"time_zone": "Mars/Base"}, "not one of the available choices"),
        ({"work_days": ["9"]}, "not one of the available choices"),
        ({"name": ""}, "required"),
    ],
)
def test_settings_that_cannot_be_change_nothing(cast, alice, changes, words):
    response = alice.post(url(cast.workspace, "workspace_settings"), SETTINGS | changes)
    assert response.status_code == 422 and words in text_of(response)
    assert "<title>Settings · Acme</title>" in text_of(response)  # the frame shows what is, the form what was typed
    with inside(cast.workspace):
        assert (Workspace.objects.get().name, Workspace.objects.get().visibility) == ("Acme", "all")


def test_settings_are_the_admins(cast, login):
    for call in (login(cast.bob).get, login(cast.bob).post):
        response = call(url(cast.workspace, "workspace_settings"), SETTINGS)
        assert response.status_code == 403 and "This needs the role admin or above." in text_of(response)
    assert login(cast.charlie).get(url(cast.workspace, "workspace_settings")).status_code == 404


def test_root_links_lead_out_of_the_workspace(cast, alice):
    page = text_of(alice.get(url(cast.workspace, "member_list")))
    for name in ("profile", "mfa_index", "account_logout", "workspace_list"):
        assert f'"{root_url(name)}"' in page


def test_what_somebody_who_left_owns_is_found_and_handed_over(acme, login):
    make_deal(acme.bob, acme.stages["New"], "Cold chain")
    make_deal(acme.alice, acme.stages["New"], "Other")
    alice = login(acme.alice)
    edit = read(alice.get(url(acme.workspace, "member_edit", acme.bob.pk)))
    theirs = [link["href"] for link in edit.all("a") if link["href"].endswith(f"={acme.bob.user_id}")]
    assert [alice.get(path).status_code for path in theirs] == [200, 200, 200]
    Membership.objects.filter(pk=acme.bob.pk).update(status=Membership.Status.LEFT)
    found = read(alice.get(theirs[0])).text
    assert "Cold chain" in found and "Other" not in found
    assert "Bob (left)" in read(alice.get(url(acme.workspace, "deal_list_filter", "owner"))).text
