// Cards on the board: where they stand, and how they get there.
import { onClose, openDialog } from "./dialogs.js";
import { keepFocus } from "./focus.js";
import * as heads from "./heads.js";
import { parse, send } from "./request.js";
import { say, showAll } from "./toasts.js";

export const board = () => document.getElementById("board");
// What a drop does: a move to a stage, or into a month.
export const verb = () => board().dataset.verb ?? "move";
export const lanes = () => [...document.querySelectorAll(".lane")];
export const laneOf = (card) => card.closest(".lane");
export const laneById = (id) => document.querySelector(`.lane[data-stage-id="${id}"]`);
export const cardsOf = (lane) => [...lane.querySelectorAll(".deal:not(.drag)")];
export const cardById = (id) => document.getElementById(`deal-${id}`);
const amountOf = (card) => Number(card.dataset.amount);
const queues = new Map();
const origins = new Map();
// Requests are numbered as they leave: an answer does not undo what a later one has brought.
let sent = 0;
let newest = 0;
// Nothing moves under a pressed pointer: what the server answers meanwhile is drawn once it is let go.
let free = Promise.resolve();
let letGo = null;

export function hold(on) {
  if (on) free = new Promise((done) => (letGo = done));
  else letGo?.(), (letGo = null);
  if (!on && waiting.size) schedule();
}

async function request(url, options) {
  try {
    return await send(url, options);
  } finally {
    await free;
  }
}

// One Tab stop for the whole board: the card that was last in hand.
export function focusCard(card) {
  for (const other of document.querySelectorAll('.deal[tabindex="0"]')) other.tabIndex = -1;
  if (!card) return;
  card.tabIndex = 0;
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
}

// Where the focus goes when a card leaves the view.
const nextTo = (card) => [card.nextElementSibling, card.previousElementSibling, firstCard()].find((other) => other?.matches(".deal"));
const firstCard = () => document.querySelector(".lane:not([data-folded]) .deal");

// Moves one after the other per card, so that the second names the version that the first made.
export function move(card, target) {
  const id = card.dataset.dealId;
  const next = (queues.get(id) ?? Promise.resolve()).then(() => moveNow(cardById(id), target));
  queues.set(id, next);
  return next;
}

async function moveNow(card, { lane: to, after, before, fields }) {
  const lane = laneById(to.dataset.stageId); // the page may have been loaded anew since
  if (!card || !lane) return;
  // A card that waits for an answer in its new place still comes from where it was first.
  const waits = origins.has(card.dataset.dealId);
  const origin = origins.get(card.dataset.dealId) ?? { lane: laneOf(card), next: card.nextElementSibling };
  origins.delete(card.dataset.dealId);
  const near = nextTo(card);
  const had = card.contains(document.activeElement) || document.activeElement === document.body;
  put(card, lane, after, before);
  card.classList.add("saving");
  if (origin.lane !== lane && !waits) heads.shift(origin.lane, -amountOf(card), -1), heads.shift(lane, amountOf(card), 1);
  if (had) focusCard(lane.hasAttribute("data-folded") ? near : card);
  const body = new FormData();
  const place = { [verb() === "move" ? "stage" : verb()]: lane.dataset.stageId, version: card.dataset.version, after: after?.dataset.dealId ?? "", before: before?.dataset.dealId ?? "" };
  for (const [name, value] of Object.entries({ ...place, ...fields, board: 1 })) body.set(name, value);
  const back = () => putBack(card, origin, lane);
  const turn = ++sent;
  try {
    const { status, html } = await request(`${board().dataset.deals}${card.dataset.dealId}/${verb()}/${location.search}`, { body, retries: [1000, 3000] });
    if (!status) return;
    const fragment = parse(html);
    if (status === 422 && fragment.querySelector("form[data-move]")) {
      // The card waits in its new place for the answer.
      origins.set(card.dataset.dealId, origin);
      openDialog(html);
      onClose((saved) => saved || (origins.delete(card.dataset.dealId), back(), focusCard(cardById(card.dataset.dealId))));
    } else if (fragment.querySelector(".deal, .toast, .lane-head")) {
      if (status >= 400) back();
      apply(html, { ids: [Number(card.dataset.dealId)], turn });
    } else {
      back();
      say("Not saved: the server could not do this. The card was put back.", { error: true });
    }
  } catch {
    back();
    say("Not saved: no connection. The card was put back.", { error: true, retry: () => move(card, { lane, after, before, fields }) });
  }
}

function putBack(card, { lane, next }, from) {
  const here = cardById(card.dataset.dealId) ?? card;
  const had = board().contains(document.activeElement) || document.activeElement === document.body;
  here.classList.remove("saving");
  if (!lane.isConnected) return; // the page was loaded anew: it shows what is
  if (laneOf(here) !== lane) heads.shift(from, -amountOf(here), -1), heads.shift(lane, amountOf(here), 1);
  lane.querySelector("ol").insertBefore(here, next?.isConnected ? next : null);
  if (had) focusCard(here);
}

function put(card, lane, after, before) {
  const list = lane.querySelector("ol");
  if (after?.isConnected) after.after(card);
  else if (before?.isConnected) before.before(card);
  else list.prepend(card);
}

// Put what the server says where it belongs: cards by their stage and the card above, heads, the sum, toasts.
// `ids` are the cards that were asked for: those that are not in the answer are gone from this board.
export function apply(html, { ids = [], fresh = false, turn = ++sent } = {}) {
  const fragment = parse(html);
  const shown = new Set();
  for (const card of fragment.querySelectorAll(".deal")) {
    shown.add(Number(card.dataset.dealId));
    place(card, card.parentElement.dataset, fresh);
  }
  for (const id of ids) if (!shown.has(id)) cardById(id)?.remove();
  if (turn >= newest) heads.replaceAll(fragment);
  newest = Math.max(newest, turn);
  showAll(fragment);
  const first = firstCard();
  if (first && !document.querySelector('.deal[tabindex="0"]')) first.tabIndex = 0;
  if (first) document.querySelector(".board > .empty")?.remove();
}

function place(card, { stage, above: aboveId }, fresh) {
  const old = document.getElementById(card.id);
  if (old && Number(old.dataset.version) > Number(card.dataset.version)) return;
  const lane = laneById(stage);
  if (!lane) return void old?.remove();
  const above = (aboveId && cardById(aboveId)) || null;
  if (old && isSame(old, card) && laneOf(old) === lane && old.previousElementSibling === above) return void old.classList.remove("saving");
  const had = old?.contains(document.activeElement);
  const list = lane.querySelector("ol");
  const rest = list.querySelector(".more-cards");
  if (above && laneOf(above) === lane && above.nextElementSibling !== rest) above.after(card);
  else if (above && laneOf(above) === lane && !rest) above.after(card);
  else if (!aboveId) list.prepend(card);
  else if (!rest) list.append(card); // else it is further down than what is loaded
  old?.remove();
  if (!card.isConnected) return;
  if (had || old?.tabIndex === 0) had ? focusCard(card) : (card.tabIndex = 0);
  if (fresh) card.classList.add("fresh"), setTimeout(() => card.classList.remove("fresh"), 1200);
}

const isSame = (one, other) => one.innerHTML === other.innerHTML && JSON.stringify(one.dataset) === JSON.stringify(other.dataset);

export async function remove(card) {
  const body = new FormData();
  body.set("version", card.dataset.version);
  body.set("board", "1");
  const near = nextTo(card);
  try {
    const { status, html } = await request(`${board().dataset.deals}${card.dataset.dealId}/delete/${location.search}`, { body });
    if (!status) return;
    apply(html, { ids: status < 400 ? [Number(card.dataset.dealId)] : [] });
    if (status < 400) focusCard(near);
  } catch {
    say("Not deleted: no connection.", { error: true, retry: () => remove(card) });
  }
}

export async function unfold(lane, open = lane.hasAttribute("data-folded")) {
  lane.toggleAttribute("data-folded", !open);
  lane.querySelector("[data-fold]")?.setAttribute("aria-expanded", open);
  if (!open || lane.dataset.loaded) return;
  lane.dataset.loaded = "1";
  const { html } = await send(lane.dataset.src);
  const list = lane.querySelector("ol");
  list.replaceChildren(parse(html));
  window.htmx?.process(list);
}

// --- what others do ------------------------------------------------------------------------------------

// Ids of deals, "since" (whatever changed since this page was made) or "all" (the page anew).
const waiting = new Set();
let timer;

function schedule(wait = 120) {
  clearTimeout(timer);
  timer = setTimeout(fetchChanges, wait);
}

async function fetchChanges() {
  if (letGo || !waiting.size || !board()) return;
  const ids = [...waiting];
  waiting.clear();
  board().ariaBusy = "true";
  try {
    if (ids.includes("all")) await reload();
    else if (ids.includes("since")) await ask({ since: board().dataset.since });
    else await ask({ ids: ids.join(",") }, ids);
    board().ariaBusy = "false";
  } catch {
    for (const id of ids) waiting.add(id);
    schedule(5000);
  }
}

// Without `ids` the answer itself says which deals it is about.
async function ask(what, ids) {
  const query = new URLSearchParams({ ...Object.fromEntries(new URLSearchParams(location.search)), ...what, pipeline: board().dataset.pipelineId });
  const turn = ++sent;
  const { status, html, about } = await request(`${board().dataset.changes ?? `${board().dataset.deals}changes/`}?${query}`);
  if (status === 200) apply(html, { ids: ids ?? about, fresh: true, turn });
  else if (status === 205) await reload();
}

async function reload() {
  const turn = sent;
  const { status, html } = await request(location.href, { part: "page" });
  if (turn !== sent) return waiting.add("all"), schedule();
  if (status !== 200) return;
  const comeBack = whereabouts();
  const page = () => document.getElementById("page");
  keepFocus(page(), () => (page().replaceWith(parse(html)), comeBack(), page()));
  window.htmx?.process(page());
  document.body.dispatchEvent(new CustomEvent("htmx:afterSettle"));
}

// What is in view and unfolded; the function it gives finds all of it again in the new page.
function whereabouts() {
  const left = board().scrollLeft;
  const y = (element) => element.getBoundingClientRect().y;
  const views = lanes().map((lane) => {
    const list = lane.querySelector("ol");
    const first = list.scrollTop && cardsOf(lane).find((card) => y(card) >= y(list));
    return { stage: lane.dataset.stageId, open: !lane.hasAttribute("data-folded"), card: first?.id, below: first && y(first) - y(list) };
  });
  return () => {
    board().scrollLeft = left;
    for (const { stage, open, card, below } of views) {
      const lane = laneById(stage);
      if (lane && open && lane.hasAttribute("data-folded")) unfold(lane);
      const [list, first] = [lane?.querySelector("ol"), card && document.getElementById(card)];
      if (list?.contains(first)) list.scrollTop += y(first) - y(list) - below;
      else if (list && card) list.scrollTop = list.scrollHeight; // further down than the first page: that loads the next
    }
  };
}

// The stream is open from now on; what happened between the making of this page and now is asked for.
const catchUp = () => board() && (waiting.add("since"), fetchChanges());
document.addEventListener("live:open", catchUp);
if (document.getElementById("live")?.dataset.tone === "green") catchUp(); // the stream was quicker than this script
document.addEventListener("live", ({ detail }) => {
  if (!board() || !["deal", "reload"].includes(detail.kind)) return;
  for (const id of detail.ids ?? ["all"]) waiting.add(id);
  schedule();
});
document.addEventListener("changes", async ({ detail }) => {
  await free;
  if (!board()) return;
  const lost = document.activeElement === document.body;
  apply(detail.html);
  const answer = parse(detail.html);
  // What was done besides the card, such as a task planned: the card is asked for.
  for (const { dataset } of answer.querySelectorAll("[data-about]")) waiting.add(Number(dataset.about)), schedule();
  if (lost) cardById(answer.querySelector(".deal")?.dataset.dealId)?.focus();
});
