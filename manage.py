#!/usr/bin/env python3
"""Django's command line. `./run manage …` calls it with the embedded servers running."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm_project.settings")
    # A person at a terminal develops or operates; only the servers (wsgi, asgi, celery) are production by default.
    os.environ.setdefault("CRM_ENV", "development")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
