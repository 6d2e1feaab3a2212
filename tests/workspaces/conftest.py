from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress

from tests.workspaces.accounts import PASSWORD
from workspaces.models import User


@pytest.fixture
def ada(db) -> User:
    user = User.objects.create_user("ada@calc.example", PASSWORD, name="Ada Byron")
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    return user
