"""Without Redis nothing is lost: pages answer, and logging in, whose attempts are counted there, waits."""

import pytest

from tests.factories import url


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
