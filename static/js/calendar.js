// A task goes to another day: dragged there, or by Shift and the arrows; its menu does the same without either.
import { redraw } from "./days.js";
import { isTyping, singleKeys } from "./keys.js";
import { parse, send } from "./request.js";
import { say, showAll } from "./toasts.js";

const START = 6; // pixels until a press is a drag
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
let drag = null;

async function move(item, day) {
  if (!day || item.closest(".date").dataset.day === day) return;
  const body = new FormData();
  body.set("due_on", day);
  body.set("version", item.dataset.version);
  try {
    const { html } = await send(item.dataset.move, { body, retries: [1000] });
    showAll(parse(html));
  } catch {
    say("Not moved: no connection.", { error: true, retry: () => move(item, day) });
  }
  await redraw();
  document.querySelector(`#${item.id} a`)?.focus();
}

document.addEventListener("keydown", (event) => {
  const item = event.shiftKey && STEPS[event.key] && !isTyping() && document.activeElement.closest("[data-move]");
  if (item) {
    event.preventDefault();
    const day = new Date(`${item.closest("[data-day]").dataset.day}T12:00Z`);
    day.setUTCDate(day.getUTCDate() + STEPS[event.key]);
    return void move(item, day.toISOString().slice(0, 10));
  }
  const step = { j: 1, k: -1 }[event.key];
  if (!step || event.metaKey || event.ctrlKey || event.altKey || !singleKeys() || isTyping()) return;
  const items = [...document.querySelectorAll(".appt > a:first-child")];
  const here = items.indexOf(document.activeElement.closest(".appt")?.querySelector("a"));
  items[Math.max(0, Math.min(items.length - 1, here + step))]?.focus();
});

document.addEventListener("pointerdown", (event) => {
  const item = event.button === 0 && event.pointerType !== "touch" && !event.target.closest(".btn") && event.target.closest("[data-move]");
  if (item) drag = { item, x: event.clientX, y: event.clientY };
});

document.addEventListener("dragstart", (event) => event.target.closest?.("[data-move]") && event.preventDefault());

document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const { item, x, y } = drag;
  if (!drag.ghost) {
    if (Math.hypot(event.clientX - x, event.clientY - y) < START) return;
    const { width, left, top } = item.getBoundingClientRect();
    drag.ghost = item.cloneNode(true);
    drag.ghost.removeAttribute("id");
    drag.ghost.classList.add("drag");
    drag.ghost.style.width = `${width}px`;
    Object.assign(drag, { left: x - left, top: y - top });
    document.body.append(drag.ghost);
    item.classList.add("ghost");
  }
  drag.ghost.style.left = `${event.clientX - drag.left}px`;
  drag.ghost.style.top = `${event.clientY - drag.top}px`;
  drag.over?.classList.remove("over");
  drag.over = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-day]");
  drag.over?.classList.add("over");
});

function drop(keep) {
  if (!drag) return;
  const { item, ghost, over } = drag;
  drag = null;
  if (!ghost) return;
  ghost.remove();
  item.classList.remove("ghost");
  over?.classList.remove("over");
  // The click that ends a drag opens nothing.
  addEventListener("click", (event) => (event.preventDefault(), event.stopPropagation()), { capture: true, once: true });
  setTimeout(() => dispatchEvent(new Event("click")), 0);
  if (keep) move(item, over?.dataset.day);
}

document.addEventListener("pointerup", () => drop(true));
document.addEventListener("pointercancel", () => drop(false));
document.addEventListener("keydown", (event) => event.key === "Escape" && drop(false));
