from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from automation.models import Mailbox
from deals.models import Deal
from leads.models import Lead
from tests.automation.language_server import Model
from tests.automation.mails import make_lead
from tests.factories import make_deal


@pytest.fixture
def lead(acme) -> Lead:
    return make_lead(acme.bob)


@pytest.fixture
def box(acme) -> Mailbox:
    return Mailbox.objects.create(workspace=acme.workspace, name="Sales", address="sales@acme.example")


@pytest.fixture
def model(settings) -> Iterator[Model]:
    """The language model that an operator named."""
    server = Model()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    settings.OUTBOUND_NETWORKS = ["127.0.0.0/8"]
    settings.INTENT_MODEL = {"url": f"http://127.0.0.1:{server.server_port}/v1", "name": "small", "key": "secret"}
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def deal(acme) -> Deal:
    return make_deal(acme.bob, acme.stages["Contacted"], "Cold chain", 5000)
