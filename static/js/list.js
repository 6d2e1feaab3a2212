// The list of deals: rows are chosen and changed together, cells are edited in place, and what changed is drawn again.
import { closePopover, isBusy, openDialog, openPopover } from "./dialogs.js";
import { isTyping, singleKeys } from "./keys.js";
import { keepFocus } from "./focus.js";
import { short } from "./money.js";
import { parse, send } from "./request.js";
import { showAll } from "./toasts.js";

const table = () => document.querySelector("table[data-list]");
const bar = () => document.querySelector("[data-bulk-bar]");
const rows = () => [...(table()?.querySelectorAll("tr[data-id]") ?? [])];
const boxOf = (row) => row.querySelector(".pick input");
const chosen = () => rows().filter((row) => boxOf(row)?.checked);
const everything = () => bar()?.querySelector("[name=all]");
let last; // the row that was chosen last: a range begins there

// --- choosing -------------------------------------------------------------------------------------------

function tell() {
  const box = bar();
  if (!box) return;
  const picked = chosen();
  const all = everything().checked;
  const sum = picked.reduce((total, row) => total + Number(row.dataset.amount), 0);
  box.hidden = !all && !picked.length;
  box.querySelector("[data-chosen]").textContent = all ? "All that match" : `${picked.length} selected · ${short(sum)}`;
  table().classList.toggle("picking", !box.hidden);
  const head = table().querySelector("[data-all]");
  head.checked = picked.length > 0 && picked.length === rows().length;
  head.indeterminate = picked.length > 0 && !head.checked;
  everything().closest("label").hidden = !all && picked.length < rows().length;
}

function pick(row, on = !boxOf(row).checked) {
  if (!boxOf(row)) return;
  boxOf(row).checked = on;
  last = row;
  tell();
}

function none() {
  for (const row of rows()) if (boxOf(row)) boxOf(row).checked = false;
  if (everything()) everything().checked = false;
  tell();
}

function range(from, to) {
  const all = rows();
  const [a, b] = [all.indexOf(from), all.indexOf(to)].sort((x, y) => x - y);
  for (const row of all.slice(Math.max(a, 0), b + 1)) if (boxOf(row)) boxOf(row).checked = true;
  last = to;
  tell();
}

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-none]")) return none();
  const up = event.target.closest?.("[data-up]");
  if (up) {
    event.preventDefault();
    const choice = up.closest("label");
    choice.previousElementSibling?.before(choice);
    return up.focus();
  }
  const cell = event.target.closest?.("table[data-list] td.pick");
  if (!cell) return;
  const row = cell.closest("tr");
  if (event.target.matches("input")) {
    if (event.shiftKey && last?.isConnected && event.target.checked) range(last, row);
    last = row;
  } else pick(row);
});

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-all]")) for (const row of rows()) boxOf(row).checked = target.checked;
  if (target.matches("[data-all], [data-bulk-bar] [name=all], table[data-list] .pick input")) tell();
});

// The bar's buttons ask for their form, or do at once what needs none; the answer comes into the popover.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-bulk-bar]")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const button = event.submitter;
  const url = button?.getAttribute("formaction") ?? form.action;
  if (button?.name === "file") return void send(url, { body: new FormData(form) }).then(({ status, html }) => status && openDialog(html, status));
  openPopover(button ?? form, url, new FormData(form, button));
}, true);

// --- a page drawn anew ----------------------------------------------------------------------------------

const waiting = new Set();
let timer;

export function redraw(ids) {
  for (const id of ids) if (document.getElementById(`row-${id}`)) waiting.add(id);
  clearTimeout(timer);
  timer = setTimeout(ask, 80);
}

async function ask() {
  if (!table() || !waiting.size) return;
  if (isBusy()) return void (timer = setTimeout(ask, 300));
  const ids = [...waiting].slice(0, 100);
  for (const id of ids) waiting.delete(id);
  const query = new URLSearchParams(location.search);
  query.set("ids", ids.join(","));
  const { status, html } = await send(`${table().dataset.rows}?${query}`);
  if (status !== 200) return;
  const fresh = parse(html);
  for (const id of ids) {
    const old = document.getElementById(`row-${id}`);
    const row = fresh.getElementById(`row-${id}`);
    if (!old) continue;
    if (!row) old.remove();
    else {
      if (boxOf(row)) boxOf(row).checked = boxOf(old).checked;
      keepFocus(old, () => (old.replaceWith(row), row));
    }
  }
  const foot = fresh.getElementById("list-foot");
  if (foot) document.getElementById("list-foot")?.replaceWith(foot);
  tell();
  if (waiting.size) ask();
}

async function anew() {
  const page = document.getElementById("page");
  const { status, html } = await send(location.href, { part: "page" });
  if (status !== 200) return;
  const fresh = parse(html);
  page.replaceWith(fresh);
  window.htmx?.process(document.getElementById("page"));
  tell();
}

document.addEventListener("changes", ({ detail }) => {
  if (!table() && !document.querySelector(".tabs")) return;
  const answer = parse(detail.html);
  if (answer.querySelector("[data-bulk]")) none();
  const ids = [...answer.querySelectorAll("[data-about], [data-deal-id]")].map(({ dataset }) => dataset.about ?? dataset.dealId);
  showAll(answer);
  // What came back by an undo may have left the page.
  if (answer.querySelector("[data-anew]") || ids.some((id) => !document.getElementById(`row-${id}`))) anew();
  else redraw(ids);
});
document.addEventListener("live", ({ detail }) => detail.kind === "deal" && redraw((detail.ids ?? rows().map((row) => row.dataset.id)).map(String)));

// --- cells ----------------------------------------------------------------------------------------------

let cell;

function edit(next) {
  if (!next) return;
  cell?.classList.remove("editing");
  cell = next;
  cell.classList.add("editing");
  cell.tabIndex = -1;
  openPopover(cell, cell.dataset.edit);
}

const cells = (row) => [...row.querySelectorAll("td[data-edit]")];
document.getElementById("popover").addEventListener("toggle", ({ newState }) => newState === "closed" && cell?.classList.remove("editing"));

// Where fingers point, a tap opens the deal (keys.js).
if (matchMedia("(pointer: fine)").matches) document.addEventListener("click", (event) => {
  const found = event.target.closest?.("table[data-list] td[data-edit]");
  if (found && !event.target.closest("a, button") && !getSelection().toString()) edit(found);
});

document.addEventListener("keydown", (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || !table()) return;
  // In a cell's form: Tab saves what was typed and goes on to the next cell.
  const form = event.key === "Tab" && cell?.isConnected && document.activeElement.closest("#popover .fact-form");
  if (form && document.activeElement.matches("[name=value]")) {
    const here = cells(cell.closest("tr"));
    const id = cell.closest("tr").id;
    const to = here.indexOf(cell) + (event.shiftKey ? -1 : 1);
    if (!here[to]) return;
    event.preventDefault();
    const then = () => edit(cells(document.getElementById(id))[to]);
    if (document.activeElement.value === document.activeElement.defaultValue) return closePopover(), then();
    document.addEventListener("changes", () => setTimeout(then, 250), { once: true });
    return form.requestSubmit();
  }
  if (isTyping() && !document.activeElement.matches(".pick input")) return;
  const row = document.activeElement.closest?.("tr[data-id]");
  if (event.key === "Escape" && bar() && !bar().hidden) return none();
  if (!singleKeys() || (event.key === " " && document.activeElement.matches("input, button"))) return;
  const all = rows();
  const step = { J: 1, K: -1 }[event.key];
  const keys = {
    x: () => row && pick(row),
    " ": () => row && openPopover(row.querySelector("a"), new URL("peek/", new URL(row.dataset.href, location)).pathname),
    e: () => row && edit(row.querySelector("td[data-first]") ?? cells(row)[0]),
    a: () => row && edit(cells(row).find((found) => found.dataset.edit.includes("/owner/"))),
    m: () => row && edit(cells(row).find((found) => found.dataset.edit.includes("/move/"))),
  };
  if (event.shiftKey && step && row) {
    const next = all[all.indexOf(row) + step];
    if (!next) return;
    range(row, next);
    next.querySelector("a").focus();
  } else if (!event.shiftKey && keys[event.key] && row) keys[event.key]();
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

document.body.addEventListener("htmx:afterSettle", tell);
tell();
