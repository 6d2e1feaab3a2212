"""Invitations: the mail goes out once and after commit; the link opens for its address, once, while it is open."""

from __future__ import annotations

import re
from datetime import timedelta
from email.utils import parseaddr

import pytest
from celery import current_app
from celery.contrib.testing.worker import start_worker
from django.core import mail, signing
from django.db import transaction
from django.utils import timezone

from tests.factories import make_cast
from tests.mailserver import mail_server
from tests.waiting import wait_until
from workspaces.action import Refused
from workspaces.actions import (
    accept_invitation,
    change_member,
    invitation_link,
    invite,
    leave,
    read_invitation_token,
    revoke_invitation,
)
from workspaces.models import Invitation, Membership, Role, Team, User
from workspaces.tasks import send_invitation_mail, send_pending_invitations
from workspaces.tenancy import tenant

Status = Membership.Status
OVER = "This invitation was used, withdrawn or has expired. Ask for a new one."


def ask(acme, email: str = "dora@new.example", role: Role = Role.REP, team: Team | None = None) -> Invitation:
    return invite(acme.workspace, email=email, role=role, team=team, by=acme.alice)


@pytest.fixture
def dora(acme) -> User:
    return User.objects.create_user("dora@new.example", "demo", name="Dora")


def refused(verb, *args, **kwargs) -> str:
    with pytest.raises(Refused) as error:
        verb(*args, **kwargs)
    return error.value.message


def standing(user: User) -> tuple[str, str, int | None] | None:
    return Membership.objects.filter(user=user).values_list("role", "status", "team_id").first()


def send(invitation: Invitation) -> None:
    send_invitation_mail(invitation.workspace_id, invitation.pk)


def link_in(text: str) -> str:
    return re.search(r"https?://\S+/invitations/\S+/", text)[0]


def opens(link: str) -> tuple[int, int] | None:
    return read_invitation_token(link.split("/")[-2])


# --- asking ---------------------------------------------------------------------------------------------


def test_an_invitation_stands_for_two_weeks(acme):
    invitation = ask(acme, " Dora@New.Example ", Role.MANAGER, acme.north)
    assert (invitation.email, invitation.role, invitation.team) == ("dora@new.example", "manager", acme.north)
    assert invitation.invited_by == acme.alice.user and invitation.is_open
    left = invitation.expires_at - timezone.now()
    assert timedelta(days=13, hours=23) < left <= timedelta(days=14)


def test_a_new_invitation_replaces_the_open_one(acme, dora):
    first, second = ask(acme), ask(acme, "DORA@new.example", Role.ADMIN)
    assert refused(accept_invitation, first, user=dora) == OVER
    assert accept_invitation(second, user=dora).role == "admin"


def test_members_are_not_invited_again(acme):
    assert refused(ask, acme, "BOB@acme.example") == "bob@acme.example is a member already."
    change_member(acme.bob, by=acme.alice, status=Status.SUSPENDED)
    assert refused(ask, acme, "bob@acme.example").startswith("bob@acme.example is suspended: make them active")
    assert not Invitation.objects.exists()


def test_a_member_of_another_workspace_may_be_invited(acme):
    assert accept_invitation(ask(acme, acme.charlie.user.email), user=acme.charlie.user).workspace == acme.workspace


# --- the mail -------------------------------------------------------------------------------------------


def test_the_mail_says_who_invites_to_what_and_how_to_come_in(acme, settings):
    settings.SITE_URL = "https://crm.example"
    invitation = ask(acme, role=Role.MANAGER)
    send(invitation)
    [letter] = mail.outbox
    assert letter.to == ["dora@new.example"] and letter.subject == "Alice invites you to Acme on Dealwright"
    [(html, kind)] = letter.alternatives
    link = link_in(letter.body)
    assert link.startswith("https://crm.example/") and f'href="{link}"' in html and kind == "text/html"
    assert opens(link) == opens(invitation_link(invitation)) == (acme.workspace.pk, invitation.pk)
    for text in (letter.body, html):
        assert "as manager" in text and "14 days" in text and "dora@new.example alone" in text


def test_names_are_text_in_every_part_of_the_mail(acme):
    User.objects.filter(pk=acme.alice.user_id).update(name="Alice\nBcc: all@evil.example")
    acme.workspace.name = "<b>Acme</b> & Sons"
    acme.workspace.save()
    send(ask(acme))
    letter = mail.outbox[0].message()
    assert letter["Subject"] == "Alice Bcc: all@evil.example invites you to <b>Acme</b> & Sons on Dealwright"
    assert letter["Bcc"] is None
    text, html = (part.get_payload(decode=True).decode() for part in letter.get_payload())
    assert "<b>Acme</b> & Sons" in text
    assert "&lt;b&gt;Acme&lt;/b&gt; &amp; Sons" in html and "<b>Acme" not in html


def test_the_mail_goes_out_once(acme):
    invitation = ask(acme)
    send(invitation)
    send(invitation)
    assert len(mail.outbox) == 1 and Invitation.objects.get().sent_at


@pytest.mark.parametrize("what", ["accepted", "revoked"])
def test_no_mail_for_an_invitation_that_is_over(acme, dora, what):
    invitation = ask(acme)
    accept_invitation(invitation, user=dora) if what == "accepted" else revoke_invitation(invitation, by=acme.alice)
    send(invitation)
    assert not mail.outbox


def test_an_unknown_invitation_sends_nothing(acme):
    send_invitation_mail(acme.rival.pk, ask(acme).pk)  # the id of one workspace in the scope of another
    send_invitation_mail(acme.workspace.pk, 2**40)
    assert not mail.outbox


def test_what_the_mail_server_refuses_goes_out_later(acme, settings):
    invitation = ask(acme)
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", server.port, False
        server.refuses = True
        with pytest.raises(OSError, match="try again later"):
            send(invitation)
        assert Invitation.objects.get().sent_at is None and not server.taken
        server.refuses = False
        send(invitation)
    [letter] = server.taken
    assert parseaddr(letter["To"])[1] == "dora@new.example"
    assert opens(link_in(letter.get_body(("plain",)).get_content())) == (acme.workspace.pk, invitation.pk)


# --- with a real broker and a real worker ---------------------------------------------------------------


@pytest.fixture
def worker(transactional_db):
    """A Celery worker on the broker, in this process: what it mails is in the outbox. It takes one task after another."""
    current_app.control.purge()
    with start_worker(current_app, pool="solo", perform_ping_check=False, loglevel="WARNING") as started:
        yield started


def mailed() -> list[str]:
    return [letter.to[0] for letter in mail.outbox]


def test_the_worker_mails_what_was_committed_and_nothing_else(worker):
    acme = make_cast()
    facts = {"workspace": acme.workspace, "invited_by": acme.alice.user, "expires_at": timezone.now() + timedelta(1)}
    with tenant(acme.workspace, acme.alice.user):
        known = Invitation.objects.create(email="known@new.example", **facts)
    with tenant(acme.workspace, acme.alice.user):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            ask(acme, "undone@new.example")
            1 / 0  # noqa: B018
        ask(acme, "new@new.example")
        # Whatever rang too early has been looked for in vain once this is through.
        send_invitation_mail.delay(acme.workspace.pk, known.pk)
        assert wait_until(mailed) == ["known@new.example"]
    assert wait_until(lambda: len(mail.outbox) > 1 and mailed()) == ["known@new.example", "new@new.example"]


def test_the_clock_finds_what_the_broker_lost(worker):
    acme = make_cast()
    now = timezone.now()
    over = ({"sent_at": now}, {"accepted_at": now}, {"revoked_at": now}, {"expires_at": now - timedelta(minutes=1)})
    for cast_of, by in ((acme.workspace, acme.alice), (acme.rival, acme.charlie)):
        with tenant(cast_of, by.user):
            facts = {"workspace": cast_of, "invited_by": by.user, "expires_at": now + timedelta(days=1)}
            for number, fields in enumerate((*over, {})):
                Invitation.objects.create(email=f"{number}@{cast_of.slug}.example", **facts | fields)
    send_pending_invitations()
    assert wait_until(lambda: len(mail.outbox) > 1 and mailed()) == ["4@acme.example", "4@rival.example"]


# --- the link -------------------------------------------------------------------------------------------


def test_a_forged_token_is_none():
    real = signing.dumps([1, 2], salt="invitation")
    assert read_invitation_token(real) == (1, 2)
    changed = ("Z" if real[0] != "Z" else "Y") + real[1:]
    forged = ("", "x", "a:b:c", real[:-1], changed, real.replace(":", ""), signing.dumps([1, 2], salt="cursor"))
    assert [read_invitation_token(token) for token in (*forged, signing.dumps([1, 2]))] == [None] * 8


# --- accepting ------------------------------------------------------------------------------------------


def test_who_accepts_becomes_what_the_invitation_says(acme, dora):
    member = accept_invitation(ask(acme, role=Role.MANAGER, team=acme.north), user=dora)
    assert (member.workspace, member.user, member.joined_at.date()) == (acme.workspace, dora, timezone.now().date())
    assert standing(dora) == ("manager", "active", acme.north.pk)
    assert not Invitation.objects.get().is_open


def test_an_invitation_is_accepted_once(acme, dora):
    invitation = ask(acme)
    accept_invitation(invitation, user=dora)
    leave(Membership.objects.get(user=dora))
    assert refused(accept_invitation, invitation, user=dora) == OVER
    assert standing(dora)[1] == Status.LEFT


@pytest.mark.parametrize("email", ["emil@new.example", "xdora@new.example", "dora@new.example.evil"])
def test_the_wrong_person_is_told_whose_it_is(acme, email):
    emil, invitation = User.objects.create_user(email, name="Emil"), ask(acme)
    message = refused(accept_invitation, invitation, user=emil)
    assert message.startswith(f"This invitation is for dora@new.example; you are logged in as {email}.")
    assert standing(emil) is None and Invitation.objects.get().is_open


def test_capitals_make_no_other_person(acme):
    User.objects.filter(pk=acme.charlie.user_id).update(email="Charlie@Rival.example")
    acme.charlie.user.refresh_from_db()
    assert accept_invitation(ask(acme, "charlie@rival.example"), user=acme.charlie.user)


@pytest.mark.parametrize(
    "fields",
    [{"expires_at": timezone.now() - timedelta(seconds=1)}, {"revoked_at": timezone.now()}],
    ids=["expired", "withdrawn"],
)
def test_an_invitation_that_is_over_opens_nothing(acme, dora, fields):
    invitation = ask(acme)
    Invitation.objects.filter(pk=invitation.pk).update(**fields)
    assert refused(accept_invitation, invitation, user=dora) == OVER  # though the one in hand still looks open
    assert standing(dora) is None


def test_a_withdrawn_invitation_is_over_and_a_used_one_stays_used(acme, dora):
    invitation = ask(acme)
    with pytest.raises(Refused, match="Only an admin or above may withdraw invitations"):
        revoke_invitation(invitation, by=acme.bob)
    assert Invitation.objects.get().is_open
    revoke_invitation(invitation, by=acme.alice)
    assert not Invitation.objects.get().is_open
    second = ask(acme)
    accept_invitation(second, user=dora)
    revoke_invitation(second, by=acme.alice)
    assert Invitation.objects.get(pk=second.pk).revoked_at is None


def test_who_had_left_comes_back_as_invited(acme):
    leave(acme.bob)
    accept_invitation(ask(acme, "bob@acme.example", Role.VIEWER), user=acme.bob.user)
    assert standing(acme.bob.user) == ("viewer", "active", None)


def test_a_member_under_another_address_stays_what_they_are(acme):
    """Else a workspace could lose its last owner, and a rep become what an old invitation says."""
    invitation = ask(acme, "alice@home.example", Role.VIEWER)
    User.objects.filter(pk=acme.alice.user_id).update(email="alice@home.example")
    acme.alice.user.refresh_from_db()
    assert accept_invitation(invitation, user=acme.alice.user).role == "owner"
    assert standing(acme.alice.user) == ("owner", "active", None)


def test_an_invitation_does_not_lift_a_suspension(acme):
    invitation = ask(acme, "bob@home.example", Role.ADMIN)
    change_member(acme.bob, by=acme.alice, team=acme.north, status=Status.SUSPENDED)
    User.objects.filter(pk=acme.bob.user_id).update(email="bob@home.example")
    acme.bob.user.refresh_from_db()
    assert "is suspended" in refused(accept_invitation, invitation, user=acme.bob.user)
    assert standing(acme.bob.user) == ("rep", "suspended", acme.north.pk) and Invitation.objects.get().is_open
