"""What mail services post, made into the bytes of a mail (pure). django-anymail checks and reads where a service sends no
bytes; Amazon's signatures are checked here, which it does not do."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.errors import MessageError
from io import BytesIO
from itertools import islice
from urllib.parse import parse_qsl, urlsplit

import httpx
from anymail.exceptions import AnymailError, AnymailNotSupportedWarning, AnymailWebhookValidationFailure
from anymail.webhooks.base import AnymailCoreWebhookView
from anymail.webhooks.mailgun import MailgunInboundWebhookView
from anymail.webhooks.postmark import PostmarkInboundWebhookView
from anymail.webhooks.sendgrid import SendGridBaseWebhookView, SendGridInboundWebhookView
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import (
    ChunkIter,
    InterBoundaryIter,
    LazyStream,
    MultiPartParserError,
    parse_boundary_stream,
)
from django.utils.dateparse import parse_datetime
from django.utils.http import parse_header_parameters

from workspaces.outbound import Blocked, ask

# Who can log in at SendGrid tests it no more; we do, against what it posts.
warnings.filterwarnings("ignore", category=AnymailNotSupportedWarning)
LATE = timedelta(seconds=300)
# Amazon signs once and then tries for an hour; its event ids keep a call from counting twice.
LATE_BY_SNS = timedelta(hours=1)
AMAZON = re.compile(r"sns\.[a-z0-9-]{4,30}\.amazonaws\.com(\.cn)?")
SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
MOST = 1000  # fields of a form
CHUNK = 64 * 1024  # bytes


class Forged(Exception):
    """It does not come from whom it says it does, or it is too old to be told."""


@dataclass(frozen=True)
class Posted:
    """`raw` is None where no mail came: the service only asked whether we are there."""

    event: str
    raw: bytes | None
    sent_at: datetime | None = None


@dataclass(frozen=True)
class Call:
    """`headers` are Django's, in which case does not matter."""

    headers: object
    content_type: str
    body: bytes
    now: datetime

    def header(self, name: str) -> str:
        return self.headers.get(name, "")  # type: ignore[attr-defined]

    @functools.cached_property
    def form(self) -> dict[str, list[bytes]]:
        return {name: [content for content, _, _ in found] for name, found in self.parts.items()}

    @property
    def parts(self) -> dict[str, list[tuple[bytes, str, str]]]:
        """{name: [(bytes, file name, type)]} of a posted form: as bytes, for mail is not always UTF-8."""
        return self.read_form[0]

    @property
    def is_readable(self) -> bool:
        """Else `parts` are those before the one that is broken."""
        return self.read_form[1]

    @functools.cached_property
    def read_form(self) -> tuple[dict[str, list[tuple[bytes, str, str]]], bool]:
        found: dict[str, list[tuple[bytes, str, str]]] = {}
        is_readable = True
        try:
            for name, *part in islice(self.fields(), MOST):
                found.setdefault(name, []).append(tuple(part))
        except (MultiPartParserError, SuspiciousOperation, ValueError):
            is_readable = False
        found.pop("", None)
        return found, is_readable

    def fields(self) -> Iterator[tuple[str, bytes, str, str]]:
        if self.content_type.startswith("application/x-www-form-urlencoded"):
            # Latin-1 has a letter for each byte.
            for key, value in parse_qsl(self.body.decode("latin-1"), keep_blank_values=True, encoding="latin-1"):
                yield key.encode("latin-1").decode("utf-8", "replace"), value.encode("latin-1"), "", ""
        elif boundary := parse_header_parameters(self.content_type)[1].get("boundary"):
            # Django's own form parser ends at 5 MB of text, and at 1 kB of names; what it is made of does not.
            stream = LazyStream(ChunkIter(BytesIO(self.body), CHUNK))
            for part in InterBoundaryIter(stream, b"--" + boundary.encode()):
                _, headers, content = parse_boundary_stream(part, CHUNK)
                about = headers.get("content-disposition", ("", {}))[1]
                name, file = (about.get(each, b"").decode("utf-8", "replace") for each in ("name", "filename"))
                yield name, content.read(), file, headers.get("content-type", ("", {}))[0].strip()
        elif self.content_type.startswith("multipart/"):
            raise ValueError("no boundary")

    @functools.cached_property
    def json(self) -> dict:
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            raise Forged("This is no JSON.") from None
        if not isinstance(found, dict):
            raise Forged("This is not what the service posts.")
        return found

    def request(self) -> HttpRequest:
        """As Anymail reads it."""
        made = HttpRequest()
        made.method, made.content_type = "POST", self.content_type.partition(";")[0].strip()
        made.META = {"CONTENT_TYPE": self.content_type}
        for name, value in self.headers.items():  # type: ignore[attr-defined]
            made.META["HTTP_" + name.upper().replace("-", "_")] = value
        made._body = self.body  # type: ignore[attr-defined]
        made.POST = QueryDict(mutable=True)
        for key, values in self.parts.items():
            for content, file, kind in values:
                if file:
                    made.FILES.appendlist(key, SimpleUploadedFile(file, content, kind or "application/octet-stream"))
                else:
                    made.POST.appendlist(key, content.decode("utf-8", "replace"))
        return made

    def first(self, name: str) -> bytes:
        return (self.form.get(name) or [b""])[-1]


def read_posted(provider: str, call: Call, key: str) -> Posted:
    """`key` is what the service signs with, "" where it does not. Forged if it is not from there, or stale."""
    posted = READ[provider](call, key)
    late = LATE_BY_SNS if provider == "ses" else LATE
    if posted.sent_at and abs(call.now - posted.sent_at) > late:
        raise Forged("It was signed too long ago.")
    return posted


# --- each of them -----------------------------------------------------------------------------------


def mailgun(call: Call, key: str) -> Posted:
    view = MailgunInboundWebhookView(webhook_signing_key=key or "none")
    request = call.request()
    checked(view, request)
    token, sent_at = request.POST["token"], moment(request.POST["timestamp"])
    return Posted(token, call.first("body-mime") or built(view, request, call), sent_at)


class SignedSendGrid(SendGridBaseWebhookView):
    esp_name = "SendGrid"
    key_setting_name = "inbound_webhook_verification_key"
    inbound_webhook_verification_key = None
    warn_if_no_basic_auth = False


class SendGrid(SendGridInboundWebhookView):
    warn_if_no_basic_auth = False


def sendgrid(call: Call, key: str) -> Posted:
    """Where no key is set the secret address alone tells that it comes from there."""
    request, sent_at = call.request(), None
    event = hashlib.sha256(call.body).hexdigest()
    if key:
        try:
            view = SignedSendGrid(inbound_webhook_verification_key=key)
        except ValueError:
            raise Forged("The public key that is kept here is none.") from None
        checked(view, request)
        sent_at = moment(call.header("X-Twilio-Email-Event-Webhook-Timestamp"))
        event = call.header("X-Twilio-Email-Event-Webhook-Signature")
    return Posted(event, call.first("email") or built(SendGrid(), request, call), sent_at)


class Postmark(PostmarkInboundWebhookView):
    warn_if_no_basic_auth = False


def postmark(call: Call, key: str) -> Posted:
    """It signs nothing: the secret address alone tells that it comes from there."""
    event = call.json.get("MessageID")
    if not isinstance(event, str) or not event:
        raise Forged("This is not what Postmark posts.")
    raw = call.json.get("RawEmail")
    is_raw = isinstance(raw, str) and raw
    return Posted(event, raw.encode("utf-8", "surrogatepass") if is_raw else built(Postmark(), call.request(), call))


def ses(call: Call, key: str) -> Posted:
    said = call.json
    check_sns(said)
    sent_at = parse_datetime(said["Timestamp"])
    if said["Type"] == "SubscriptionConfirmation":
        confirm(said["SubscribeURL"])
        return Posted(said["MessageId"], None, sent_at)
    try:
        event = json.loads(said["Message"])
        content = event["content"]
        is_coded = event["receipt"]["action"].get("encoding") == "BASE64"
        raw = base64.b64decode(content, validate=True) if is_coded else content.encode("utf-8", "surrogatepass")
    except (ValueError, KeyError, TypeError, AttributeError):
        # It says that a topic was set up, or that the mail lies in S3.
        return Posted(said["MessageId"], None, sent_at)
    return Posted(said["MessageId"], raw, sent_at)


READ: dict[str, Callable[[Call, str], Posted]] = {
    "mailgun": mailgun, "sendgrid": sendgrid, "postmark": postmark, "ses": ses,
}  # fmt: skip


# --- parts ------------------------------------------------------------------------------------------


def checked(view: AnymailCoreWebhookView, request: HttpRequest) -> None:
    try:
        view.run_validators(request)
    except (AnymailWebhookValidationFailure, UnicodeError) as error:
        raise Forged(str(error)) from None


def built(view: AnymailCoreWebhookView, request: HttpRequest, call: Call) -> bytes:
    """A mail out of the fields that a service made of it. What cannot be built is kept as it came, for people to see."""
    try:
        if call.is_readable:
            return view.parse_events(request)[0].message.as_bytes()
    except (AnymailError, MessageError, ValueError, KeyError, TypeError, LookupError, AttributeError, IndexError):
        pass
    return b"Content-Type: " + call.content_type.encode("ascii", "replace") + b"\r\n\r\n" + call.body


def moment(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        raise Forged("It does not say when it was signed.") from None


def check_sns(said: dict) -> None:
    """Signed by Amazon, with a certificate that Amazon serves."""
    names = SIGNED.get(str(said.get("Type")), ())
    if not names or not all(isinstance(said.get(name, ""), str) for name in (*names, "Signature", "SigningCertURL")):
        raise Forged("This is not what Amazon posts.")
    text = "".join(f"{name}\n{said[name]}\n" for name in names if name in said)
    algorithm = hashes.SHA256() if said.get("SignatureVersion") == "2" else hashes.SHA1()  # noqa: S303 - Amazon's version 1
    try:
        signature = base64.b64decode(said["Signature"], validate=True)
        public_key(amazon(said["SigningCertURL"])).verify(signature, text.encode(), PKCS1v15(), algorithm)
    except (InvalidSignature, ValueError, KeyError):
        raise Forged("Amazon's signature does not fit.") from None


def amazon(url: str) -> str:
    """The address, if Amazon's; tests have theirs."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.scheme != "https" or not AMAZON.fullmatch(host) or port not in (None, 443) or "@" in parts.netloc:
        raise Forged("This is no address of Amazon's.")
    base = settings.MAIL_ENDPOINTS.get("sns")
    return url if base is None else base + url.split(parts.netloc, 1)[1]


@functools.lru_cache(16)
def public_key(url: str) -> RSAPublicKey:
    try:
        status, body = ask("GET", url)
        found = x509.load_pem_x509_certificate(body).public_key() if status == 200 else None
    except (Blocked, httpx.HTTPError, ValueError):
        found = None
    if not isinstance(found, RSAPublicKey):
        raise Forged("Amazon's certificate cannot be read.")
    return found


def confirm(url: str) -> None:
    try:
        ask("GET", amazon(url))
    except (Blocked, httpx.HTTPError):
        raise Forged("The subscription could not be confirmed.") from None
