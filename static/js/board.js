// The board's hands: mouse, touch and keys. Pointer Events, not HTML5 drag: touch, scrolling at the edges, and Esc.
import { board, cardById, cardsOf, focusCard, hold, laneById, laneOf, lanes, move, remove, unfold, verb } from "./cards.js";
import { closePopover, openForm, openPopover } from "./dialogs.js";
import * as heads from "./heads.js";
import { isTyping, singleKeys } from "./keys.js";

const SLACK = 5; // pixels before a press is a drag
const LONG = 400; // milliseconds before a touch is one
const EDGE = 48;
let drag = null;
let press = null;
let clicked = false;

const editable = () => board()?.hasAttribute("data-editable");

// --- dragging ------------------------------------------------------------------------------------------

document.addEventListener("pointerdown", (event) => {
  const card = event.target.closest?.(".deal:not(.drag)");
  clicked = false;
  if (!card || event.button || !editable() || event.target.closest(".more") || drag) return;
  release();
  press = { card, x: event.clientX, y: event.clientY, id: event.pointerId, at: event.timeStamp, touch: event.pointerType !== "mouse" };
  hold(true);
  if (press.touch) press.timer = setTimeout(() => start(press.x, press.y), LONG);
});

document.addEventListener("pointermove", (event) => {
  if (event.pointerId !== press?.id) return;
  if (!event.buttons) return cancel(); // let go where we could not see it
  if (drag) return follow(event.clientX, event.clientY);
  if (Math.hypot(event.clientX - press.x, event.clientY - press.y) <= SLACK) return;
  // A finger that moves at once scrolls. The timer may be late where much is going on, so the events' own time counts.
  if (press.touch && event.timeStamp - press.at < LONG) release();
  else start(event.clientX, event.clientY);
});

document.addEventListener("pointerup", (event) => {
  if (event.pointerId !== press?.id) return;
  if (drag) drop();
  release();
});
document.addEventListener("pointercancel", (event) => event.pointerId === press?.id && cancel());
// Once a finger holds a card, it must not scroll the page.
document.addEventListener("touchmove", (event) => drag && event.preventDefault(), { passive: false });
document.addEventListener("contextmenu", (event) => (drag || press?.touch) && event.preventDefault());
document.addEventListener("click", (event) => clicked && (event.preventDefault(), event.stopPropagation(), (clicked = false)), true);
document.addEventListener("dragstart", (event) => event.target.closest?.(".deal") && event.preventDefault());

function release() {
  if (!press) return;
  clearTimeout(press.timer);
  press = null;
  hold(false);
}

function start(x, y) {
  clearTimeout(press.timer);
  const { card } = press;
  const box = card.getBoundingClientRect();
  const clone = card.cloneNode(true);
  clone.removeAttribute("id");
  clone.classList.add("drag");
  clone.style.width = `${box.width}px`;
  document.body.append(clone);
  const slot = document.createElement("li");
  slot.className = "slot";
  slot.style.height = `${box.height}px`;
  drag = { card, clone, slot, dx: press.x - box.left, dy: press.y - box.top, x, y };
  card.classList.add("ghost");
  showDrops(true);
  closePopover();
  getSelection().removeAllRanges();
  follow(x, y);
  drag.scroller = setInterval(scrollAtEdges, 16);
}

// Toasts stand where the drops rise.
function showDrops(on) {
  document.getElementById("drops").hidden = !on;
  document.getElementById("toasts").style.visibility = on ? "hidden" : "";
}

function follow(x, y) {
  Object.assign(drag, { x, y });
  drag.clone.style.left = `${x - drag.dx}px`;
  drag.clone.style.top = `${y - drag.dy}px`;
  const under = document.elementFromPoint(x, y);
  const zone = under?.closest("[data-drop]") ?? null;
  const lane = zone ? null : under?.closest(".lane") ?? null;
  for (const other of document.querySelectorAll("[data-drop].over")) other.classList.toggle("over", other === zone);
  zone?.classList.add("over");
  if (lane !== drag.lane) {
    drag.lane?.classList.remove("over");
    lane?.classList.add("over");
    heads.clear();
    const [from, amount] = [laneOf(drag.card), Number(drag.card.dataset.amount)];
    if (lane && lane !== from) heads.preview(from, -amount), heads.preview(lane, amount);
  }
  Object.assign(drag, { zone, lane });
  lane ? showSlot(lane, y) : drag.slot.remove();
}

function showSlot(lane, y) {
  const list = lane.querySelector("ol");
  const below = cardsOf(lane).find((card) => {
    const box = card.getBoundingClientRect();
    return y < box.top + box.height / 2;
  });
  list.insertBefore(drag.slot, lane.dataset.kind === "open" ? below ?? list.querySelector(".more-cards") : list.firstChild);
}

function scrollAtEdges() {
  const area = board().getBoundingClientRect();
  const speed = (at, low, high) => (at < low + EDGE ? -1 : at > high - EDGE ? 1 : 0) * 14;
  const left = board().scrollLeft;
  board().scrollLeft += speed(drag.x, area.left, area.right);
  if (board().scrollLeft !== left) follow(drag.x, drag.y); // another column is under the finger now
  const list = drag.lane?.querySelector("ol");
  if (!list) return;
  const box = list.getBoundingClientRect();
  const before = list.scrollTop;
  list.scrollTop += speed(drag.y, box.top, Math.min(box.bottom, area.bottom));
  if (list.scrollTop !== before) showSlot(drag.lane, drag.y);
}

function tidy() {
  const { card, clone, slot, scroller, lane } = drag;
  clearInterval(scroller);
  card.classList.remove("ghost");
  lane?.classList.remove("over");
  for (const zone of document.querySelectorAll("[data-drop].over")) zone.classList.remove("over");
  showDrops(false);
  heads.clear();
  clone.remove();
  slot.remove();
  drag = null;
  clicked = true;
  setTimeout(() => (clicked = false), 50);
}

function cancel() {
  if (drag) tidy();
  release();
}

function neighbour(from, direction) {
  let card = from[direction];
  while (card && (!card.matches(".deal") || card.classList.contains("ghost"))) card = card[direction];
  return card ?? undefined;
}

function drop() {
  const { card, lane, zone, slot } = drag;
  const target = lane && { lane, after: neighbour(slot, "previousElementSibling"), before: neighbour(slot, "nextElementSibling") };
  const what = zone?.dataset.drop;
  tidy();
  if (what === "delete") remove(card);
  else if (what === "menu") openMenu(card);
  else if (what) move(card, { lane: laneById(what) });
  else if (target && !isSamePlace(card, target)) move(card, target);
}

function isSamePlace(card, { lane, after, before }) {
  return laneOf(card) === lane && (lane.dataset.kind !== "open" || (neighbour(card, "previousElementSibling") === after && neighbour(card, "nextElementSibling") === before));
}

// --- keys ------------------------------------------------------------------------------------------------

function openMenu(card) {
  openPopover(card.querySelector(".more"), card.querySelector(".more").href);
}

function beside(card, step, onlyOpen) {
  const row = lanes().filter((lane) => (onlyOpen ? lane.dataset.kind === "open" : !lane.hasAttribute("data-folded")));
  const here = row.indexOf(laneOf(card));
  return here < 0 ? row.at(-1) : row[here + step];
}

function step(card, direction) {
  const row = cardsOf(laneOf(card));
  focusCard(row[Math.max(0, Math.min(row.length - 1, row.indexOf(card) + direction))]);
}

function sideways(card, direction) {
  const index = cardsOf(laneOf(card)).indexOf(card);
  for (let lane = beside(card, direction); lane; lane = lanes()[lanes().indexOf(lane) + direction]) {
    const row = cardsOf(lane);
    if (row.length) return focusCard(row[Math.min(index, row.length - 1)]);
  }
}

function reorder(card, direction) {
  const other = neighbour(card, direction < 0 ? "previousElementSibling" : "nextElementSibling");
  if (!other || laneOf(card).dataset.kind !== "open") return;
  if (direction < 0) move(card, { lane: laneOf(card), after: neighbour(other, "previousElementSibling"), before: other });
  else move(card, { lane: laneOf(card), after: other, before: neighbour(other, "nextElementSibling") });
}

function to(card, lane) {
  if (lane && lane !== laneOf(card)) move(card, { lane });
}

document.addEventListener("keydown", (event) => {
  if (drag && event.key === "Escape") return void (event.preventDefault(), cancel());
  if (!board() || event.metaKey || event.ctrlKey || event.altKey || isTyping()) return;
  const card = document.activeElement.closest?.(".deal");
  if (!card) {
    if (["j", "k", "ArrowDown"].includes(event.key) && singleKeys() && !document.activeElement.closest(".side, .top")) {
      event.preventDefault();
      event.stopImmediatePropagation();
      focusCard(document.querySelector('.deal[tabindex="0"]') ?? document.querySelector(".deal"));
    }
    return;
  }
  const keys = {
    ArrowDown: () => (event.shiftKey ? editable() && reorder(card, 1) : step(card, 1)),
    ArrowUp: () => (event.shiftKey ? editable() && reorder(card, -1) : step(card, -1)),
    ArrowRight: () => (event.shiftKey ? editable() && to(card, beside(card, 1, true)) : sideways(card, 1)),
    ArrowLeft: () => (event.shiftKey ? editable() && to(card, beside(card, -1, true)) : sideways(card, -1)),
    Enter: () => document.activeElement === card && card.querySelector(".nm").click(),
  };
  const letters = {
    j: () => step(card, 1),
    k: () => step(card, -1),
    m: () => openMenu(card),
    w: () => to(card, lanes().find((lane) => lane.dataset.kind === "won")),
    l: () => to(card, lanes().find((lane) => lane.dataset.kind === "lost")),
    t: () => openForm(board().dataset.task.replace("/0/", `/${card.dataset.dealId}/`)),
    a: () => openPopover(card, `${board().dataset.deals}${card.dataset.dealId}/edit/owner/`),
  };
  const digit = /^[1-9]$/.test(event.key) && (() => to(card, lanes()[Number(event.key) - 1]));
  const run = keys[event.key] ?? (singleKeys() && ((editable() || "jk".includes(event.key)) && letters[event.key.toLowerCase()] || (editable() && digit)));
  if (!run || (event.key === "Enter" && document.activeElement !== card)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  run();
}, true);

document.addEventListener("focusin", (event) => {
  const card = event.target.closest?.(".deal");
  if (card && card.tabIndex !== 0) {
    for (const other of document.querySelectorAll('.deal[tabindex="0"]')) other.tabIndex = -1;
    card.tabIndex = 0;
  }
});

// --- menus, folds, tabs ------------------------------------------------------------------------------------

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!board()) return;
  if (form.matches("[data-move]")) {
    event.preventDefault();
    const fields = Object.fromEntries([...new FormData(form, event.submitter)].filter(([name]) => ["reason", "note", "competitor", "asked"].includes(name)));
    const data = new FormData(form, event.submitter);
    const card = cardById(form.dataset.move);
    const lane = laneById(data.get(verb() === "move" ? "stage" : verb()));
    closePopover();
    if (!lane) {
      // A stage of another pipeline: that one's board shows the card.
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "stage", value: data.get("stage") }));
      return void form.submit();
    }
    form.closest("dialog")?.close("saved");
    move(card, { lane, after: cardById(data.get("after")) ?? undefined, before: cardById(data.get("before")) ?? undefined, fields });
  } else if (form.matches("[data-delete]")) {
    event.preventDefault();
    closePopover();
    remove(cardById(form.dataset.delete));
  }
}, true);

document.addEventListener("click", (event) => {
  const fold = event.target.closest?.("[data-fold]");
  if (fold) unfold(fold.closest(".lane"));
  const tab = event.target.closest?.("[data-tab]");
  if (tab) {
    event.preventDefault();
    laneById(tab.dataset.tab).scrollIntoView({ inline: "start", block: "nearest", behavior: "smooth" });
    unfold(laneById(tab.dataset.tab), true);
  }
});

// On a phone one column fills the screen: its tab is the current one.
const seen = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      const tab = document.querySelector(`[data-tab="${entry.target.dataset.stageId}"]`);
      if (entry.isIntersecting) tab?.setAttribute("aria-current", "true");
      else tab?.removeAttribute("aria-current");
    }
  },
  { threshold: 0.6 },
);

function prepare() {
  for (const lane of lanes()) seen.observe(lane);
  const first = document.querySelector('.deal[tabindex="0"]') ?? document.querySelector(".deal");
  if (first) first.tabIndex = 0;
}

document.body.addEventListener("htmx:beforeSwap", ({ detail }) => detail.target.id === "page" && cancel());
document.body.addEventListener("htmx:afterSettle", prepare);
prepare();
