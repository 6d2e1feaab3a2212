"""The base of all audit tables."""

import pghistory.models
from django.db import models


class History(pghistory.models.Event):
    """A row as it was before a change, with who and by which door in pgh_context."""

    # 32 bits, the library's default, can run out.
    pgh_id = models.BigAutoField(primary_key=True)

    class Meta:
        abstract = True
