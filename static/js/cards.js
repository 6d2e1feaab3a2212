// Cards on the board: where they stand, and how they get there.
import { onClose, openDialog, visit } from "./dialogs.js";
import * as heads from "./heads.js";
import { parse, send } from "./request.js";
import { say, showAll } from "./toasts.js";

export const board = () => document.getElementById("board");
export const lanes = () => [...document.querySelectorAll(".lane")];
export const laneOf = (card) => card.closest(".lane");
export const laneById = (id) => document.querySelector(`.lane[data-stage-id="${id}"]`);
export const cardsOf = (lane) => [...lane.querySelectorAll(".deal:not(.drag)")];
export const cardById = (id) => document.getElementById(`deal-${id}`);
const amountOf = (card) => Number(card.dataset.amount);
const queues = new Map();

// One Tab stop for the whole board: the card that was last in hand.
export function focusCard(card) {
  for (const other of document.querySelectorAll('.deal[tabindex="0"]')) other.tabIndex = -1;
  if (!card) return;
  card.tabIndex = 0;
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
}

// Moves one after the other per card, so that the second names the version that the first made.
export function move(card, target) {
  const id = card.dataset.dealId;
  const next = (queues.get(id) ?? Promise.resolve()).then(() => moveNow(cardById(id), target));
  queues.set(id, next);
  return next;
}

async function moveNow(card, { lane, after, before, fields }) {
  if (!card) return;
  const origin = { lane: laneOf(card), next: card.nextElementSibling };
  const had = card.contains(document.activeElement) || document.activeElement === document.body;
  put(card, lane, after, before);
  card.classList.add("saving");
  if (origin.lane !== lane) heads.shift(origin.lane, -amountOf(card), -1), heads.shift(lane, amountOf(card), 1);
  if (had) focusCard(card);
  const body = new FormData();
  const place = { stage: lane.dataset.stageId, version: card.dataset.version, after: after?.dataset.dealId ?? "", before: before?.dataset.dealId ?? "" };
  for (const [name, value] of Object.entries({ ...place, ...fields, board: 1 })) body.set(name, value);
  const back = () => putBack(card, origin, lane);
  try {
    const { status, html } = await send(`${board().dataset.deals}${card.dataset.dealId}/move/${location.search}`, { body, retries: [1000, 3000] });
    if (!status) return;
    const fragment = parse(html);
    if (status === 422 && fragment.querySelector("form[data-move]")) {
      // The card waits in its new place for the answer.
      openDialog(html);
      onClose((saved) => saved || back());
    } else if (fragment.querySelector(".deal, .toast, .lane-head")) {
      if (status >= 400) back();
      apply(html, { ids: [Number(card.dataset.dealId)] });
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
  here.classList.remove("saving");
  if (laneOf(here) !== lane) heads.shift(from, -amountOf(here), -1), heads.shift(lane, amountOf(here), 1);
  lane.querySelector("ol").insertBefore(here, next?.isConnected ? next : null);
}

function put(card, lane, after, before) {
  const list = lane.querySelector("ol");
  if (after?.isConnected) after.after(card);
  else if (before?.isConnected) before.before(card);
  else list.prepend(card);
}

// Put what the server says where it belongs: cards by their stage and the card above, heads, the sum, toasts.
// `ids` are the cards that were asked for: those that are not in the answer are gone from this board.
export function apply(html, { ids = [], fresh = false } = {}) {
  const fragment = parse(html);
  const shown = new Set();
  for (const card of fragment.querySelectorAll(".deal")) {
    shown.add(Number(card.dataset.dealId));
    place(card, fresh);
  }
  for (const id of ids) if (!shown.has(id)) cardById(id)?.remove();
  heads.replaceAll(fragment);
  showAll(fragment);
  document.querySelector(".board > .empty")?.remove();
}

function place(card, fresh) {
  const old = document.getElementById(card.id);
  const lane = laneById(card.dataset.stage);
  if (!lane) return void old?.remove();
  const had = old?.contains(document.activeElement);
  const above = card.dataset.above && cardById(card.dataset.above);
  const list = lane.querySelector("ol");
  const rest = list.querySelector(".more-cards");
  if (above && laneOf(above) === lane) old === above || above.after(card);
  else if (!card.dataset.above) list.prepend(card);
  else if (rest) card.remove(); // further down than what is loaded
  else list.append(card);
  old?.remove();
  if (!card.isConnected) return;
  if (had || old?.tabIndex === 0) had ? focusCard(card) : (card.tabIndex = 0);
  if (fresh) card.classList.add("fresh"), setTimeout(() => card.classList.remove("fresh"), 1200);
}

export async function remove(card) {
  const body = new FormData();
  body.set("version", card.dataset.version);
  body.set("board", "1");
  const next = card.nextElementSibling ?? card.previousElementSibling;
  const { status, html } = await send(`${board().dataset.deals}${card.dataset.dealId}/delete/${location.search}`, { body });
  if (!status) return;
  apply(html, { ids: status < 400 ? [Number(card.dataset.dealId)] : [] });
  if (status < 400) focusCard(next?.matches?.(".deal") ? next : null);
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

let waiting = new Set();
let timer;
let held = false;

export function hold(on) {
  held = on;
  if (!on && waiting.size) schedule();
}

function schedule() {
  clearTimeout(timer);
  timer = setTimeout(fetchChanges, 120);
}

async function fetchChanges() {
  if (held || !waiting.size) return;
  const ids = [...waiting];
  waiting = new Set();
  if (ids.includes("all")) return visit(location.href);
  const query = new URLSearchParams(location.search);
  query.set("pipeline", board().dataset.pipelineId);
  query.set("ids", ids.join(","));
  const { status, html } = await send(`${board().dataset.deals}changes/?${query}`);
  if (status === 200) apply(html, { ids, fresh: true });
}

document.addEventListener("live", ({ detail }) => {
  if (!board() || !["deal", "reload"].includes(detail.kind)) return;
  for (const id of detail.ids ?? ["all"]) waiting.add(id);
  if (!held) schedule();
});
document.addEventListener("changes", ({ detail }) => board() && apply(detail.html));
