// Shortcuts of every page. Single keys rest while one types, in menus, and for who switched them off.
import { closePopover, isBusy } from "./dialogs.js";
import { send, parse } from "./request.js";
import { undoLast } from "./toasts.js";

const palette = document.getElementById("palette");
const body = document.body;
let pending = 0;

export const isTyping = () => document.activeElement?.matches("input, textarea, select, [contenteditable]") || isBusy() || Boolean(document.querySelector("dialog[open]"));
export const singleKeys = () => !("noSingleKeys" in body.dataset);

const GO = { t: "today/", i: "inbox/", a: "tasks/", d: "deals/", l: "leads/", o: "companies/", p: "contacts/", n: "notifications/" };

document.addEventListener("keydown", (event) => {
  if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k" && palette) {
    event.preventDefault();
    openPalette();
    return;
  }
  if (event.key === "F6") return void (event.preventDefault(), nextPane(event.shiftKey ? -1 : 1));
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || !singleKeys() || isTyping()) return;
  const key = event.key.toLowerCase();
  if (pending && Date.now() - pending < 1200 && GO[key]) {
    location.assign(body.dataset.search.replace("search/", GO[key]));
    return;
  }
  pending = 0;
  const actions = {
    "/": openPalette,
    "?": () => document.getElementById("keys").showModal(),
    c: () => press(document.querySelector("[aria-keyshortcuts=c], [data-create]")),
    z: undoLast,
    g: () => (pending = Date.now()),
    j: () => row(1),
    k: () => row(-1),
  };
  const control = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  const run = actions[event.key] ?? actions[key] ?? (control && (() => press(control)));
  if (run && run() !== false) event.preventDefault();
});

// What a click on a row does not open it by: a mouse edits cells by a double click.
const UNOPENED = `a, button, input, label, td.pick${matchMedia("(pointer: fine)").matches ? ", td[data-edit]" : ""}`;

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-keys]")) document.getElementById("keys").showModal();
  if (palette && event.target.closest?.("[data-palette]") && !event.metaKey && !event.ctrlKey) {
    event.preventDefault();
    openPalette();
  }
  const tr = event.target.closest?.("tr[data-href]");
  if (tr && !event.target.closest(UNOPENED) && !getSelection().toString()) location.assign(tr.dataset.href);
});

// Focused first: that is where the focus comes back to from the dialog.
const press = (control) => (control?.focus(), control?.click());

function nextPane(step) {
  const panes = [...document.querySelectorAll(".side, .top, #main, .rail")].filter((pane) => pane.offsetParent !== null);
  const here = panes.findIndex((pane) => pane.contains(document.activeElement));
  const pane = panes[(here + step + panes.length) % panes.length];
  (pane?.id === "main" ? pane : pane?.querySelector("a, button, [tabindex]"))?.focus();
}

function row(step) {
  const rows = [...document.querySelectorAll("tr[data-href]")];
  // On the page of one record: the next and the previous of the list it was opened from.
  const beside = !rows.length && document.querySelector(`[data-key=${step > 0 ? "j" : "k"}]`);
  if (beside) return void beside.click();
  if (!rows.length) return false;
  const here = rows.indexOf(document.activeElement.closest("tr"));
  rows[Math.max(0, Math.min(rows.length - 1, here + step))].querySelector("a").focus();
}

// --- the palette -------------------------------------------------------------------------------------

const input = palette?.querySelector("input");
const results = palette?.querySelector("[data-results]");
let timer, asked = 0;

function openPalette() {
  closePopover();
  palette.showModal();
  input.select();
}

function options() {
  return [...palette.querySelectorAll("a")].filter((link) => !link.hidden);
}

function mark(link) {
  for (const other of options()) other.toggleAttribute("data-focus", other === link);
  link?.scrollIntoView({ block: "nearest" });
}

input?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    const text = input.value.trim();
    const turn = ++asked;
    for (const link of palette.querySelectorAll("[data-command] a")) {
      link.hidden = text !== "" && !link.textContent.toLowerCase().includes(text.toLowerCase()) && !link.matches("[data-create]");
      if (link.matches("[data-create]")) link.href = `${link.dataset.create}?name=${encodeURIComponent(text)}`;
    }
    const { status, html } = text ? await send(`${body.dataset.search}?q=${encodeURIComponent(text)}`) : { status: 200, html: "" };
    if (turn !== asked || status !== 200) return;
    results.replaceChildren(parse(html));
    mark(options()[0]);
  }, 120);
});

palette?.addEventListener("keydown", (event) => {
  const links = options();
  const here = links.findIndex((link) => link.hasAttribute("data-focus"));
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    mark(links[(here + (event.key === "ArrowDown" ? 1 : -1) + links.length) % links.length]);
  } else if (event.key === "Enter" && links[Math.max(0, here)]) {
    event.preventDefault();
    palette.close();
    links[Math.max(0, here)].click();
  }
});
