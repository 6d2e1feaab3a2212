"""Mail is fetched by IMAP: whatever dies in between, each mail is stored once and none is passed over.

A row's lease says who fetches. Each mail is stored in one transaction with how far that got; without the lease (it was
paused, changed, or somebody else took over) nothing is stored any more.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from automation.actions import alarms
from automation.actions.mailboxes import FETCH, failed, keep, worked
from automation.actions.receiving import receive
from automation.imap import LARGEST, Box, Listed, MailProblem, Server, opened
from automation.models import ImapLogin, Mailbox, SignIn
from automation.oauth import refreshed
from workspaces.action import Refused
from workspaces.background import after_commit
from workspaces.models import Membership
from workspaces.sealing import Unreadable, unseal
from workspaces.tenancy import all_workspaces, tenant

EVERY = timedelta(minutes=1)
LEASE = timedelta(minutes=5)
AT_ONCE = 500  # mails of one turn, so that every mailbox has its turn
LONGEST = 540  # seconds of one turn: less than a task may take
TRYING = 12  # seconds, while somebody waits
LONGEST_PAUSE = timedelta(minutes=30)
AGAIN = timedelta(days=30)  # before the last success: so far back one looks when a server numbers its mails anew
EARLY = timedelta(minutes=1)


class Lost(Exception):
    """Somebody else fetches now, or nobody is to."""


def due() -> list[tuple[int, int]]:
    """(workspace id, login id) of those whose turn it is."""
    now = timezone.now()
    with all_workspaces():
        found = ImapLogin.objects.filter(free(now), mailbox__is_active=True, mailbox__deleted_at=None)
        return list(found.order_by("next_at").values_list("workspace_id", "pk"))


def free(now: datetime) -> Q:
    return Q(next_at__lte=now) & (Q(lease_until=None) | Q(lease_until__lt=now))


def fetch(workspace_id: int, login_id: int) -> int:
    """How many mails were stored. Nothing is done where it is not their turn, or another worker has it."""
    login = claim(workspace_id, login_id)
    if login is None:
        return 0
    try:
        stored, has_more = bring(login)
    except Lost:
        return 0
    except MailProblem as problem:
        give_up(login, problem)
        return 0
    finish(login, has_more)
    return stored


def claim(workspace_id: int, login_id: int) -> ImapLogin | None:
    now, lease = timezone.now(), uuid.uuid4()
    with tenant(workspace_id):
        # On this row alone, without a join: PostgreSQL looks at its conditions again when another one was quicker.
        mine = ImapLogin.objects.filter(free(now), pk=login_id)
        if not mine.update(lease=lease, lease_until=now + LEASE):
            return None
        login = ImapLogin.objects.select_related("mailbox__workspace").get(pk=login_id)
        if login.mailbox.is_active and login.mailbox.deleted_at is None:
            return login
        ImapLogin.objects.filter(pk=login_id).update(lease=None, lease_until=None)
        return None


def bring(login: ImapLogin) -> tuple[int, bool]:
    """(how many mails were stored, whether there are more)."""
    secret, is_token = secret_of(login)
    with opened(server_of(login), secret, is_token=is_token, seconds=LONGEST) as box:
        validity = box.validity()
        if validity != login.uid_validity:
            login.last_uid = 0
        uids = box.after(login.last_uid, first_day(login))
        count = 0
        for mail in box.listed(uids[:AT_ONCE]):
            count += take(login, box, mail, validity)
        if not uids and validity != login.uid_validity:
            hold(login, uid_validity=validity)
    return count, len(uids) > AT_ONCE


def take(login: ImapLogin, box: Box, mail: Listed, validity: int) -> bool:
    """Whether it is new. What is too large for a mail, or empty, is passed over and said."""
    raw = box.raw(mail.uid) if mail.size <= LARGEST else b""
    if raw is None:
        return False
    with tenant(login.workspace_id, door="automation"):
        hold(login, uid_validity=validity, last_uid=mail.uid)
        if mail.size > LARGEST:
            alarms.tell_of_large(login.mailbox, mail.size, f"{login.pk}:{validity}:{mail.uid}")
        try:
            _, is_new = receive(login.mailbox.workspace, raw, mailbox=login.mailbox)
        except Refused:
            return False
        heard(login.mailbox, mail.arrived_at)
    return is_new


def hold(login: ImapLogin, **reached: int) -> None:
    """Still ours, and for longer."""
    with tenant(login.workspace_id):
        mine = ImapLogin.objects.filter(pk=login.pk, lease=login.lease)
        if not mine.update(lease_until=timezone.now() + LEASE, **reached):
            raise Lost


def heard(mailbox: Mailbox, arrived_at: datetime) -> None:
    """When mail came last; how long it took, of mail that came since the mailbox is here."""
    now = timezone.now()
    if mailbox.last_message_at is None or arrived_at > mailbox.last_message_at:
        mailbox.last_message_at = min(arrived_at, now)
    if arrived_at >= mailbox.since.replace(microsecond=0):  # servers say no more than the second
        mailbox.lag = max(0, int((now - arrived_at).total_seconds()))
    Mailbox.objects.filter(pk=mailbox.pk).update(last_message_at=mailbox.last_message_at, lag=mailbox.lag)


def finish(login: ImapLogin, has_more: bool) -> None:
    with tenant(login.workspace_id):
        mine = ImapLogin.objects.filter(pk=login.pk, lease=login.lease)
        next_at = timezone.now() + (timedelta(0) if has_more else EVERY)
        if mine.update(lease=None, lease_until=None, failures=0, next_at=next_at):
            worked(login.mailbox_id)
            if has_more:
                after_commit(FETCH, login.workspace_id, login.pk)


def give_up(login: ImapLogin, problem: MailProblem) -> None:
    """Later again: soon after a moment's failure, in a while for what people must mend."""
    pause = LONGEST_PAUSE if problem.is_lasting else min(EVERY * 2 ** min(login.failures, 10), LONGEST_PAUSE)
    with tenant(login.workspace_id):
        mine = ImapLogin.objects.filter(pk=login.pk, lease=login.lease)
        left = {"lease": None, "lease_until": None, "next_at": timezone.now() + pause}
        if mine.update(failures=min(login.failures + 1, 1000), access="", access_until=None, **left):
            failed(login.mailbox_id, problem.words)


def try_out(login: ImapLogin, seconds: float) -> int:
    """A real round trip, now: how many mails are to be fetched. A MailProblem says what is wrong."""
    secret, is_token = secret_of(login)
    with opened(server_of(login), secret, is_token=is_token, seconds=seconds) as box:
        last = login.last_uid if box.validity() == login.uid_validity else 0
        return len(box.after(last, first_day(login)))


def try_mailbox(mailbox: Mailbox, *, by: Membership) -> int:
    """As `try_out`; what is found is the mailbox's health from now on."""
    mailbox.check_may_change(by)
    login = mailbox.logins.select_related("mailbox__workspace").first()
    if login is None:
        raise Refused("This mailbox is not fetched: send a mail to it, and see whether it comes.")
    try:
        found = try_out(login, TRYING)
    except MailProblem as problem:
        failed(mailbox.pk, problem.words)
        raise
    worked(mailbox.pk)
    if found and mailbox.is_active:
        ImapLogin.objects.filter(pk=login.pk).update(next_at=timezone.now())
        after_commit(FETCH, login.workspace_id, login.pk)
    return found


def server_of(login: ImapLogin) -> Server:
    return Server(login.host, login.port, login.security, login.username, login.folder)


def first_day(login: ImapLogin):
    """Older mail is left where it is; also when a server numbers its mails anew."""
    success = login.mailbox.last_success_at
    is_new = login.uid_validity == 0 or success is None
    return login.first_day if is_new else max(login.first_day, (success - AGAIN).date())


def secret_of(login: ImapLogin) -> tuple[str, bool]:
    """(the password or token, whether it is a token)."""
    try:
        if login.sign_in == SignIn.PASSWORD:
            return unseal(login, "secret"), False
        label = SignIn(login.sign_in).label
        if not login.secret:
            raise MailProblem(f"Connect it with {label} first.", is_lasting=True)
        if login.access and login.access_until and login.access_until > timezone.now() + EARLY:
            return unseal(login, "access"), True
        tokens = refreshed(login.sign_in, unseal(login, "secret"))
    except Unreadable:
        raise MailProblem("Its password cannot be read any more: type it again.", is_lasting=True) from None
    with tenant(login.workspace_id):
        mine = ImapLogin.objects.select_for_update().get(pk=login.pk)
        keep(mine, tokens)
        mine.save(update_fields=["access", "access_until", "secret"])
    return tokens.access, True
