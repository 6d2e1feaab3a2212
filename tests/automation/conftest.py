from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.automation.language_server import Model


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
