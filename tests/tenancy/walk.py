"""Walks over every route as every actor with every kind of id, and says what should not have happened.

A route is called as its case says (cases.py). Denied requests and all GETs run in one batch that must leave both
workspaces as they were; a POST that is allowed runs in a savepoint of its own and must leave the other one alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import quote

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.tenancy.world import INSIDERS, Rows, Trial, World
from workspaces.models import Role
from workspaces.mounting import mounted

ACTORS = (*INSIDERS, "suspended", "foreign", "super", "anonymous")
# Our JavaScript gets fragments, by other branches of the same views.
SCRIPT = {"X-Client-Id": "tab1", "HX-Request": "true"}
# Those who ask in both ways, and those who also try what has many variants in each.
SOME = ("owner", "rep", "viewer", "foreign")
FEW = ("rep", "foreign")
ONE_OF_EACH = ("owner", "rep", "viewer")
NOWHERE = 999_999_999
BEYOND = 2**70  # more than a bigint holds


@dataclass(frozen=True)
class Case:
    """How one route is called.

    `shots` gives the arguments of its path, one dict per variant, from the rows of a workspace: what differs between
    two workspaces is an id. `body` and `query` give form fields and parameters likewise. `role` is what the view's
    guard asks for, `writer` what it asks for to change anything, `verb_role` what the action asks for a row that may be seen.
    """

    shots: Callable[[Rows], Sequence[dict]] = lambda rows: [{}]
    body: Callable[[Rows, dict], dict] | None = None
    query: Callable[[Rows, dict], dict] | None = None
    get: bool = True
    role: Role = Role.VIEWER
    writer: Role = Role.REP
    verb_role: Role = Role.VIEWER
    seen_by: Role = Role.VIEWER  # to those below, and other than its maker, a row is not there
    get_ok: tuple[int, ...] = (200,)
    post_ok: tuple[int, ...] = (200, 204, 302)
    asked: dict = field(default_factory=dict)  # parameters without which its page would be empty
    writes: bool = True  # False where this world forbids what would be written: that must be proved elsewhere
    parts: tuple[str, ...] = ()  # parts of the page that our JavaScript asks for with X-Part


@dataclass(frozen=True)
class Route:
    name: str
    path: str
    callback: Callable
    urlconf: str


def routes(urlconf: str) -> list[Route]:
    return list(_routes(get_resolver(urlconf), urlconf))


def _routes(resolver: URLResolver, urlconf: str, path: str = "", space: str = "") -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        here = path + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield Route(space + (pattern.name or here), here, pattern.callback, urlconf)
        else:
            yield from _routes(pattern, urlconf, here, f"{space}{pattern.namespace}:" if pattern.namespace else space)


WORKSPACE_ROUTES = routes(settings.WORKSPACE_URLCONF)
ROOT_ROUTES = routes(settings.ROOT_URLCONF)


def path_of(slug: str, route: str, /, **kwargs: object) -> str:
    """Of a page in a workspace; of one outside them with an empty slug."""
    if not slug:
        return reverse(route, urlconf=settings.ROOT_URLCONF, kwargs=kwargs)
    with mounted(f"/w/{slug}/"):
        return reverse(route, urlconf=settings.WORKSPACE_URLCONF, kwargs=kwargs)


def log_in(world: World) -> None:
    """Once for the whole world: its walkers share the clients, and each request starts with the same cookies."""
    for actor in ACTORS:
        client = world.clients[actor] = Client(raise_request_exception=False)
        if actor != "anonymous":
            client.force_login(world.users[actor])
        world.cookies[actor] = client.cookies.output(header="")


@dataclass
class Probe:
    """One request and what it may be answered with. `twin` groups those whose answers must look alike."""

    actor: str
    method: str
    path: str
    expected: tuple[int, ...]
    data: dict = field(default_factory=dict)
    headers: dict = field(default_factory=dict)
    about: str = "own"
    twin: tuple | None = None

    def __str__(self):
        kind = f" ({', '.join(self.headers)})" if self.headers else ""
        return f"{self.actor} {self.method} {self.path} [{self.about}]{kind}"


@dataclass
class Answer:
    status: int
    text: str  # body and headers: a redirect can give away as much as a page
    error: str = ""
    context: object = None  # of its templates


class Walker:
    def __init__(self, world: World):
        self.world, self.probes, self.problems = world, 0, []
        self.clients, self.cookies = world.clients, world.cookies

    # -- asking --------------------------------------------------------------------------------------

    def ask(self, actor: str, method: str, path: str, data: dict | None = None, headers: dict | None = None) -> Answer:
        self.probes += 1
        # As it was at the start: an earlier request may have logged out or left a message.
        self.clients[actor].cookies = SimpleCookie(self.cookies[actor])
        call = getattr(self.clients[actor], method.lower())
        response = call(path, {key: value for key, value in (data or {}).items() if value is not None}, headers=headers)
        error = repr(response.exc_info[1]) if getattr(response, "exc_info", None) else ""
        body = b"".join(response.streaming_content) if response.streaming else response.content
        text = f"{body.decode(errors='replace')}\n{response.headers}"
        return Answer(response.status_code, text, error, response.context)

    def try_(self, probe: Probe) -> Answer:
        """Ask, and note a wrong status, a canary, and a foreign key that would fail at commit."""
        answer = self.ask(probe.actor, probe.method, probe.path, probe.data, probe.headers)
        if answer.status not in probe.expected:
            wanted = " or ".join(map(str, probe.expected))
            self.problems.append(f"{probe}: answered {answer.status}, not {wanted} {answer.error}")
        if (probe.actor, probe.expected) == ("anonymous", (302,)) and "'/accounts/login/" not in answer.text:
            self.problems.append(f"{probe}: sends elsewhere than to the login page")
        if leaks := self.world.leaks(probe.actor, answer.text):
            self.problems.append(f"{probe}: shows {', '.join(leaks)}")
        if probe.method != "GET" and answer.status < 400:
            try:
                connection.check_constraints()
            except IntegrityError as error:
                self.problems.append(f"{probe}: would fail at commit: {error}")
        return answer

    # -- batches -------------------------------------------------------------------------------------

    def quietly(self, probes: list[Probe]) -> None:
        """None of these may change anything anywhere; when one does, say which."""
        seen: dict[tuple, tuple[Probe, str]] = {}
        with Trial() as trial:
            for probe in probes:
                answer = self.try_(probe)
                if probe.twin:
                    text = alike(answer.text, probe)
                    first, expected = seen.setdefault(probe.twin, (probe, text))
                    if text != expected:
                        self.problems.append(f"{probe}: can be told from {first}")
        if changed := trial.changes():
            self.problems += self.culprits(probes) or [f"together these changed {', '.join(changed)}: {probes[0]} …"]

    def culprits(self, probes: list[Probe]) -> list[str]:
        found = []
        for probe in probes:
            with Trial() as trial:
                self.ask(probe.actor, probe.method, probe.path, probe.data, probe.headers)
            if changed := trial.changes():
                found.append(f"{probe}: changed {', '.join(changed)}")
        return found

    def loudly(self, probes: list[Probe], *, must_write: bool = True, but: Sequence[int | str] = ()) -> None:
        """Each may change something, though nothing of the workspaces `but`; at least one must.

        By default: nothing of the other workspace, nor of the tables that belong to none ("").
        """
        wrote = False
        but = but or (self.world.rival.workspace, "")
        for probe in probes:
            with Trial() as trial:
                self.try_(probe)
            wrote = wrote or trial.before != trial.after
            if changed := trial.changes(but):
                self.problems.append(f"{probe}: changed {', '.join(changed)}")
        if must_write and not wrote:
            self.problems.append(f"{probes[0]}: no allowed POST wrote anything, so this case proves nothing")

    def report(self) -> None:
        problems, self.problems = self.problems, []
        assert not problems, f"{len(problems)} problems:\n" + "\n".join(problems[:40])

    # -- one route of a workspace ----------------------------------------------------------------------

    def walk(
        self,
        route: Route,
        case: Case,
        actors: Sequence[str] = ACTORS,
        mine: Rows | None = None,
        theirs: Rows | None = None,
    ) -> None:
        """The first variant by all actors in all ways; the others, plainly, by few. `theirs` must look like nothing."""
        mine, theirs = mine or self.world.acme, theirs or self.world.rival
        for number, (own, foreign) in enumerate(zip(case.shots(mine), case.shots(theirs), strict=True)):
            who = [actor for actor in actors if number == 0 or actor in FEW]
            body = case.body(mine, own) if case.body else {}
            quiet, loud = [], []
            for about, kwargs in targets(own, foreign):
                for probe in requests(route, case, about, kwargs, body, who):
                    if number and (probe.headers or about in ("random", "beyond")):
                        continue
                    is_allowed = probe.method == "POST" and min(probe.expected) < 400 and probe.actor in INSIDERS
                    (loud if is_allowed else quiet).append(probe)
            self.quietly(quiet)
            if loud:
                self.loudly(loud, must_write=case.writes)


def requests(route: Route, case: Case, about: str, kwargs: dict, body: dict, actors: Sequence[str]) -> Iterator[Probe]:
    path = path_of("acme", route.name, **kwargs)
    for actor in actors:
        for method, data in (("GET", case.asked), ("POST", body)):
            expected = expectation(case, actor, method, about)
            if not makes_a_difference(case, actor, method, about):
                continue
            for headers in headers_of(case, actor, method, about):
                # What is not there must look the same whether it exists elsewhere or not; to those whom the guard refuses,
                # what is there must as well.
                is_apart = about == "own" and not is_refused_early(case, actor)
                twin = None if is_apart else (actor, method, *headers.values())
                yield Probe(actor, method, path, expected, data, headers, about, twin)


def makes_a_difference(case: Case, actor: str, method: str, about: str) -> bool:
    """A method that the page does not have is refused whatever the id; where the guard refuses, two ids must look alike;
    and a number that fits nowhere is tried by some."""
    if not has(case, method):
        return about == "own"
    if is_refused_early(case, actor):
        return about in ("own", "foreign")
    return about != "beyond" or actor in ONE_OF_EACH


def is_refused_early(case: Case, actor: str) -> bool:
    """By the guard, which every view bears, before any row is looked up: ids make no difference to them."""
    return actor not in INSIDERS or INSIDERS[actor].rank < max(case.role.rank, case.writer.rank if case.body else 0)


def has(case: Case, method: str) -> bool:
    return bool(case.get if method == "GET" else case.body)


def headers_of(case: Case, actor: str, method: str, about: str) -> Sequence[dict]:
    if actor not in SOME or about == "beyond" or not has(case, method):
        return ({},)
    parts = [SCRIPT | {"X-Part": part} for part in case.parts] if method == "GET" else []
    return ({}, SCRIPT, *parts)


def expectation(case: Case, actor: str, method: str, about: str) -> tuple[int, ...]:
    """The one table of who gets what."""
    if not has(case, method):
        return (405,)
    if actor == "anonymous":
        return (302,)
    if actor not in INSIDERS:
        return (404,)
    rank = INSIDERS[actor].rank
    if rank < case.role.rank or (case.body and rank < case.writer.rank):
        return (403,)  # to look at a form takes what it takes to send it
    if about != "own" or rank < case.seen_by.rank:
        return (404,)
    if method == "POST" and rank < case.verb_role.rank:
        return (403,)
    return case.get_ok if method == "GET" else case.post_ok


def targets(own: dict, foreign: dict) -> Iterator[tuple[str, dict]]:
    """The arguments as they are, with ids of the other workspace (each alone, then all), and with ids of nothing."""
    yield "own", own
    ids = [key for key in own if own[key] != foreign[key]]
    for key in ids if len(ids) > 1 else ():
        yield f"foreign {key}", own | {key: foreign[key]}
    if ids:
        yield "foreign", own | {key: foreign[key] for key in ids}
        yield "random", own | dict.fromkeys(ids, NOWHERE)
        yield "beyond", own | dict.fromkeys(ids, BEYOND)


def alike(text: str, probe: Probe) -> str:
    """The answer without what differs from request to request: token, path, parameters, time."""
    text = text.replace(probe.path, "PATH").replace(quote(probe.path), "PATH")
    text = re.sub(r"\b[A-Za-z0-9]{64}\b|\b[A-Za-z0-9]{32}\b", "TOKEN", text)
    for key, value in probe.data.items():
        # What was sent stands again in complaints; parameters in links and hidden fields too.
        for said in value if isinstance(value, list) else [value]:
            text = re.sub(rf"choice\. {re.escape(str(said))} ", "PARAMETER", text)
        if probe.method == "GET":
            sent = re.escape(quote(str(value)))
            text = re.sub(rf'\b{key}={sent}\b|name="{key}" value="{sent}"', "PARAMETER", text)
    return re.sub(r"'(Content-Length|Expires|X-About)': '[^']*'|data-since=\"\d+\"", "", text)


@contextmanager
def rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
