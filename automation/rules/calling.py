"""Webhooks out: a call is a row, written with what it tells of, and made until it is taken; its receiver knows a second one
by its id. Signed as Standard Webhooks says (HMAC-SHA256 over id, time and body)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.utils import timezone

from activities.actions import notify
from activities.models import Notification
from automation.models import RuleRun, RuleStep, RunStep, WebhookCall
from deals.models import Deal
from leads.models import Lead
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.background import after_commit
from workspaces.models import Membership, Role
from workspaces.mounting import in_workspace
from workspaces.outbound import Blocked, ask, check_host, is_allowed
from workspaces.sealing import Unreadable, unseal
from workspaces.tenancy import all_workspaces, tenant

BATCH = 500
TRIES = 8
CLAIM = timedelta(minutes=2)  # longer than a call may take
LONGEST_PAUSE = timedelta(hours=4)
ENCODED = "whsec_"
State = WebhookCall.State


def check_url(url: str) -> str:
    """Why it cannot be called; "" where it may. What a name leads to is looked at when it is called."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "This is no address."
    if parts.scheme not in ("https", "http") or not host:
        return "An address that begins with https://, please."
    if parts.username or parts.password:
        return "Without a user name or password: the secret signs the call."
    try:
        name = check_host(host)
    except Blocked as blocked:
        return str(blocked)
    try:
        is_own = not (address := ip_address(name)).is_global and is_allowed(address)
        if not is_allowed(address):
            return "This address is not on the public internet."
    except ValueError:
        is_own = False
        if name == "localhost" or name.endswith((".localhost", ".local", ".internal")):
            return "This address is not on the public internet."
    if not is_own and (parts.scheme != "https" or port not in (None, 443)):
        return "By https, and on no other port than 443."
    return ""


def put_call(run: RuleRun, step: RuleStep, subject: Deal | Lead, row: RunStep) -> WebhookCall:
    """Into its outbox."""
    if problem := check_url(step.url):
        raise Refused(problem)
    now = timezone.now()
    call = WebhookCall.objects.create(
        workspace_id=run.workspace_id,
        run_step=row,
        key=f"call_{uuid.uuid4().hex}",
        body=json.dumps(told(run, subject), ensure_ascii=False),
        next_try_at=now,
    )
    after_commit("automation.tasks.call_webhook", run.workspace_id, call.pk)
    return call


def told(run: RuleRun, subject: Deal | Lead) -> dict[str, object]:
    """What the receiver gets."""
    kind = str(subject._meta.model_name)
    with in_workspace(run.workspace):
        url = settings.SITE_URL + subject.get_absolute_url()
    facts: dict[str, object] = {
        "id": subject.pk,
        "name": str(subject),
        "status": subject.status,
        "owner": subject.owner.email if subject.owner else None,
        "company": str(subject.company) if subject.company else None,
        "source": subject.source or None,
        "url": url,
    }
    if isinstance(subject, Deal):
        amount = None if subject.amount is None else str(subject.amount)
        facts |= {"stage": str(subject.stage), "amount": amount, "currency": subject.currency}
    return {
        "type": run.version.event,
        "timestamp": run.activity.at.isoformat(),
        "data": {"rule": str(run.rule), "run": run.pk, kind: facts},
    }


def check_secret(secret: str) -> str:
    try:
        key_of(secret)
    except ValueError:
        return f"What follows {ENCODED} is no Base64."
    return ""


def key_of(secret: str) -> bytes:
    """As Standard Webhooks writes it, else the text itself.

    >>> key_of("whsec_c2VjcmV0"), key_of("s3cret")
    (b'secret', b's3cret')
    """
    if secret.startswith(ENCODED):
        return base64.b64decode(secret.removeprefix(ENCODED), validate=True)
    return secret.encode()


def signed(key: str, at: int, body: str, secret: str) -> str:
    """
    >>> signed("call_1", 1, "{}", "s3cret")
    'v1,ZXo7LEnTDCrGQWkoLxyMDvrNnzvOk1haw+bdbr7Y1CA='
    """
    mac = hmac.new(key_of(secret), f"{key}.{at}.{body}".encode(), hashlib.sha256)
    return f"v1,{base64.b64encode(mac.digest()).decode()}"


def due() -> list[tuple[int, int]]:
    """(workspace id, call id) of those whose turn it is."""
    with all_workspaces():
        waiting = WebhookCall.objects.filter(next_try_at__lte=timezone.now()).order_by("next_try_at")
        return list(waiting.values_list("workspace_id", "pk")[:BATCH])


def make_call(workspace_id: int, pk: int) -> None:
    """Claimed first: a worker that dies on the way has it made again once the claim is over, under the same id."""
    with tenant(workspace_id):
        held = WebhookCall.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        found = held.select_related("run_step__step").filter(pk=pk, next_try_at__lte=timezone.now())
        call = found.first()
        if call is None:
            return
        if call.attempts >= TRIES:  # each time whoever made it died of it
            return settle(call, None, f"It was given up: {TRIES} times its worker stopped on the way.")
        step = call.run_step.step
        call.attempts += 1
        call.next_try_at = claimed = timezone.now() + CLAIM
        call.save(update_fields=["attempts", "next_try_at"])
        try:
            secret = unseal(step, "secret")
            broken = check_secret(secret)
        except Unreadable as error:
            secret, broken = "", str(error)
    answer, problem = (None, broken) if broken else post(step.url, call, secret)
    with tenant(workspace_id):
        kept = WebhookCall.objects.select_for_update(no_key=True).filter(pk=pk, next_try_at=claimed).first()
        if kept:
            settle(kept, answer, problem)


def post(url: str, call: WebhookCall, secret: str) -> tuple[int | None, str]:
    """(status of the answer, what went wrong)."""
    at = int(timezone.now().timestamp())
    headers = {"content-type": "application/json", "webhook-id": call.key, "webhook-timestamp": str(at)}
    if secret:
        headers["webhook-signature"] = signed(call.key, at, call.body, secret)
    try:
        status, _ = ask("POST", url, content=call.body.encode(), status_only=True, **headers)
    except Blocked as blocked:
        return None, str(blocked)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return None, f"It did not answer: {type(error).__name__}."
    if 300 <= status < 400:
        return (
            status,
            f"It answered {status}: it is somewhere else. Redirects are not followed; give the rule the address itself.",
        )
    return status, "" if 200 <= status < 300 else f"It answered {status}."


def settle(call: WebhookCall, answer: int | None, problem: str) -> None:
    call.answered, call.problem = answer, problem[:300]
    if not problem:
        call.state, call.next_try_at, call.taken_at = State.DONE, None, timezone.now()
    elif call.attempts >= TRIES:
        call.state, call.next_try_at = State.FAILED, None
        tell_admins(call)
    else:
        call.next_try_at = timezone.now() + min(timedelta(minutes=2 ** (call.attempts - 1)), LONGEST_PAUSE)
    call.save()


def tell_admins(call: WebhookCall) -> None:
    """Once for each call, however often it is made again."""
    step = call.run_step
    admins = Membership.objects.admins().filter(workspace_id=call.workspace_id)
    notify(
        admins.values_list("user_id", flat=True),
        Notification.Kind.RULE,
        subject=step.run.subject,
        key=f"call:{call.pk}:given-up",
        data={"rule": str(step.run.rule), "text": f"The call to {step.step.url} was given up. {call.problem}"},
    )


@action
def call_again(call: WebhookCall, *, by: Membership) -> WebhookCall:
    """What was given up is called anew, under the same id."""
    check_may(by, Role.ADMIN, "run rules")
    call = WebhookCall.objects.select_for_update(no_key=True).get(pk=call.pk)
    if call.state != State.FAILED:
        raise Refused("Only a call that was given up is made again.")
    call.state, call.attempts, call.next_try_at = State.WAITING, 0, timezone.now()
    call.save(update_fields=["state", "attempts", "next_try_at"])
    after_commit("automation.tasks.call_webhook", call.workspace_id, call.pk)
    return call
