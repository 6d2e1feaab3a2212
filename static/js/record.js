// A record's page: the composer that stands in it, and drafts that survive a reload.
import { parse, send } from "./request.js";
import { say } from "./toasts.js";

const composer = () => document.getElementById("composer");
const first = () => composer().querySelector("form [autofocus]") ?? composer().querySelector("form :is(textarea, input:not([type=hidden]))");
const texts = (form) => [...form.querySelectorAll("textarea, input[type=text]")].filter((field) => field.name);
const keyOf = (form) => `draft/${document.body.dataset.events}/${form.dataset.draft}`;

// --- drafts: kept as one types, gone once saved ------------------------------------------------------

function keep({ target }) {
  const form = target.closest?.("form[data-draft]");
  if (!form) return;
  const typed = Object.fromEntries(texts(form).filter((field) => field.value !== field.defaultValue).map((field) => [field.name, field.value]));
  try {
    if (Object.keys(typed).length) localStorage.setItem(keyOf(form), JSON.stringify(typed));
    else localStorage.removeItem(keyOf(form));
  } catch { /* full or forbidden: then there is no draft */ }
}

function restore() {
  const form = composer()?.querySelector("form[data-draft]");
  const kept = form && localStorage.getItem(keyOf(form));
  if (kept) for (const [name, value] of Object.entries(JSON.parse(kept))) if (form.elements[name]) form.elements[name].value = value;
}

// --- modes -------------------------------------------------------------------------------------------

async function show(link, focus = true) {
  try {
    const { status, html } = await send(link.dataset.mode);
    if (status !== 200) return;
    composer().replaceWith(parse(html).getElementById("composer"));
  } catch {
    return say("No connection.", { error: true, retry: () => show(link, focus) });
  }
  restore();
  if (focus) first().focus();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-mode]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  if (link.ariaCurrent) first().focus();
  else show(link);
});

// Saved: the draft is done with, the form is empty again, and the focus is on what opened it.
document.addEventListener("changes", ({ detail }) => {
  if (!detail.form?.closest(".composer")) return;
  localStorage.removeItem(keyOf(detail.form));
  const link = composer().querySelector("[aria-current]");
  link.focus();
  show(link, false).then(() => composer().querySelector("[aria-current]").focus());
});

document.addEventListener("input", keep);
restore();
