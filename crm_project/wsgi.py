"""The pages, for any WSGI server: gunicorn, granian --interface wsgi."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm_project.settings")

application = get_wsgi_application()

from crm_project.startup import settle  # noqa: E402 - needs the app registry

settle()
