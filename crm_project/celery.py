"""Background work. Redis is a doorbell: what must happen is a row in PostgreSQL, and a beat task finds what was missed."""

import os
import sys

from celery import Celery
from celery.signals import beat_init, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm_project.settings")

app = Celery("crm_project")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def check_role(**kwargs) -> None:
    """As the pages do when they start. Celery swallows exceptions here, so the process ends itself."""
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415 - Celery is loaded before Django

    from workspaces.checks import refuse_unsafe_role  # noqa: PLC0415

    try:
        refuse_unsafe_role()
    except ImproperlyConfigured as error:
        sys.exit(str(error))
