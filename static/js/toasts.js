// Toasts: said in one live region, gone after ten seconds unless they report an error or the pointer rests on them.
import { fromHere, parse, send } from "./request.js";

const LIFE = 10000;
const region = () => document.getElementById("toasts");

export function show(toast) {
  // Old news gives way; errors stay until they are read.
  for (const old of [...region().querySelectorAll(".toast:not(.err)")].slice(0, -1)) old.remove();
  region().append(toast);
  // Nobody needs a link to where they are.
  for (const link of toast.querySelectorAll("a.undo:not([data-menu])")) if (link.pathname === location.pathname) link.remove();
  for (const old of region().querySelectorAll(".toast.err")) if (old !== toast && old.textContent === toast.textContent) old.remove();
  start(toast);
}

// Gives whether there was anything to say.
export function showAll(fragment) {
  const toasts = [...fragment.querySelectorAll(".toast")];
  // What goes well now is no longer refused; what can be tried again stays.
  if (toasts.some((toast) => !toast.matches(".err"))) for (const old of region().querySelectorAll(".toast.err:not(:has([data-retry]))")) old.remove();
  toasts.forEach(show);
  return toasts.length > 0;
}

// A toast made in the browser, for when the server cannot be reached.
export function say(text, { error = false, retry } = {}) {
  const toast = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  toast.querySelector("[data-text]").textContent = text;
  toast.classList.toggle("err", error);
  const button = toast.querySelector("[data-retry]");
  if (retry) button.addEventListener("click", () => (toast.remove(), retry()));
  else button.remove();
  show(toast);
}

function start(toast) {
  if (toast.classList.contains("err")) return;
  let timer;
  const run = () => (timer = setTimeout(() => toast.remove(), LIFE));
  const hold = () => clearTimeout(timer);
  toast.addEventListener("pointerenter", hold);
  toast.addEventListener("focusin", hold);
  toast.addEventListener("pointerleave", run);
  toast.addEventListener("focusout", run);
  run();
}

async function undo(form) {
  const toast = form.closest(".toast");
  const body = fromHere(new FormData(form));
  toast.remove();
  try {
    const { status, html } = await send(form.action.includes("?") ? form.action : form.action + location.search, { body, retries: [1000, 3000] });
    if (status) document.dispatchEvent(new CustomEvent("changes", { detail: { html } }));
  } catch {
    say("Not undone: no connection.", { error: true, retry: () => undo(form) });
  }
}

export const undoLast = () => [...region().querySelectorAll("form[data-undo]")].at(-1)?.requestSubmit();

document.addEventListener("click", (event) => event.target.closest?.("[data-dismiss]")?.closest(".toast").remove());
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-undo]")) return;
  event.preventDefault();
  undo(event.target);
});
for (const toast of region().querySelectorAll(".toast")) start(toast);
for (const later of document.querySelectorAll("template[data-toast]")) showAll(parse(later.innerHTML));
