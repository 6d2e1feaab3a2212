"""Links across the border of a workspace, whatever its address is."""

from __future__ import annotations

import pytest

from tests.pages import read
from workspaces.actions import create_workspace
from workspaces.mounting import mounted, root_prefix, root_url, workspace_url


@pytest.mark.parametrize("slug", ["w", "flow", "evilflow", "w-w", "ww", "w1", "acme"])
@pytest.mark.parametrize("root", ["/", "/crm/", "/w/", "/flow/"])
def test_the_root_is_found_from_inside(root, slug):
    with mounted(root):
        assert root_prefix() == root
        with mounted(f"{root}w/{slug}/"):
            assert root_prefix() == root
            assert root_url("home") == root
            assert workspace_url("other", "workspace_home") == f"{root}w/other/"


@pytest.mark.parametrize("slug", ["w", "evilflow", "w-w"])
def test_who_works_in_it_can_log_out(cast, login, slug):
    create_workspace(name="Wow", slug=slug, owner=cast.alice.user)
    page = read(login(cast.alice).get(f"/w/{slug}/", follow=True))
    assert any(form.get("action") == "/accounts/logout/" for form in page.all("form"))


@pytest.mark.parametrize("path", ["/w/acme", "/w/acme?q=1", "/w/no-such-place"])
def test_an_address_without_its_slash_is_finished(client, path):
    """Whether there is such a workspace or not: the answer says nothing of it."""
    slug, mark, query = path.partition("?")
    response = client.get(path)
    assert (response.status_code, response.url) == (301, f"{slug}/{mark}{query}")
