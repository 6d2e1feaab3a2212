"""Inviting, and the page behind the link, for whoever comes to it: nobody, the invited, somebody else."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail, signing
from django.test import Client
from django.utils import timezone

from tests.factories import url
from workspaces.actions import invitation_link, invite
from workspaces.models import Invitation, Membership, Role, User
from workspaces.tasks import send_invitation_mail
from workspaces.tenancy import tenant

SCRIPT = {"X-Client-Id": "tab1"}
MEMBERS = "/w/acme/settings/members/"


def text_of(response) -> str:
    return html.unescape(response.content.decode())


def is_whole(response) -> bool:
    return "<html" in response.content.decode()


@pytest.fixture
def alice(cast, login) -> Client:
    return login(cast.alice)


@pytest.fixture
def invitation(cast) -> Invitation:
    """For dora, who has no account yet, as a rep of the team north. She is not the only one who is invited."""
    with tenant(cast.workspace, cast.alice.user):
        invite(cast.workspace, email="other@new.example", role=Role.ADMIN, team=None, by=cast.alice)
        return invite(cast.workspace, email="dora@new.example", role=Role.REP, team=cast.north, by=cast.alice)


@pytest.fixture
def link(invitation, settings) -> str:
    """The path in the mail."""
    return invitation_link(invitation, mailed=True).removeprefix(settings.SITE_URL)


def somebody(email: str) -> Client:
    client = Client()
    client.force_login(User.objects.create_user(email, "a good password", name="Dora"))
    return client


def standing(cast, email: str = "dora@new.example") -> tuple[str, str, int | None] | None:
    with tenant(cast.workspace):
        return Membership.objects.filter(user__email=email).values_list("role", "status", "team_id").first()


def now(cast, invitation) -> Invitation:
    with tenant(cast.workspace):
        return Invitation.objects.get(pk=invitation.pk)


# --- inviting -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, SCRIPT], ids=["plain", "script"])
class TestInviting:
    def test_the_form_is_a_page_or_a_dialog(self, cast, alice, headers):
        response = alice.get(url(cast.workspace, "member_invite"), headers=headers)
        page = text_of(response)
        assert is_whole(response) == (not headers)
        assert 'type="email"' in page and "North" in page and '<option value="rep" selected>' in page

    def test_the_invitation_is_listed_and_mailed(self, cast, alice, headers, django_capture_on_commit_callbacks):
        data = {"email": " Dora@New.example ", "role": "manager", "team": cast.north.pk}
        with django_capture_on_commit_callbacks() as rings:
            response = alice.post(url(cast.workspace, "member_invite"), data, headers=headers)
        assert (response.headers.get("HX-Redirect") or response.url) == MEMBERS and len(rings) == 1
        page = text_of(alice.get(MEMBERS))
        assert "Invited dora@new.example. The link works for 14 days." in page
        assert re.search(r"dora@new\.example <span[^>]*>· Manager · not sent yet<", page)
        with tenant(cast.workspace):
            made = Invitation.objects.get()
        assert (made.role, made.team_id, made.invited_by_id) == ("manager", cast.north.pk, cast.alice.user_id)
        send_invitation_mail(cast.workspace.pk, made.pk)
        assert mail.outbox[0].to == ["dora@new.example"]
        assert "· Manager · sent now" in text_of(alice.get(MEMBERS))

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            ({"email": "bob@acme.example", "role": "rep"}, "This person is a member already."),
            ({"email": "dora", "role": "rep"}, "valid email address"),
            ({"email": "", "role": "rep"}, "required"),
            ({"email": "dora@new.example", "role": "king"}, "not one of the available choices"),
            ({"email": "dora@new.example", "role": "rep", "team": "999999"}, "not one of the available choices"),
        ],
    )
    def test_what_cannot_be_is_said(self, cast, alice, headers, data, words):
        response = alice.post(url(cast.workspace, "member_invite"), data, headers=headers)
        assert response.status_code == 422 and words in text_of(response)
        assert is_whole(response) == (not headers)
        with tenant(cast.workspace):
            assert not Invitation.objects.exists()

    def test_an_admin_makes_no_owners(self, cast, login, headers):
        with tenant(cast.workspace):
            Membership.objects.filter(pk=cast.bob.pk).update(role=Role.ADMIN)
        response = login(cast.bob).post(
            url(cast.workspace, "member_invite"), {"email": "dora@new.example", "role": "owner"}, headers=headers
        )
        assert response.status_code == 422 and "not one of the available choices" in text_of(response)

    def test_a_rep_is_told_what_it_takes(self, cast, login, headers):
        bob = login(cast.bob)
        for call in (bob.get, bob.post):
            response = call(url(cast.workspace, "member_invite"), {"email": "d@d.example"}, headers=headers)
            assert response.status_code == 403 and "This needs the role admin or above." in text_of(response)

    def test_the_link_can_be_shown(self, cast, alice, invitation, headers):
        response = alice.get(url(cast.workspace, "invitation_link", invitation.pk), headers=headers)
        shown = re.search(r'value="(http://[^"]+)"', response.content.decode())[1]
        assert is_whole(response) == (not headers)
        assert Client().get(shown.removeprefix("http://127.0.0.1:8000")).status_code == 200


def test_open_invitations_are_for_admins_to_see(cast, alice, invitation, login):
    assert "dora@new.example" in text_of(alice.get(MEMBERS))
    assert "dora@new.example" not in text_of(login(cast.bob).get(MEMBERS))


def test_withdrawing_closes_the_link(cast, alice, invitation, link):
    response = alice.post(url(cast.workspace, "invitation_revoke", invitation.pk), follow=True)
    assert "Invitation withdrawn." in text_of(response) and "dora@new.example" not in text_of(response)
    assert Client().get(link).status_code == 410
    assert alice.get(url(cast.workspace, "invitation_link", invitation.pk)).status_code == 404


def test_an_expired_one_is_shown_as_such(cast, alice, invitation):
    with tenant(cast.workspace):
        Invitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
    assert "expired" in text_of(alice.get(MEMBERS))


# --- the page behind the link -------------------------------------------------------------------------


def test_nobody_is_offered_an_account_or_the_login(cast, link):
    page = text_of(Client().get(link))
    assert "Alice invites dora@new.example as rep." in page and "Join" not in page
    for name in ("signup", "login"):
        assert f'href="/accounts/{name}/?next={link.replace(":", "%3A")}"' in page
    assert Client().post(link).status_code == 200 and standing(cast) is None


def test_the_invited_joins_with_a_click(cast, link, invitation):
    dora = somebody("dora@new.example")
    assert "Join Acme" in text_of(dora.get(link)) and standing(cast) is None  # looking changes nothing
    response = dora.post(link)
    assert (response.status_code, response.url) == (302, "/w/acme/")
    assert dora.get("/w/acme/", follow=True).status_code == 200
    assert standing(cast) == ("rep", "active", cast.north.pk)
    assert now(cast, invitation).accepted_at


def test_a_second_click_is_told_it_is_over(cast, link):
    dora = somebody("dora@new.example")
    assert [dora.post(link).status_code, dora.post(link).status_code, dora.get(link).status_code] == [302, 410, 410]
    assert "This invitation is over" in text_of(dora.get(link))


def test_somebody_else_is_told_to_log_out(cast, link, invitation, login):
    for client, email in (
        (login(cast.charlie), "charlie@rival.example"),
        (somebody("eve@new.example"), "eve@new.example"),
    ):
        page = text_of(client.get(link))
        assert f"You are logged in as {email}." in page and "Join Acme" not in page
        assert 'action="/accounts/logout/"' in page
        response = client.post(link)
        assert response.status_code == 422
        assert f"This invitation is for dora@new.example; you are logged in as {email}." in text_of(response)
        assert standing(cast, email) is None
    assert now(cast, invitation).is_open


@pytest.mark.parametrize(
    "fields",
    [{"expires_at": timezone.now() - timedelta(seconds=1)}, {"revoked_at": timezone.now()}],
    ids=["expired", "withdrawn"],
)
def test_a_link_that_is_over_says_so_to_everybody(cast, link, invitation, fields):
    with tenant(cast.workspace):
        Invitation.objects.filter(pk=invitation.pk).update(**fields)
    for client in (Client(), somebody("dora@new.example")):
        for call in (client.get, client.post):
            response = call(link)
            assert response.status_code == 410 and "This invitation is over" in text_of(response)
            assert "Acme" not in text_of(response)
    assert standing(cast) is None


def test_a_forged_link_says_nothing(cast, link, invitation):
    token = link.split("/")[-2]
    forged = (
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        signing.dumps([cast.workspace.pk, invitation.pk], salt="other"),
        signing.dumps([cast.workspace.pk, invitation.pk], salt="invitation", key="another key"),
        signing.dumps([cast.rival.pk, invitation.pk], salt="invitation"),  # signed by us, but of no such pair
        "x",
    )
    dora = somebody("dora@new.example")
    for text in forged:
        for call in (Client().get, dora.get, dora.post):
            response = call(f"/invitations/{text}/")
            assert response.status_code == 410 and "Acme" not in text_of(response)
    assert standing(cast) is None


def test_a_suspended_member_is_told_who_can_help(cast, login):
    with tenant(cast.workspace, cast.alice.user):
        old = invite(cast.workspace, email="bob@home.example", role=Role.ADMIN, team=None, by=cast.alice)
        Membership.objects.filter(pk=cast.bob.pk).update(status=Membership.Status.SUSPENDED)
    User.objects.filter(pk=cast.bob.user_id).update(email="bob@home.example")
    response = login(cast.bob).post("/" + invitation_link(old, mailed=True).split("/", 3)[3])
    assert response.status_code == 422 and "An admin of it can lift that." in text_of(response)
    assert standing(cast, "bob@home.example")[1] == "suspended"


# --- the whole way, as on a closed site ---------------------------------------------------------------


@pytest.fixture
def closed(settings):
    """As in production: strangers make no accounts, and addresses are verified."""
    settings.ALLOW_SIGNUP, settings.ACCOUNT_EMAIL_VERIFICATION = False, "mandatory"


def sign_up(client: Client, email: str, path: str) -> object:
    facts = {"name": "Dora Drew", "email": email, "password1": "a good passphrase"}
    return client.post(f"/accounts/signup/?next={path}", facts)


def test_the_invited_makes_an_account_and_joins(cast, link, closed):
    stranger = Client()
    assert "closed" in text_of(stranger.get("/accounts/signup/")).lower()
    page = text_of(stranger.get(link))
    signup = re.search(r'href="(/accounts/signup/[^"]+)"', page)[1]
    assert 'name="password1"' in text_of(stranger.get(signup))
    response = sign_up(stranger, "dora@new.example", link)
    assert (response.status_code, response.url) == (302, link)  # their address came with the link: no second mail
    assert not mail.outbox
    assert stranger.post(link, follow=True).redirect_chain[0][0] == "/w/acme/"
    assert standing(cast) == ("rep", "active", cast.north.pk)
    dora = User.objects.get(email="dora@new.example")
    assert dora.name == "Dora Drew" and EmailAddress.objects.get(user=dora).verified


def test_an_account_for_another_address_is_not_made(cast, link, closed):
    stranger = Client()
    stranger.get(link)
    response = sign_up(stranger, "eve@new.example", link)
    assert response.status_code == 200 and "Your invitation is for dora@new.example" in text_of(response)
    assert not mail.outbox and not User.objects.filter(email="eve@new.example").exists()


def test_who_has_an_account_logs_in_and_comes_back(cast, link, closed):
    dora = User.objects.create_user("dora@new.example", "a good passphrase", name="Dora")
    EmailAddress.objects.create(user=dora, email=dora.email, primary=True, verified=True)
    stranger = Client()
    login = re.search(r'href="(/accounts/login/[^"]+)"', text_of(stranger.get(link)))[1]
    response = stranger.post(login, {"login": "Dora@new.example", "password": "a good passphrase"})
    assert (response.status_code, response.url) == (302, link)
    assert "Join Acme" in text_of(stranger.get(link))
