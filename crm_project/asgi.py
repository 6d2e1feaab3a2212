"""Pages and the event stream, for any ASGI server: granian --interface asgi, uvicorn."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm_project.settings")

application = get_asgi_application()

from crm_project.startup import settle  # noqa: E402 - needs the app registry

settle()
