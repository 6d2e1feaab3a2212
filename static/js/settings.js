// Lists that are put in order: a grip is dragged, or moved by the arrow keys. Without JavaScript the buttons beside it do.
import { parse, send } from "./request.js";
import { say, showAll } from "./toasts.js";

let drag = null;

const rows = (list) => [...list.children];
const ids = (list) => rows(list).map((row) => row.dataset.id).join(",");

// One form around the list, or one in each row; each says which order it has seen.
const forms = (list) => [list.closest("form"), ...list.querySelectorAll("form")].filter((form) => form?.elements.seen);
const saw = (list, order) => forms(list).forEach((form) => (form.elements.seen.value = order));

for (const grip of document.querySelectorAll("[data-grip]")) grip.hidden = false;

async function save(list) {
  const [form] = forms(list);
  const [before, order] = [form.elements.seen.value, ids(list)];
  if (order === before) return;
  saw(list, order);
  const body = new FormData(form);
  body.set("seen", before);
  body.set("order", order);
  try {
    const { status, html } = await send(form.action, { body, retries: [1000] });
    if (status >= 400) putBack(list, before);
    if (status) showAll(parse(html));
  } catch {
    putBack(list, before);
    say("Not saved: no connection.", { error: true });
  }
}

function putBack(list, order) {
  for (const id of order.split(",")) list.append(list.querySelector(`:scope > [data-id="${id}"]`));
  saw(list, order);
}

document.addEventListener("pointerdown", (event) => {
  const grip = event.target.closest?.("[data-grip]");
  if (!grip || event.button || drag) return;
  const row = grip.closest("li");
  drag = { row, list: row.parentElement, before: ids(row.parentElement), id: event.pointerId, y: event.clientY };
  grip.setPointerCapture(event.pointerId);
  row.classList.add("lifted");
});

document.addEventListener("pointermove", (event) => {
  if (event.pointerId !== drag?.id) return;
  const { row, list } = drag;
  const middle = (other) => other.offsetTop + other.offsetHeight / 2;
  const at = event.clientY - list.getBoundingClientRect().top + list.offsetTop;
  const below = rows(list).find((other) => other !== row && at < middle(other));
  if (below !== row.nextElementSibling) list.insertBefore(row, below ?? null);
});

function drop(event, keep) {
  if (!drag || (event.pointerId ?? drag.id) !== drag.id) return;
  const { row, list, before } = drag;
  drag = null;
  row.classList.remove("lifted");
  if (keep) save(list);
  else putBack(list, before);
}

document.addEventListener("pointerup", (event) => drop(event, true));
document.addEventListener("pointercancel", (event) => drop(event, false));

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && drag) return void (event.preventDefault(), drop({}, false));
  const grip = event.target.closest?.("[data-grip]");
  const step = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" }[event.key];
  if (!grip || !step) return;
  event.preventDefault();
  const row = grip.closest("li");
  const other = row[step];
  if (!other) return;
  event.key === "ArrowUp" ? other.before(row) : other.after(row);
  grip.focus();
  clearTimeout(row.parentElement.timer);
  row.parentElement.timer = setTimeout(() => save(row.parentElement), 400);
});
