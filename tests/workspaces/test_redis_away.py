"""Without Redis nothing is lost: pages answer, and logging in, whose attempts are counted there, waits."""

import pytest
from celery import current_app

from tests.factories import make_cast, make_deal, url
from workspaces.tenancy import tenant


@pytest.fixture
def no_redis(settings):
    # Nobody listens on port 9.
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9/0"}
    }


def test_pages_answer(no_redis, cast, login):
    assert login(cast.alice).get(url(cast.workspace, "deal_board")).status_code == 200


def test_logging_in_waits(no_redis, db, client):
    response = client.post("/accounts/login/", {"login": "alice@acme.example", "password": "demo"})
    assert response.status_code == 503
    assert "Try again in a minute" in response.text


@pytest.fixture
def no_broker():
    before = current_app.conf.broker_url
    current_app.conf.broker_url = "redis://127.0.0.1:9/0"
    current_app._after_fork()  # forgets the connections that it has
    yield
    current_app.conf.broker_url = before
    current_app._after_fork()


def test_what_was_saved_is_saved_though_nobody_can_be_rung_for(no_broker, transactional_db):
    cast = make_cast()
    with tenant(cast.workspace, cast.alice.user):
        deal = make_deal(cast.alice, cast.stages["New"])  # its line of the timeline rings after commit
    with tenant(cast.workspace):
        assert type(deal).objects.get() == deal
