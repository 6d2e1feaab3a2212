"""URLs across the border of a workspace; inside one, plain reverse() and {% url %} do (see MountMiddleware)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.urls import get_script_prefix, get_urlconf, reverse, set_script_prefix, set_urlconf

from workspaces.models import Workspace

MOUNTED = re.compile(r"/w/[a-z0-9-]+/\Z")


@contextmanager
def mounted(prefix: str) -> Iterator[None]:
    before = get_script_prefix()
    set_script_prefix(prefix)
    try:
        yield
    finally:
        set_script_prefix(before)


@contextmanager
def in_workspace(workspace: Workspace) -> Iterator[None]:
    """Plain reverse() as in a request to this workspace, for what is written outside of one."""
    before = get_urlconf()
    set_urlconf(settings.WORKSPACE_URLCONF)
    try:
        with mounted(f"{root_prefix()}w/{workspace.slug}/"):
            yield
    finally:
        set_urlconf(before)


def workspace_url(workspace: Workspace | str, name: str, *args: object) -> str:
    """The path of a workspace's page, for mails, redirects and pages outside it."""
    slug = getattr(workspace, "slug", workspace)
    with mounted(f"{root_prefix()}w/{slug}/"):
        return reverse(name, urlconf=settings.WORKSPACE_URLCONF, args=args)


def root_url(name: str, *args: object) -> str:
    """The path of a page outside the workspaces, from inside one."""
    with mounted(root_prefix()):
        return reverse(name, urlconf=settings.ROOT_URLCONF, args=args)


def root_prefix() -> str:
    """The script prefix without a mounted workspace."""
    return MOUNTED.sub("/", get_script_prefix())
