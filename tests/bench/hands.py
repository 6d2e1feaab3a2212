"""One pair of hands in a storm: somebody who changes many deals at once, and single ones, over HTTP, and takes it back."""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from tests.bench.serving import Answer, Visitor

TOLD = {403, 404, 409, 422}  # refused, with the reason
SURE = re.compile(r'name="sure" value="(\d+)"')
VERSION = re.compile(r'name="version" value="(\d+)"')


@dataclass(frozen=True)
class Claim:
    """A change of one deal that was answered with done: the version it made, and what it set; or which version it undid."""

    deal: int
    version: int
    sets: dict[str, object]
    undoes: int | None = None


@dataclass
class Office:
    """What the hands may use: ids of deals, stages by kind, users, and the label of a reason to lose."""

    base: str
    deals: Sequence[int]
    tasks: Sequence[int]  # open ones, on these deals
    opened: Sequence[int]
    won: int
    lost: int
    users: Sequence[int]
    reason: str
    many: tuple[int, int]  # how few and how many deals one change of many is about


@dataclass
class Heard:
    claims: list[Claim] = field(default_factory=list)
    bulks: list[int] = field(default_factory=list)
    count: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=lambda: {"one": [], "many": []})


class Hands(threading.Thread):
    """Goes on until `until` (monotonic seconds) or `most` deeds."""

    def __init__(self, office: Office, port: int, session: str, *, seed: int, until: float, most: int):
        super().__init__()
        self.office, self.until, self.most = office, until, most
        self.seed, self.r = seed, random.Random(seed)
        self.heard = Heard()
        self.visitor = Visitor(port, session)
        self.mine: list[str] = []  # addresses of what can be undone
        self.undoable: list[tuple[str, int, int]] = []  # address, deal, version

    def run(self) -> None:
        try:
            self.visitor.learn_token(f"{self.office.base}deals/new/")
            deeds: dict[Callable[[], None], int] = {
                self.edit: 6,
                self.move: 6,
                self.reschedule: 2,
                self.delete: 1,
                self.take_back: 3,
            }
            if self.seed % 2 == 0:  # every second person
                deeds |= {self.change_many: 9, self.undo_many: 6}
            for _ in range(self.most):
                if time.monotonic() > self.until:
                    break
                self.r.choices(list(deeds), list(deeds.values()))[0]()
        except Exception as error:  # noqa: BLE001 - told in the figures: a thread's own end is silent
            self.heard.errors.append(f"{type(error).__name__}: {error}")

    def send(self, what: str, path: str, data: dict[str, object] | list[tuple[str, object]]) -> Answer | None:
        """The answer, if it was done."""
        answer = self.visitor.ask("POST", f"{self.office.base}{path}", urlencode(data))
        if answer.status in (200, 204):
            self.heard.seconds[what].append(answer.seconds)
            return answer
        if answer.status in TOLD:
            self.heard.count[f"{what} told"] += 1
        else:
            self.heard.errors.append(f"{path}: {answer.status}")
        return None

    # --- one deal -------------------------------------------------------------------------------------

    def look(self) -> tuple[int, int] | None:
        """A deal, and the version that its cell is opened with."""
        pk = self.r.choice(self.office.deals)
        page = self.visitor.ask("GET", f"{self.office.base}deals/{pk}/edit/next_step/", **{"X-Client-Id": "bench"})
        found = VERSION.search(page.text)
        if page.status not in (200, 404):
            self.heard.errors.append(f"edit {pk}: {page.status}")
        return (pk, int(found[1])) if found else None

    def claim(self, pk: int, version: int, sets: dict[str, object], undoes: int | None = None) -> None:
        self.heard.claims.append(Claim(pk, version, sets, undoes))
        self.heard.count["one done"] += 1

    def edit(self) -> None:
        if seen := self.look():
            pk, version = seen
            name, value, sets = self.some_fact()
            answer = self.send(
                "one", f"deals/{pk}/edit/{name}/", {"value": value, "version": version, "hand_over": "on"}
            )
            # Of what was so already there is nothing to undo.
            if answer and (made := re.search(rf"/deals/{pk}/undo/(\d+)/", answer.text)):
                self.claim(pk, int(made[1]), sets)
                self.undoable.append((f"deals/{pk}/undo/{made[1]}/", pk, int(made[1])))

    def some_fact(self) -> tuple[str, object, dict[str, object]]:
        """(field of the form, its value, the column and what it then holds)."""
        number = self.r.randrange(1, 10**6)
        day = self.some_day()
        user = self.r.choice(self.office.users)
        return self.r.choice(
            [
                ("amount", number, {"amount": number}),
                ("next_step", f"Call {self.seed}-{number}", {"next_step": f"Call {self.seed}-{number}"}),
                ("expected_close_date", day, {"expected_close_date": day}),
                ("owner", user, {"owner_id": user}),
            ]
        )

    def some_day(self) -> str:
        return f"20{self.r.randrange(27, 40)}-0{self.r.randrange(1, 10)}-1{self.r.randrange(10)}"

    def move(self) -> None:
        if seen := self.look():
            pk, version = seen
            data = self.some_stage() | {"version": version, "after": self.r.choice(self.office.deals)}
            if answer := self.send("one", f"deals/{pk}/move/", data):
                if event := re.search(r"/deals/undo/(\d+)/", answer.text):
                    self.claim(pk, version + 1, {"stage_id": data["stage"]})
                    self.undoable.append((f"deals/undo/{event[1]}/", pk, version + 1))
                elif f'data-version="{version + 1}"' in answer.text:  # another place in its own column
                    self.claim(pk, version + 1, {})

    def some_stage(self) -> dict[str, object]:
        stage = self.r.choice([*self.office.opened, *self.office.opened, self.office.won, self.office.lost])
        return {"stage": stage} | ({"reason": self.office.reason} if stage == self.office.lost else {})

    def delete(self) -> None:
        if seen := self.look():
            pk, version = seen
            if self.send("one", f"deals/{pk}/delete/", {"version": version}):
                self.claim(pk, version + 1, {"deleted": True})

    def take_back(self) -> None:
        if self.undoable:
            path, pk, version = self.undoable.pop()
            if self.send("one", path, {}):
                self.claim(pk, version + 1, {}, undoes=version)

    def reschedule(self) -> None:
        """A task on one of the deals: it is no change of the deal, but that one's next activity follows from it."""
        if self.office.tasks:
            path = f"tasks/{self.r.choice(self.office.tasks)}/"
            page = self.visitor.ask("GET", f"{self.office.base}{path}edit/", **{"X-Client-Id": "bench"})
            if found := VERSION.search(page.text):
                self.send("one", f"{path}reschedule/", {"version": found[1], "due_on": self.some_day()})

    # --- many deals -----------------------------------------------------------------------------------

    def change_many(self) -> None:
        ids = self.r.sample(self.office.deals, min(len(self.office.deals), self.r.randint(*self.office.many)))
        verb, data = self.some_change()
        sent = [("ids", pk) for pk in ids] + [("go", 1), *data.items()]
        sure: list[tuple[str, object]] = []
        for _ in range(4):  # asked whether one is sure of their number, until that stands still
            answer = self.visitor.ask("POST", f"{self.office.base}deals/bulk/{verb}/", urlencode(sent + sure))
            asked = SURE.search(answer.text)
            if not asked:
                break
            sure = [("sure", asked[1])]
        if answer.status == 200 and (made := re.search(r'data-bulk="(\d+)"', answer.text)):
            self.heard.bulks.append(int(made[1]))
            self.mine.append(f"deals/bulk/{made[1]}/undo/")
            self.heard.seconds["many"].append(answer.seconds)
        elif answer.status in TOLD:
            self.heard.count["many told"] += 1
        else:
            self.heard.errors.append(f"bulk {verb}: {answer.status} {answer.text[:300]}")

    def some_change(self) -> tuple[str, dict[str, object]]:
        kind = self.r.choice(("edit", "edit", "move", "move", "tag", "delete"))
        if kind == "edit":
            name, value, _ = self.some_fact()
            return kind, {"field": name, "value": value, "hand_over": "on"}
        if kind == "tag":
            return kind, {"new": f"storm {self.r.randrange(6)}"}
        return kind, self.some_stage() if kind == "move" else {}

    def undo_many(self) -> None:
        """The last one; of a worker's it may be told that it is still being done."""
        if self.mine:
            path = self.mine[-1]
            if self.send("many", path, {}):
                self.heard.count["many undone"] += 1
                self.mine.remove(path)
