"""Background work. Redis is a doorbell: what must happen is a row in PostgreSQL, and a beat task finds what was missed."""

import os
import sys

from celery import Celery
from celery.signals import beat_init, task_postrun, task_prerun, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm_project.settings")

app = Celery("crm_project")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@task_prerun.connect
@task_postrun.connect
def keep_connections(**kwargs) -> None:
    """As between two pages: what is broken, or older than DATABASE_CONN_MAX_AGE, is closed. Celery itself would open a new
    connection for each task (settings.CELERY_DB_REUSE_MAX)."""
    from django.db import close_old_connections  # noqa: PLC0415 - Celery is loaded before Django

    if not kwargs["task"].request.is_eager:
        close_old_connections()


@worker_init.connect
def prepare(**kwargs) -> None:
    from workspaces.prepared import prepare_statements  # noqa: PLC0415 - Celery is loaded before Django

    prepare_statements()


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
