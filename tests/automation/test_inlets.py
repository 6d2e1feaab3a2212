"""Mail that services and programs post: signed, once, and never lost."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from automation.actions import add_mailbox, delete_mailbox, pause, renew_address
from automation.mail import parsing
from automation.models import InletEvent, Mailbox, Message
from automation.posted import Call

RAW = (
    b"From: Uma <uma@buyer.example>\r\nTo: sales@acme.example\r\nMessage-ID: <%s@buyer.example>\r\nSubject: Hello\r\n"
    b"Content-Type: text/plain; charset=latin-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xfc\xdfe \x00 %s\r\n"
)
KEY = "key-of-mailgun-0123456789"


def raw(name: object = 1) -> bytes:
    return RAW % (str(name).encode(), str(name).encode())


@pytest.fixture
def http() -> Client:
    return Client()


def inlet_of(acme, provider: str, key: str = "", **other: object) -> tuple[Mailbox, str]:
    facts = {"name": provider, "address": "sales@acme.example", "owner_id": None} | other
    box, token = add_mailbox(acme.workspace, by=acme.alice, provider=provider, key=key, **facts)
    return box, f"/inbound/{provider}/{token}"


def form(fields: dict[str, bytes | str], boundary: str = "xYzZY") -> dict:
    """As services post: a mail may hold bytes that are no UTF-8."""
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        + (value if isinstance(value, bytes) else value.encode())
        + b"\r\n"
        for name, value in fields.items()
    )
    return {"data": body + f"--{boundary}--\r\n".encode(), "content_type": f"multipart/form-data; boundary={boundary}"}


def stored() -> list[bytes]:
    return [bytes(each.raw) for each in Message.objects.order_by("pk")]


# --- Mailgun ----------------------------------------------------------------------------------------


def mailgun(name: object = 1, *, key: str = KEY, at: float | None = None, token: str = "", **more) -> dict:
    stamp, token = str(int(at or time.time())), token or f"token-{name}"
    signature = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    fields = {"timestamp": stamp, "token": token, "signature": signature, "body-mime": raw(name)}
    return form(fields | {"recipient": "sales@acme.example", "sender": "uma@buyer.example"} | more)


def test_mailgun_posts_the_bytes(acme, http):
    box, path = inlet_of(acme, "mailgun", KEY)
    response = http.post(path, **mailgun())
    message = Message.objects.get()
    assert (response.status_code, response.json()) == (200, {"id": message.pk, "duplicate": False})
    assert stored() == [raw()] and message.mailbox == box  # each byte as it was
    box.refresh_from_db()
    assert box.last_message_at and box.last_success_at
    assert http.post(f"{path}/mime", **mailgun(2)).status_code == 200


def test_mailgun_posts_a_form_of_the_other_kind(acme, http):
    _, path = inlet_of(acme, "mailgun", KEY)
    stamp, token = str(int(time.time())), "t"
    signature = hmac.new(KEY.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    body = urlencode({"timestamp": stamp, "token": token, "signature": signature, "body-mime": raw()})
    assert http.post(path, body, content_type="application/x-www-form-urlencoded").status_code == 200
    assert stored() == [raw()]


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "another-key"},
        {"at": -400},
        {"at": 400},
        {"signature": "x"},
        {"signature": "é"},
        {"timestamp": "soon"},
    ],
)
def test_what_mailgun_did_not_sign_just_now_is_refused(acme, http, wrong):
    _, path = inlet_of(acme, "mailgun", KEY)
    wrong = {name: time.time() + value if name == "at" else value for name, value in wrong.items()}
    assert http.post(path, **mailgun(**wrong)).status_code == 403
    assert http.post(path, **form({"body-mime": raw()})).status_code == 403
    assert http.post(path, {"body-mime": "x"}, content_type="application/json").status_code == 403
    assert not Message.objects.exists() and not InletEvent.objects.exists()


def test_a_call_counts_once(acme, http):
    _, path = inlet_of(acme, "mailgun", KEY)
    first = mailgun()
    assert [http.post(path, **first).json()["duplicate"] for _ in range(3)] == [False, True, True]
    # Another call with the same mail, and another mail in a repeated call.
    assert http.post(path, **mailgun(token="other")).json()["duplicate"]
    assert http.post(path, **mailgun(2, token="token-1")).json() == {"id": None, "duplicate": True}
    assert stored() == [raw()]


def test_mailgun_without_the_bytes(acme, http):
    """Fields alone: a mail is made of them, with its attachment; what cannot be made is kept as it came."""
    _, path = inlet_of(acme, "mailgun", KEY)
    headers = [["From", "Uma <uma@buyer.example>"], ["Message-Id", "<9@buyer.example>"], ["Subject", "Hi"]]
    stamp = str(int(time.time()))
    fields = {
        "timestamp": stamp,
        "message-headers": json.dumps(headers),
        "body-plain": "Interested!",
        "attachment-count": "1",
    }
    for token, said in (("a", fields), ("b", fields | {"message-headers": "{", "body-plain": "Odd"})):
        signature = hmac.new(KEY.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
        file = SimpleUploadedFile("offer.txt", b"Offer", "text/plain")
        assert http.post(path, said | {"token": token, "signature": signature, "attachment-1": file}).status_code == 200
    made, odd = stored()
    assert b"Subject: Hi" in made and b'filename="offer.txt"' in made
    assert parsing.read(made).text.strip() == "Interested!"
    assert odd.startswith(b"Content-Type: multipart/form-data") and b"Odd" in odd


def test_storm(acme, http):
    """Of 100 events a tenth doubled, a tenth out of order, 5 forged and 5 replayed late: each of the 100 once."""
    _, path = inlet_of(acme, "mailgun", KEY)
    calls = [mailgun(number) for number in range(100)]
    calls += [calls[number] for number in range(0, 100, 10)]
    calls[3], calls[90] = calls[90], calls[3]
    calls += [mailgun(200 + number, key="forger") for number in range(5)]
    calls += [mailgun(300 + number, at=time.time() - 3600) for number in range(5)]
    took, codes = [], []
    for call in calls:
        start = time.perf_counter()
        codes.append(http.post(path, **call).status_code)
        took.append(time.perf_counter() - start)
    assert (codes.count(200), codes.count(403)) == (110, 10)
    assert sorted(stored()) == sorted(raw(number) for number in range(100))
    assert sorted(took)[int(len(took) * 0.99)] < 0.3


# --- SendGrid ---------------------------------------------------------------------------------------


def test_sendgrid_signs_what_it_posts(acme, http):
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _, path = inlet_of(acme, "sendgrid", base64.b64encode(public).decode())

    def post(name: object, at: float, signed: bytes | None = None) -> int:
        body, stamp = form({"email": raw(name), "envelope": "{}"}), str(int(at))
        signature = private.sign(stamp.encode() + (signed or body["data"]), ec.ECDSA(hashes.SHA256()))
        head = {
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        }
        return http.post(path, headers=head, **body).status_code

    assert post(1, time.time()) == 200 and stored() == [raw(1)]
    assert post(2, time.time() - 400) == post(3, time.time(), b"else") == 403
    assert http.post(path, **form({"email": raw(4)})).status_code == 403
    assert len(stored()) == 1


def test_sendgrid_without_a_key_is_told_by_its_address(acme, http):
    _, path = inlet_of(acme, "sendgrid")
    call = form({"email": raw(1), "envelope": "{}"})
    assert [http.post(path, **call).json()["duplicate"] for _ in range(2)] == [False, True]
    fields = {
        "headers": "From: uma@buyer.example\r\nMessage-ID: <2@buyer.example>\r\n",
        "text": "Call me",
        "envelope": "{}",
    }
    assert http.post(path, **form(fields)).status_code == 200
    assert b"Call me" in stored()[1]


def test_a_form_that_cannot_be_read_is_kept_as_it_came(acme, http):
    """A file's name may be long, in letters of three bytes; what is beyond all reason is still stored, for people to see."""
    _, path = inlet_of(acme, "sendgrid")

    def post(name: str, content_type: str = "multipart/form-data; boundary=x") -> int:
        head = f"From: uma@buyer.example\r\nMessage-ID: <{len(name)}@buyer.example>\r\n"
        parts = [("headers", "", head), ("text", "", "Call me"), ("attachment-info", "", '{"attachment1": {}}')]
        body = "".join(
            f'--x\r\nContent-Disposition: form-data; name="{field}"{file}\r\n\r\n{value}\r\n'
            for field, file, value in [*parts, ("attachment1", f'; filename="{name}.pdf"', "Offer")]
        )
        return http.post(path, f"{body}--x--\r\n".encode(), content_type=content_type).status_code

    assert post("a" * 1100) == post("価" * 5000) == 200
    for made in stored():
        assert made.startswith(b"From: uma@buyer.example") and parsing.read(made).attachments[0].content == b"Offer"
    assert post("a" * 70_000) == post("b", "multipart/form-data; boundary=") == 200
    for odd in stored()[2:]:
        assert odd.startswith(b"Content-Type: multipart/form-data; boundary") and b"Call me" in odd
    assert len(stored()) == 4


def test_a_signed_form_that_cannot_be_read_is_kept_or_refused(acme, http):
    _, path = inlet_of(acme, "mailgun", KEY)
    broken = b'--xYzZY\r\nContent-Disposition: form-data; name="a"; filename="' + b"a" * 70_000 + b'"\r\n\r\nOffer\r\n'
    call = mailgun()
    assert http.post(path, **call | {"data": broken + call["data"]}).status_code == 403  # nothing signed is to be seen
    assert http.post(path, **call | {"data": call["data"].replace(b"--xYzZY--\r\n", broken)}).status_code == 200
    assert stored() == [raw()]


# --- Postmark ---------------------------------------------------------------------------------------


def test_postmark(acme, http):
    _, path = inlet_of(acme, "postmark")
    text = "From: uma@buyer.example\nMessage-ID: <1@buyer.example>\n\nGrüße\n"
    said = {"MessageID": "b7bc2f4a", "RawEmail": text, "Headers": []}
    assert [http.post(path, said, content_type="application/json").json()["duplicate"] for _ in range(2)] == [
        False,
        True,
    ]
    parsed = {
        "MessageID": "c",
        "FromFull": {"Email": "uma@buyer.example", "Name": "Uma"},
        "Subject": "Hi",
        "TextBody": "Yes",
    }
    assert http.post(path, parsed, content_type="application/json").status_code == 200
    assert stored()[0] == text.encode()
    assert parsing.read(stored()[1]).text.strip() == "Yes"
    for wrong in ("{", "[]", "{}", '{"MessageID": 5}'):
        assert http.post(path, wrong, content_type="application/json").status_code == 403
    assert len(stored()) == 2


# --- Amazon SES -------------------------------------------------------------------------------------


class Amazon:
    """Serves a certificate, and signs with it."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        now = datetime.now(UTC)
        made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
        made = made.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
        pem = made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        self.asked: list[str] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(pem)

            def log_message(self, *said: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def says(self, **facts: str) -> dict[str, str]:
        said = {
            "Type": "Notification", "MessageId": "m-1", "TopicArn": "arn:aws:sns:eu-west-1:1:mail", "SignatureVersion": "2",
            "Timestamp": timezone.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "SigningCertURL": f"https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-{self.server.server_port}.pem",
        } | facts  # fmt: skip
        names = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
        text = "".join(f"{name}\n{said[name]}\n" for name in names if name in said)
        how = hashes.SHA256() if said["SignatureVersion"] == "2" else hashes.SHA1()
        return said | {"Signature": base64.b64encode(self.key.sign(text.encode(), padding.PKCS1v15(), how)).decode()}


@pytest.fixture
def amazon(settings) -> Iterator[Amazon]:
    server = Amazon()
    settings.MAIL_ENDPOINTS = {"sns": server.base}
    yield server
    server.server.shutdown()
    server.server.server_close()


def received(name: object = 1) -> str:
    action = {"type": "SNS", "encoding": "BASE64"}
    content = base64.b64encode(raw(name)).decode()
    return json.dumps({"notificationType": "Received", "content": content, "receipt": {"action": action}, "mail": {}})


def test_ses_by_sns(acme, http, amazon):
    _, path = inlet_of(acme, "ses")

    def post(said: dict) -> tuple[int, object]:
        response = http.post(path, json.dumps(said), content_type="text/plain; charset=UTF-8")
        return response.status_code, response.json().get("duplicate")

    said = amazon.says(Message=received())
    assert post(said) == (200, False) and post(said) == (200, True)
    assert stored() == [raw()]
    # Signed by version 1; half an hour old, as Amazon tries again with the first signature.
    old = (timezone.now() - timedelta(minutes=30)).isoformat()
    assert post(amazon.says(Message=received(2), MessageId="m-2", SignatureVersion="1", Timestamp=old)) == (200, False)
    assert post(amazon.says(Message="Successfully validated SNS topic", MessageId="m-3")) == (200, False)
    assert len(stored()) == 2 and amazon.asked.count(amazon.asked[0]) == 1  # the certificate is kept


@pytest.mark.parametrize(
    "wrong",
    [
        {"Message": "changed"}, {"MessageId": "other"}, {"Signature": "AAAA"}, {"Signature": "é"}, {"Type": "Other"},
        {"SigningCertURL": "https://evil.example/cert.pem"}, {"SigningCertURL": "http://sns.eu-west-1.amazonaws.com/c.pem"},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com.evil.example/c.pem"},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com@evil.example/c.pem"}, {"SigningCertURL": "//["},
        {"Timestamp": 5}, {"Message": None},
    ],
)  # fmt: skip
def test_what_amazon_did_not_sign_is_refused(acme, http, amazon, wrong):
    _, path = inlet_of(acme, "ses")
    said = amazon.says(Message=received()) | wrong
    assert http.post(path, said, content_type="application/json").status_code == 403 and not stored()
    assert not any("evil" in each for each in amazon.asked)


def test_an_old_word_of_amazon_is_refused(acme, http, amazon):
    _, path = inlet_of(acme, "ses")
    old = (timezone.now() - timedelta(hours=2)).isoformat()
    assert (
        http.post(path, amazon.says(Message=received(), Timestamp=old), content_type="application/json").status_code
        == 403
    )


def test_a_subscription_is_confirmed_by_itself(acme, http, amazon):
    _, path = inlet_of(acme, "ses")
    facts = {"Type": "SubscriptionConfirmation", "Token": "t", "Message": "You have chosen to subscribe"}
    said = amazon.says(SubscribeURL="https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t", **facts)
    assert http.post(path, said, content_type="application/json").status_code == 200
    assert amazon.asked[-1] == "/?Action=ConfirmSubscription&Token=t"
    said = amazon.says(SubscribeURL="https://evil.example/", MessageId="m-2", **facts)
    assert http.post(path, said, content_type="application/json").status_code == 403


# --- the API ----------------------------------------------------------------------------------------


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_program_posts_with_its_token(acme, http):
    _, path = inlet_of(acme, "api")
    token = path.rsplit("/", 1)[1]

    def post(body: object, kind: str = "message/rfc822", status: int = 200) -> dict:
        response = http.post("/api/inbound", body, content_type=kind, headers=bearer(token))
        assert response.status_code == status, response.content
        return response.json()

    first = post(raw(1))
    assert first["duplicate"] is False and post(raw(1)) == {"id": first["id"], "duplicate": True}
    assert post({"raw": "Message-ID: <2@b.example>\n\nÄ"}, "application/json")["duplicate"] is False
    assert post({"raw_base64": base64.b64encode(raw(3)).decode()}, "application/json")["duplicate"] is False
    assert stored() == [raw(1), "Message-ID: <2@b.example>\n\nÄ".encode(), raw(3)]
    for wrong in (b"", b"  \r\n"):
        post(wrong, status=422)
    for wrong in ("{", "[]", "{}", '{"raw": 5}', '{"raw_base64": "?"}', "null"):
        post(wrong, "application/json", status=422)
    assert len(stored()) == 3


def test_without_a_token_that_is_known_nothing_is_taken(acme, http):
    _, path = inlet_of(acme, "api")
    _, posted = inlet_of(acme, "postmark")
    for headers in (
        {},
        bearer("x"),
        bearer(""),
        {"Authorization": path.rsplit("/", 1)[1]},
        {"Authorization": "Basic eDp5"},
    ):
        response = http.post("/api/inbound", raw(), content_type="message/rfc822", headers=headers)
        assert response.status_code == 401 and response["WWW-Authenticate"] == "Bearer"
    # A service's address is no token of the API, nor the other way round.
    token = posted.rsplit("/", 1)[1]
    assert http.post("/api/inbound", raw(), content_type="message/rfc822", headers=bearer(token)).status_code == 404
    assert http.post(path, raw(), content_type="message/rfc822").status_code == 404
    assert http.post("/inbound/postmark/x", "{}", content_type="application/json").status_code == 404
    assert http.get(posted).status_code == http.get("/api/inbound").status_code == 405
    assert not stored()


def test_a_large_mail_is_taken_and_a_larger_one_is_not(acme, http):
    """Larger than forms may be."""
    _, path = inlet_of(acme, "api")
    token = path.rsplit("/", 1)[1]
    large = raw(1) + b"x" * (8 * 1024 * 1024)
    response = http.post("/api/inbound", large, content_type="message/rfc822", headers=bearer(token))
    assert response.status_code == 200 and stored() == [large]
    response = http.post(
        "/api/inbound", raw(2) + b"x" * (41 * 1024 * 1024), content_type="message/rfc822", headers=bearer(token)
    )
    assert response.status_code == 422 and "at most 40 MB" in response.json()["detail"]


def test_a_new_address_closes_the_old_one(acme, http):
    box, path = inlet_of(acme, "postmark")
    said = {"MessageID": "1", "RawEmail": raw().decode("latin-1"), "Headers": []}
    token = renew_address(box, by=acme.alice)
    assert http.post(path, said, content_type="application/json").status_code == 404
    assert http.post(f"/inbound/postmark/{token}", said, content_type="application/json").status_code == 200
    pause(box, by=acme.alice)
    assert http.post(f"/inbound/postmark/{token}", said, content_type="application/json").status_code == 503
    delete_mailbox(box, by=acme.alice)
    assert http.post(f"/inbound/postmark/{token}", said, content_type="application/json").status_code == 404


def test_forms_are_split_by_bytes():
    body = form({"a": b"1\r\n--x\r\n\xff\x00", "b": ""})
    call = Call({}, body["content_type"], body["data"], timezone.now())
    assert call.form == {"a": [b"1\r\n--x\r\n\xff\x00"], "b": [b""]}
    for odd in ("", "multipart/form-data", "multipart/form-data; boundary=", "text/plain"):
        assert Call({}, odd, body["data"], timezone.now()).form == {}
