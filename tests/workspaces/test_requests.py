"""What every request goes through: health, the one transaction, the way into a workspace, the pages of errors."""

from __future__ import annotations

import html

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.pages import SCRIPT, read
from tests.workspaces import trial_views
from workspaces.models import Team, User
from workspaces.tenancy import as_owner, tenant


def text_of(response) -> str:
    return html.unescape(response.content.decode())


@pytest.fixture
def alice(cast, login) -> Client:
    client = login(cast.alice)
    client.raise_request_exception = False
    return client


@pytest.fixture
def anybody(db) -> Client:
    return Client(raise_request_exception=False)


# --- health -------------------------------------------------------------------------------------------


def test_healthz_says_that_the_process_answers(django_assert_num_queries, client, db):
    with django_assert_num_queries(0):
        response = client.get("/healthz")
    assert (response.status_code, response.content, response["Content-Type"]) == (200, b"ok", "text/plain")


def test_probes_need_neither_our_name_nor_https(db, settings):
    settings.SECURE_SSL_REDIRECT = True
    probe = Client(headers={"Host": "10.1.2.3:8000"})
    assert probe.get("/healthz").status_code == 200
    assert Client().get("/").url == "https://testserver/"
    settings.SECURE_SSL_REDIRECT = False
    assert Client(headers={"Host": "10.1.2.3:8000"}).get("/").status_code == 400


@pytest.mark.django_db(transaction=True)
def test_readyz_says_when_migrations_are_missing(settings):
    settings.SECURE_SSL_REDIRECT = True
    client = Client()
    with as_owner() as owner, owner.cursor() as cursor:
        newest = "(SELECT max(name) FROM django_migrations WHERE app = 'workspaces')"
        cursor.execute(f"DELETE FROM django_migrations WHERE app = 'workspaces' AND name = {newest} RETURNING name")
        (name,) = cursor.fetchone()
    try:
        response = client.get("/readyz")
        assert (response.status_code, response.content) == (503, b"migrations are missing: run manage.py migrate")
    finally:
        with as_owner() as owner, owner.cursor() as cursor:
            cursor.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES ('workspaces', %s, now())", [name]
            )
    response = client.get("/readyz")
    assert (response.status_code, response.content) == (200, b"ready")


@pytest.mark.django_db(transaction=True)
def test_readyz_says_when_the_database_does_not_answer(monkeypatch):
    client = Client()
    assert client.get("/readyz").status_code == 200
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "PORT", "9")  # where nobody listens
    response = client.get("/readyz")
    assert (response.status_code, response.content) == (503, b"the database does not answer")
    assert client.get("/healthz").status_code == 200


# --- the one transaction ------------------------------------------------------------------------------


@pytest.fixture
def trial(settings):
    settings.ROOT_URLCONF = "tests.workspaces.trial_urls"
    settings.WORKSPACE_URLCONF = "tests.workspaces.trial_workspace_urls"
    trial_views.rung.clear()


def written(cast) -> tuple[bool, bool]:
    """Is what the trial wrote there: inside the workspace, outside?"""
    with tenant(cast.workspace):
        team = Team.objects.filter(name="Written").exists()
    return team, User.objects.filter(email="written@trial.example").exists()


@pytest.mark.parametrize("path", ["/trial/{}/", "/w/acme/trial/{}/"], ids=["outside", "inside"])
class TestTheTransaction:
    @pytest.mark.parametrize(
        ("how", "status"),
        [
            ("crash", 500),
            ("template", 500),
            ("500", 500),
            ("503", 503),
            ("refuse", 422),
            ("stale", 409),
            ("forbid", 403),
            ("miss", 404),
            ("malformed", 400),
            ("422", 422),
        ],
    )
    def test_what_went_wrong_wrote_nothing(self, trial, cast, alice, path, how, status, django_capture_on_commit_callbacks):  # fmt: skip
        with django_capture_on_commit_callbacks(execute=True):
            response = alice.post(path.format(how))
        assert response.status_code == status
        assert written(cast) == (False, False) and not trial_views.rung

    @pytest.mark.parametrize("how", ["crash", "template"])
    def test_not_even_by_a_get(self, trial, cast, alice, path, how):
        assert alice.get(path.format(how)).status_code == 500
        assert written(cast) == (False, False)

    @pytest.mark.parametrize("how", ["200", "302"])
    def test_what_went_well_is_kept(self, trial, cast, alice, path, how, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            assert alice.post(path.format(how)).status_code == int(how)
        assert written(cast) == ("acme" in path, True) and trial_views.rung == ["rang"]


def test_rows_are_there_until_the_template_is_through(trial, cast, alice):
    assert text_of(alice.get("/w/acme/late/template/")) == "North;"


@pytest.mark.django_db(transaction=True)
def test_rows_are_gone_when_a_stream_asks_for_them(trial, alice):
    assert b"".join(alice.get("/w/acme/late/stream/").streaming_content) == b""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["200", "crash", "refuse", "miss"])
def test_nothing_of_a_request_is_left_on_the_connection(trial, alice, how):
    alice.post("/profile/", {"name": "Alice", "time_zone": "Asia/Tokyo", "locale": "en", "theme": ""})
    alice.post(f"/w/acme/trial/{how}/")
    assert timezone.get_current_timezone_name() == "UTC"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(current_setting('app.workspace_id', true), ''), current_setting('role'), current_user"
        )
        assert cursor.fetchone() == ("", "none", "crm_app")


# --- the pages of errors ------------------------------------------------------------------------------

REFUSALS = {
    "refuse": (422, "Nothing was changed", "Not today."),
    "stale": (409, "Nothing was changed", "Somebody was quicker."),
    "forbid": (403, "You may not do this", "Not you."),
    "miss": (404, "Nothing here", "It was moved or deleted, or you may not see it."),
    "malformed": (400, "This request cannot be read", "Go back and try again."),
    "crash": (500, "Something broke on our side", "Nothing of what you sent was saved."),
}


@pytest.mark.parametrize("how", REFUSALS)
@pytest.mark.parametrize("place", ["inside", "outside", "anonymous", "foreign"])
def test_errors_have_pages_that_say_what_to_do(trial, cast, alice, anybody, how, place):
    path = {"inside": "/w/acme/trial/", "foreign": "/w/rival/trial/"}.get(place, "/trial/")
    client = anybody if place == "anonymous" else alice
    status, title, words = REFUSALS[how]
    response = client.post(f"{path}{how}/")
    page = read(response)
    assert response.status_code == status and response["Content-Type"] == "text/html; charset=utf-8"
    assert page.one("html")["lang"] == "en" and title in page.text and words in page.text
    if how in ("refuse", "stale"):
        [way_out] = [link["href"] for link in page.all("a", "pri") if link.text == "Back"]
    else:
        [way_out] = [link["href"] for link in page.all("a", "pri") if link.text == "Home"]
    assert way_out == ("/w/acme/" if place == "inside" and how in ("forbid", "miss", "malformed") else "/")
    assert ("Acme" in page.text) == (place == "inside" and how != "crash")
    assert "Rival" not in page.text


def test_back_leads_back_but_never_off_the_site(trial, alice):
    for referer, expected in (
        ("http://testserver/w/acme/deals/?owner=1", "http://testserver/w/acme/deals/?owner=1"),
        ("http://evil.example/w/acme/", "/"),
        ("javascript:alert(1)", "/"),
    ):
        page = read(alice.post("/w/acme/trial/refuse/", headers={"Referer": referer}))
        assert [link["href"] for link in page.all("a", "pri") if link.text == "Back"] == [referer and expected]


def test_our_script_gets_a_toast(trial, alice):
    response = alice.post("/w/acme/trial/refuse/", headers={"HX-Request": "true", "X-Client-Id": "tab1"})
    page = read(response)
    assert response.status_code == 422 and not page.all("html")
    assert page.one("div", id="toasts")["hx-swap-oob"] == "beforeend" and "Not today." in page.text


@pytest.mark.parametrize("path", ["/nowhere/", "/w/acme/nowhere/", "/w/nowhere/deals/", "/w/", "/w/Acme/deals/"])
def test_unknown_addresses(alice, anybody, path):
    for client in (alice, anybody):
        response = client.get(path)
        assert response.status_code == 404 or (client is anybody and response.status_code == 302)
        if response.status_code == 404:
            assert "Nothing here" in text_of(response)


def test_where_one_is_no_member_looks_like_nowhere(alice):
    pages = [text_of(alice.get(f"/w/{slug}/deals/")).replace(slug, "SLUG") for slug in ("rival", "no-such")]
    pages = [read_page(page) for page in pages]
    assert pages[0] == pages[1] and "Nothing here" in pages[0]
    assert alice.get("/w/rival/deals/").status_code == 404


def read_page(page: str) -> str:
    """Without the token, which is another each time."""
    return page.partition("<body")[2].partition("</nav>")[2]


def test_a_request_for_another_host_is_malformed(db):
    response = Client(headers={"Host": "evil.example"}).get("/accounts/login/")
    assert response.status_code == 400 and "This request cannot be read" in text_of(response)
    assert "evil.example" not in text_of(response)
    response = Client(headers={"Host": "evil.example"}).get("/w/acme/deals/")
    assert response.status_code == 400 and "This request cannot be read" in text_of(response)


def test_a_body_without_end_is_refused(cast, alice, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    response = alice.post("/w/acme/settings/", {"name": "x" * 2000})
    assert response.status_code == 400 and "This request cannot be read" in text_of(response)


@pytest.mark.parametrize("path", ["/w/acme/settings/", "/profile/", "/accounts/login/"])
def test_a_forged_form_is_turned_away(cast, path):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.alice.user)
    response = client.post(path, {"name": "Forged", "login": "x"})
    page = read(response)
    assert response.status_code == 403 and "This page was open for too long" in page.text
    assert "nothing was saved" in page.text and "Forged" not in page.text
    assert User.objects.get(pk=cast.alice.user_id).name == "Alice"


def test_a_form_with_its_token_is_taken(cast):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.alice.user)
    token = read(client.get("/profile/")).one("meta", name="csrf")["content"]
    facts = {"name": "Al", "time_zone": "", "locale": "en", "theme": ""}
    assert client.post("/profile/", facts | {"csrfmiddlewaretoken": token}).status_code == 302
    assert client.post("/profile/", facts, headers={"X-CSRFToken": token}).status_code == 302


def test_other_methods_are_refused(alice):
    for method in ("put", "patch", "delete"):
        assert getattr(alice, method)("/w/acme/settings/members/").status_code == 405
    assert alice.head("/w/acme/settings/members/").status_code == 200


@pytest.mark.parametrize("how", ["refuse", "stale", "forbid", "miss", "malformed"])
def test_our_javascript_gets_a_toast_and_no_page(trial, alice, how):
    status, _, words = REFUSALS[how]
    response = alice.post(f"/w/acme/trial/{how}/", headers=SCRIPT)
    page = read(response)
    assert response.status_code == status and response["HX-Reswap"] == "none"
    assert words in page.one("div", "err").text and not page.all("main") and not page.all("form")
