"""The inbox as one member sees it: by class, what was done and why, what is left to decide."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parseaddr
from functools import cached_property
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.db.models import Model, Q, QuerySet
from django.http import Http404, QueryDict
from django.urls import reverse

from automation import inbox_lines as lines
from automation.actions.files import is_seen, record_of
from automation.actions.processing import ROBOTS
from automation.intents import Intent
from automation.mail.visible import has_quote
from automation.models import Effect, Mailbox, Message
from automation.reply_address import TOKEN
from deals.models import Deal
from leads.names import normalise_email
from workspaces.access import MemberRequest, visible_owners
from workspaces.cursors import cursor, older_than
from workspaces.formats import Formats
from workspaces.models import User
from workspaces.numbers import parse_id

PAGE = 40
COUNTED = 1000
THREAD = 10
NEW = 5  # replies that Today shows
# {tab: (label, tone, intents)}; the first and the last are no classes.
TABS: dict[str, tuple[str, str, tuple[Intent, ...]]] = {
    "": ("Needs you", "", ()),
    "interested": ("Interested", "green", (Intent.INTERESTED, Intent.MEETING_BOOKED)),
    "question": ("Question", "blue", (Intent.INFO_REQUEST,)),
    "not_now": ("Not now", "amber", (Intent.NOT_NOW,)),
    "referral": ("Referral", "violet", (Intent.REFERRAL,)),
    "no": ("Not interested", "orange", (Intent.NOT_INTERESTED,)),
    "unsubscribe": ("Unsubscribe", "red", (Intent.UNSUBSCRIBE,)),
    "unsure": ("Unsure", "grey", (Intent.UNCLEAR,)),
    "automatic": ("Automatic", "sky", ROBOTS),
    "done": ("Done", "", ()),
}
# What 1 to 5 choose, and what else there is.
CLASSES = (Intent.INTERESTED, Intent.NOT_NOW, Intent.REFERRAL, Intent.OUT_OF_OFFICE, Intent.UNSUBSCRIBE)
OTHERS = (Intent.MEETING_BOOKED, Intent.INFO_REQUEST, Intent.NOT_INTERESTED, Intent.AUTO_REPLY, Intent.UNCLEAR)
# What the page of one message shows of it, and of what was done because of it.
OPENED = (
    *(field.name for field in Message._meta.concrete_fields if field.name != "raw"),
    "contact__name", "contact__title", "company__name", "lead__name", "lead__status", "mailbox__address", "handled_by__name",
    "handled_by__email",
)  # fmt: skip
DONE = (
    "message", "kind", "said", "is_done", "problem", "undone_at", "deal__owner", "deal__name", "undone_by__name",
    "undone_by__email",
)  # fmt: skip
EFFECTS = {
    Effect.Kind.DEAL_CREATED: "square-kanban",
    Effect.Kind.DEAL_MOVED: "arrow-right",
    Effect.Kind.TASK: "calendar-plus",
    Effect.Kind.MEETING: "calendar-clock",
    Effect.Kind.LEAD_CHANGED: "user-round-search",
    Effect.Kind.LEAD_CREATED: "user-round-search",
    Effect.Kind.WAITS: "calendar-clock",
    Effect.Kind.SUPPRESSED: "ban",
    Effect.Kind.SUGGESTED: "circle-question-mark",
}


@dataclass(frozen=True)
class Tab:
    name: str
    label: str
    tone: str
    count: int
    url: str
    is_current: bool


def mine(request: MemberRequest) -> QuerySet[Message]:
    """What the member may see of what came in."""
    found = Message.objects.visible_to(request.member).filter(workspace=request.workspace)
    return found.filter(direction=Message.Direction.IN).exclude(state=Message.State.NEW)


def of_tab(messages: QuerySet[Message], tab: str) -> QuerySet[Message]:
    if tab == "done":
        return messages.filter(handled_at__isnull=False)
    messages = messages.filter(handled_at=None)
    if tab == "":
        return messages.exclude(Q(intent__in=ROBOTS) & ~Q(state__in=Message.NEEDS_PERSON))
    return messages.filter(intent__in=TABS[tab][2])


class Inbox:
    """One tab (?tab), a page of its messages (?before), and the one that is open (?message, else the first)."""

    def __init__(self, request: MemberRequest, pk: int | None = None):
        self.request, self.address = request, request.GET
        self.tab = self.address.get("tab", "")
        if self.tab not in TABS:
            raise Http404("No such class")
        self.all = mine(request)
        rows = of_tab(self.all, self.tab).order_by("-received_at", "-pk")
        if before := self.address.get("before", ""):
            rows = rows.filter(older_than(before, "received_at"))
        found = list(lines.rows(rows)[: PAGE + 1])
        self.found = found[:PAGE]
        self.pks = [row["pk"] for row in self.found]
        self.next = cursor(self.found[-1]["received_at"], self.pks[-1]) if len(found) > PAGE else ""
        self.asked = pk or parse_id(self.address.get("message", ""))

    @property
    def rows(self) -> list[dict[str, str]]:
        return lines.present(self.found, Formats.of(self.request), self.url(message=""), self.current)

    @property
    def current(self) -> int | None:
        """The message asked for; once it has left the tab, the one that came after it."""
        return self.asked if self.asked in self.pks or self.is_alone else self.following

    @cached_property
    def open(self) -> Opened | None:
        if self.current is None:
            return None
        message = self.all.select_related("contact", "company", "lead", "mailbox", "handled_by").only(*OPENED)
        found = message.filter(pk=self.current).order_by().first()
        return Opened(found, self) if found else None

    @property
    def is_alone(self) -> bool:
        """By its own address, whatever tab it would be in."""
        return self.request.resolver_match.url_name == "message_detail"

    @property
    def following(self) -> int | None:
        if not self.asked:
            return self.pks[0] if self.pks else None
        return next((pk for pk in self.pks if pk < self.asked), self.pks[-1] if self.pks else None)

    @property
    def after(self) -> str:
        return self.beside(1)

    @property
    def before(self) -> str:
        return self.beside(-1)

    def beside(self, step: int) -> str:
        """The address of the next or previous message of the page, if there is one."""
        here = self.pks.index(self.current) if self.current in self.pks else None
        if here is None or not 0 <= here + step < len(self.pks):
            return ""
        return self.url(message=self.pks[here + step])

    def url(self, **changes: object) -> str:
        query = QueryDict(mutable=True)
        query.update({name: self.address[name] for name in ("tab", "before") if name in self.address})
        query.update({name: str(value) for name, value in changes.items()})
        return f"{self.path}?{query.urlencode()}"

    @cached_property
    def path(self) -> str:
        return reverse("inbox")

    @cached_property
    def tabs(self) -> list[Tab]:
        """With what is left in each, counted up to COUNTED."""
        left = of_tab(self.all, "").order_by().values_list("intent", flat=True)[: COUNTED + 1]
        sql, values = left.query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT intent, count(*) FROM ({sql}) found (intent) GROUP BY 1", values)  # noqa: S608
            counts = dict(cursor.fetchall())
        return [self._tab(name, *facts, counts) for name, facts in TABS.items()]

    def _tab(self, name: str, label: str, tone: str, intents: tuple[Intent, ...], counts: dict[str, int]) -> Tab:
        count = sum(counts.get(intent, 0) for intent in intents) if intents else sum(counts.values()) * (not name)
        url = f"{self.path}?{urlencode({'tab': name})}" if name else self.path
        return Tab(name, label, tone, count, url, name == self.tab and not self.is_alone)


def new_replies(request: MemberRequest) -> list[Message]:
    """What came in and needs the reader: about leads and deals of theirs, or about none yet. One more than is shown."""
    user = request.member.user_id
    theirs = Q(lead__owner_id=user) | Q(deal__owner_id=user) | Q(lead=None, deal=None)
    found = of_tab(mine(request), "").filter(theirs).listed().select_related("contact")
    return list(found.order_by("-received_at", "-pk")[: NEW + 1])


def others_of(message: Message, user: User) -> list[str]:
    """Who had it beside us and its sender."""
    known = {normalise_email(user.email), message.sender_email, parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}
    emails = dict.fromkeys(normalise_email(email) for _, email in message.recipients)
    others = [email for email in emails if email and email not in known and not TOKEN.search(email)]
    if not others:
        return []
    boxes = Mailbox.objects.filter(workspace_id=message.workspace_id, address__in=others)
    ours = set(boxes.values_list("address", flat=True))
    return [email for email in others if email not in ours]


class Opened:
    """The message that is read."""

    def __init__(self, message: Message, inbox: Inbox):
        self.message, self.inbox = message, inbox
        self.tone = lines.tone_of(message.intent)
        self.owners = visible_owners(inbox.request.member)
        if message.deal_id:
            message.deal = Deal.all_objects.select_related("stage", "owner").get(pk=message.deal_id)
        effects = message.effects.select_related("deal", "undone_by").only(*DONE)
        self.effects = [(EFFECTS[Effect.Kind(effect.kind)], effect) for effect in effects.order_by("pk")]
        for _, effect in self.effects:
            if self.owners is not None and effect.deal and effect.deal.owner_id not in self.owners:
                effect.said = effect.get_kind_display()  # a deal of others is named to nobody else

    @property
    def text(self) -> tuple[str, str, str]:
        """(before, the words that decided, after)."""
        text, phrase = self.message.visible_text or self.message.text, self.message.phrase
        before, found, after = text.partition(phrase) if phrase else (text, "", "")
        return before, found, after

    @property
    def has_more(self) -> bool:
        return len(self.message.text.strip()) > len(self.message.visible_text.strip())

    @property
    def has_quote(self) -> bool:
        return has_quote(self.message.text)

    @cached_property
    def deal(self) -> Deal | None:
        """If the reader may see it: of a company's deals some are others'."""
        return self.message.deal if is_seen(self.message.deal, self.owners) else None

    @property
    def record(self) -> Model | None:
        return record_of(self.message, self.owners)

    @property
    def has_others(self) -> bool:
        return bool(others_of(self.message, self.inbox.request.user))

    @property
    def classes(self) -> list[tuple[int, Intent, str]]:
        return [(i, intent, lines.tone_of(intent)) for i, intent in enumerate(CLASSES, 1)]

    @property
    def others(self) -> tuple[Intent, ...]:
        return OTHERS

    @property
    def is_open(self) -> bool:
        return self.message.handled_at is None

    @property
    def is_undoable(self) -> bool:
        return any(effect.is_undoable for _, effect in self.effects)

    @cached_property
    def earlier(self) -> list[Message]:
        """Of the same person."""
        if self.message.contact is None:
            return []
        found = (
            Message.objects.visible_to(self.inbox.request.member)
            .filter(contact=self.message.contact)
            .only("direction", "sender_name", "sender_email", "visible_text", "subject_line", "sent_at", "received_at")
        )
        before = found.filter(older_than(cursor(self.message.received_at, self.message.pk), "received_at"))
        earlier = list(before.order_by("-received_at", "-pk")[:THREAD])
        for message in earlier:
            message.contact = self.message.contact
        return earlier
