"""What the cells of an import name - owners, stages, companies, products - found among what the workspace has.

Loaded anew for each chunk of rows with a few queries, so that a chunk that was rolled back, or somebody else at work
meanwhile, leaves nothing stale. `find` raises ValueError, with a message for people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from django.db import connection

from connectors.models import ExternalId
from deals.bulk import add_open_stages, kind_by_name
from deals.models import Deal, Kind, Pipeline, Stage
from leads.bulk import create_companies
from leads.models import Company
from leads.names import domain_of, name_key, squash
from workspaces.action import Refused
from workspaces.models import Membership, Workspace
from workspaces.standins import add_standins

fast_key = lru_cache(1 << 14)(name_key)
fast_squash = lru_cache(1 << 14)(squash)
SHOWN = 12


class Owners:
    """Members, by address or name."""

    def __init__(self, workspace: Workspace):
        self.workspace = workspace
        self.load()

    def load(self) -> None:
        self.names: list[str] = []
        self.found: dict[str, set[int]] = {}
        self.gone: set[str] = set()
        for member in Membership.objects.filter(workspace=self.workspace).select_related("user").order_by("user__name"):
            keys = (member.user.email.casefold(), squash(member.user.name))
            if member.status != Membership.Status.ACTIVE:
                self.gone |= set(keys)
                continue
            self.names.append(member.user.name)
            for key in keys:
                self.found.setdefault(key, set()).add(member.user_id)

    def create(self, texts: Iterable[str], *, by: Membership) -> None:
        """A stand-in for each that is not known, whether written as name or as address."""
        missing: dict[str, str] = {}
        for text in dict.fromkeys(texts):
            if _owner_key(text) not in self.found.keys() | self.gone:
                missing.setdefault(_owner_key(text), text)
        if missing:
            add_standins(self.workspace, list(missing.values()), by=by)
            self.load()

    def find(self, text: str) -> int:
        key = _owner_key(text)
        # A stand-in made for an address bears it as its name.
        found = self.found.get(key) or self.found.get(fast_squash(text)) or set()
        if len(found) == 1:
            return next(iter(found))
        if found:
            raise ValueError(f"several members are called {text}: write the address instead")
        if key in self.gone:
            raise ValueError(f"{text} is not an active member any more")
        raise ValueError(f"no member is called so; known: {_shown(self.names)}; or make them by --create owners")


def _owner_key(text: str) -> str:
    return text.casefold() if "@" in text else fast_squash(text)


class Stages:
    """Stages by name; of the pipeline that the row names, else the mapping's, else the default one."""

    def __init__(self, workspace: Workspace, pipeline: str):
        self.workspace, self.pipeline = workspace, pipeline
        self.load()

    def load(self) -> None:
        self.answers: dict[tuple[str, str, str], Stage] = {}
        pipelines = list(Pipeline.objects.filter(workspace=self.workspace).prefetch_related("stages"))
        self.pipelines = {squash(pipeline.name): pipeline for pipeline in pipelines}
        self.default = next((pipeline for pipeline in pipelines if pipeline.is_default), pipelines[0])
        if self.pipeline:
            self.default = self._pipeline(self.pipeline)
        self.stages = {
            pipeline.pk: {squash(stage.name): stage for stage in reversed(pipeline.stages.all())}
            for pipeline in pipelines
        }
        self.closed = {
            (stage.pipeline_id, stage.kind): stage
            for pipeline in pipelines
            for stage in reversed(pipeline.stages.all())
        }
        self.first = {
            pk: min((s for s in stages.values() if s.is_open), key=lambda s: s.position)
            for pk, stages in self.stages.items()
        }

    def create(self, named: Iterable[tuple[str, str]], *, by: Membership) -> None:
        """Those of (pipeline, stage) that are not known; what is called won or lost is one that exists."""
        missing: dict[str, dict[str, str]] = {}
        for pipeline, stage in dict.fromkeys(named):
            within = self.pipelines.get(squash(pipeline)) if pipeline else self.default
            if within and squash(stage) not in {"", *self.stages[within.pk]} and kind_by_name(stage) == Kind.OPEN:
                missing.setdefault(pipeline, {}).setdefault(squash(stage), stage)
        for pipeline, stages in missing.items():
            add_open_stages(self._pipeline(pipeline) if pipeline else self.default, list(stages.values()), by=by)
        if missing:
            self.load()

    def find(self, stage: str, pipeline: str = "", status: str = "") -> Stage:
        """`status` (won, lost, open), where there is one, tells how the deal ended; `stage` then tells how far it came."""
        asked = (stage, pipeline, status)
        if asked not in self.answers:
            self.answers[asked] = self._find(stage, pipeline, status)
        return self.answers[asked]

    def _find(self, stage: str, pipeline: str, status: str) -> Stage:
        within = self._pipeline(pipeline) if pipeline else self.default
        ended = kind_by_name(status) if status else Kind.OPEN
        if ended != Kind.OPEN:
            return self.closed[within.pk, ended]
        if found := self.stages[within.pk].get(squash(stage or status)):
            return found
        if (kind := kind_by_name(stage or status)) != Kind.OPEN:
            return self.closed[within.pk, kind]
        if not stage and (not status or squash(status) == "open"):
            return self.first[within.pk]
        names = [found.name for found in within.stages.all()]
        raise ValueError(f"{within} has no such stage; known: {_shown(names)}; or make it by --create stages")

    def _pipeline(self, name: str) -> Pipeline:
        found = self.pipelines.get(squash(name))
        if found is None:
            raise ValueError(f"there is no pipeline {name}; known: {_shown([p.name for p in self.pipelines.values()])}")
        return found


class Companies:
    """Companies of some rows: by the id their source has for them, by domain, by name."""

    def __init__(self, workspace: Workspace, source: str, rows: Sequence[Mapping[str, object]]):
        self.workspace, self.rows = workspace, rows
        ids = {str(row["company_id"]) for row in rows if "company_id" in row}
        self.by_id = external_ids(workspace, source, ExternalId.Kind.COMPANY, ids)
        self.by_key = self._ids("name_key", {fast_key(str(row["company"])) for row in rows if "company" in row} - {""})
        domains = {domain_of(str(row["company_domain"])) for row in rows if "company_domain" in row}
        self.by_domain = self._ids("domain", domains - {""})

    def _ids(self, column: str, wanted: set[str]) -> dict[str, int]:
        """{name key or domain: id}, of the oldest where several have it."""
        found = Company.objects.filter(**{"workspace": self.workspace, f"{column}__in": wanted}).order_by("-pk")
        return dict(found.values_list(column, "pk")) if wanted else {}

    def create(self, *, by: Membership) -> None:
        """Those that are named and not known, once each."""
        missing: dict[str, dict[str, object]] = {}
        for row in self.rows:
            if "company" in row and self._known(row) is None:
                domain = domain_of(str(row.get("company_domain", "")))
                missing.setdefault(
                    fast_key(str(row["company"])),
                    {"name": str(row["company"]), "domain": domain, "at": row.get("created_at")},
                )
        made = create_companies(self.workspace, list(missing.values()), by=by)
        for key, company in zip(missing, made, strict=True):
            if not isinstance(company, Refused):
                self.by_key[key] = company.pk

    def find(self, row: Mapping[str, object]) -> int | None:
        """None where the row names no company that could be made: no name, or only an id or domain that is not known."""
        found = self._known(row)
        if found is None and "company" in row:
            raise ValueError("no company is called so; make it by --create companies")
        return found

    def _known(self, row: Mapping[str, object]) -> int | None:
        return (
            self.by_id.get(str(row.get("company_id", "")))
            or (self.by_domain.get(domain_of(str(row["company_domain"]))) if "company_domain" in row else None)
            or (self.by_key.get(fast_key(str(row["company"]))) if "company" in row else None)
        )


class Products:
    """Names of products, in one spelling each: that of the workspace's deals, else of the mapping, else the file's commonest."""

    def __init__(self, workspace: Workspace, known: Iterable[str], met: Counter[str], may_create: bool):
        self.names: dict[str, str] = {}
        used = Deal.objects.filter(workspace=workspace).exclude(product="").values_list("product", flat=True)
        commonest = [name for name, _ in met.most_common()] if may_create else []
        for name in (*used.distinct(), *known, *commonest):
            self.names.setdefault(squash(name), name)

    def find(self, text: str) -> str:
        found = self.names.get(fast_squash(text))
        if found is None:
            raise ValueError("not the product of any deal, left out; make it one by --create products")
        return found


def external_ids(workspace: Workspace, source: str, kind: ExternalId.Kind, ids: Iterable[str]) -> dict[str, int]:
    """{external id: our id} of those that were imported before."""
    wanted = list(ids)
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        # One array: the ORM would write, and PostgreSQL read, a parameter for each of thousands.
        cursor.execute(KNOWN_IDS, [workspace.pk, source, kind, wanted])
        return dict(cursor.fetchall())


KNOWN_IDS = """
    SELECT external_id, object_id FROM connectors_externalid
    WHERE workspace_id = %s AND source = %s AND kind = %s AND external_id = ANY(%s)
"""


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
