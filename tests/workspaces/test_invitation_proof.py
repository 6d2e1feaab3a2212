"""Whose an address is: the link in the mail proves it, the link that the inviter is shown does not."""

from __future__ import annotations

import html
import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.test import Client

from tests.factories import url
from workspaces.action import Refused
from workspaces.actions import accept_invitation, invite
from workspaces.models import Invitation, Membership, Role, User
from workspaces.standins import add_standins, standin_email
from workspaces.tasks import send_invitation_mail
from workspaces.tenancy import tenant

VICTIM = "victim@elsewhere.example"


def text_of(response) -> str:
    return html.unescape(response.content.decode())


@pytest.fixture(autouse=True)
def as_in_production(settings):
    settings.ALLOW_SIGNUP, settings.ACCOUNT_EMAIL_VERIFICATION = False, "mandatory"
    cache.clear()  # counts the mails to an address


@pytest.fixture
def invitation(cast) -> Invitation:
    with tenant(cast.rival, cast.charlie.user):
        return invite(cast.rival, email=VICTIM, role=Role.REP, team=None, by=cast.charlie)


@pytest.fixture
def shown(cast, invitation, login) -> str:
    """The path that the page of open invitations shows to whoever invited."""
    page = login(cast.charlie).get(url(cast.rival, "invitation_link", invitation.pk)).content.decode()
    return re.search(r'value="https?://[^/"]+(/[^"]+)"', page)[1]


@pytest.fixture
def mailed(cast, invitation) -> str:
    send_invitation_mail(cast.rival.pk, invitation.pk)
    return re.search(r"https?://[^/]+(/invitations/\S+/)", mail.outbox.pop().body)[1]


def sign_up(client: Client, email: str = VICTIM):
    facts = {"name": "Vic Tim", "email": email, "password1": "a good passphrase"}
    return client.post("/accounts/signup/", facts)


def is_inside(client: Client) -> bool:
    return "_auth_user_id" in client.session


def is_member(cast) -> bool:
    with tenant(cast.rival):
        return Membership.objects.filter(user__email=VICTIM).exists()


def test_the_shown_link_makes_no_verified_account(shown):
    attacker = Client()
    assert attacker.get(shown).status_code == 200
    assert sign_up(attacker).url == "/accounts/confirm-email/"
    assert not is_inside(attacker) and not EmailAddress.objects.get(email=VICTIM).verified
    [letter] = mail.outbox
    assert letter.to == [VICTIM]


def test_who_confirms_by_mail_joins_by_the_shown_link(cast, shown):
    client = Client()
    client.get(shown)
    sign_up(client)
    client.post(re.search(r"https?://[^/]+(/accounts/confirm-email/\S+/)", mail.outbox[0].body)[1])
    client.force_login(User.objects.get(email=VICTIM))
    assert client.post(shown).status_code == 302 and is_member(cast)


@pytest.mark.parametrize("kind", ["shown", "mailed"])
def test_an_unconfirmed_account_joins_by_the_mail_alone(cast, request, kind):
    """Where accounts are let in before they confirm (development), or were made for somebody else's address."""
    link = request.getfixturevalue(kind)
    client, user = Client(), User.objects.create_user(VICTIM, "a good passphrase", name="Vic Tim")
    address = EmailAddress.objects.create(user=user, email=VICTIM, primary=True, verified=False)
    client.force_login(user)
    assert ("Confirm your address first" in text_of(client.get(link))) == (kind == "shown")
    assert client.post(link).status_code == {"shown": 422, "mailed": 302}[kind]
    address.refresh_from_db()
    assert is_member(cast) == address.verified == (kind == "mailed")


def test_the_mailed_link_proves_one_account(mailed):
    client = Client()
    client.get(mailed)
    assert sign_up(client).status_code == 302 and is_inside(client)
    assert EmailAddress.objects.get(email=VICTIM).verified and not mail.outbox
    assert not {"invitation", "invitation_email"} & set(client.session.keys())


def test_accepting_ends_what_the_link_opened(mailed):
    client, user = Client(), User.objects.create_user(VICTIM, "a good passphrase", name="Vic Tim")
    client.get(mailed)
    session = client.session
    assert session["invitation"] == session["invitation_email"] == VICTIM
    session.update({"_auth_user_id": str(user.pk), "_auth_user_hash": user.get_session_auth_hash()})
    session["_auth_user_backend"] = "allauth.account.auth_backends.AuthenticationBackend"
    session.save()
    assert client.post(mailed).status_code == 302
    assert not {"invitation", "invitation_email"} & set(client.session.keys())


@pytest.mark.parametrize("kind", ["shown", "mailed"])
def test_an_invitation_opens_the_sign_up_for_its_address_alone(request, kind):
    client = Client()
    client.get(request.getfixturevalue(kind))
    assert f"Your invitation is for {VICTIM}" in text_of(sign_up(client, "eve@elsewhere.example"))
    assert not User.objects.filter(email="eve@elsewhere.example").exists()


def test_accepting_asks_for_the_proof(cast, invitation):
    user = User.objects.create_user(VICTIM, "a good passphrase", name="Vic Tim")
    with tenant(cast.rival), pytest.raises(Refused, match="Confirm your address first"):
        accept_invitation(invitation, user=user, proven=False)


# --- stand-ins ----------------------------------------------------------------------------------------


def test_an_import_adopts_nobodys_account(acme):
    mine = User.objects.create_user(standin_email(acme.workspace, "Moses Frase"), "a good passphrase", name="Moses")
    add_standins(acme.workspace, ["Moses Frase", "Ada Stone"], by=acme.alice)
    assert not Membership.objects.filter(user=mine).exists()
    ada = Membership.objects.get(user__name="Ada Stone")
    assert ada.user.is_standin and not ada.user.has_usable_password()
    add_standins(acme.workspace, ["Ada Stone"], by=acme.alice)
    assert Membership.objects.filter(user__name="Ada Stone").get() == ada


@pytest.mark.parametrize("email", ["moses.frase@acme.import.invalid", "Eve@INVALID", "eve@a.Invalid"])
def test_addresses_of_stand_ins_are_not_to_be_had(acme, settings, email):
    with pytest.raises(Refused, match=r"ends in \.invalid"):
        invite(acme.workspace, email=email, role=Role.REP, team=None, by=acme.alice)
    if "." not in email.partition("@")[2]:
        return  # no form takes it
    settings.ALLOW_SIGNUP = True
    assert "ends in .invalid" in text_of(sign_up(Client(), email))
    eve = Client()
    eve.force_login(acme.charlie.user)
    changed = eve.post("/accounts/email/", {"email": email, "action_add": ""})
    assert "ends in .invalid" in text_of(changed)
    assert not User.objects.filter(email=email.lower()).exists()
    assert not EmailAddress.objects.filter(email=email.lower()).exists()
