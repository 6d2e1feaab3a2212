"""Production's settings, with a middleware that counts queries and rows, and a longer database timeout for filling."""

from crm_project.settings import *  # noqa: F403
from crm_project.settings import DATABASES, MIDDLEWARE

MIDDLEWARE = ["tests.bench.counting.CountingMiddleware", *MIDDLEWARE]
ALLOWED_HOSTS = ["127.0.0.1"]
WSGI_APPLICATION = "tests.bench.wsgi.application"
DATABASES["default"]["OPTIONS"]["options"] = "-c statement_timeout=0"
LOGGING_CONFIG = None
