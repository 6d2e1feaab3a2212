// The frame of every page.
import { headers, parse, send } from "./request.js";
import { say, showAll } from "./toasts.js";
import { isBusy, whenFree } from "./dialogs.js";
import { keepFocus } from "./focus.js";
import "./bell.js";
import "./keys.js";
import "./live.js";

document.body.addEventListener("htmx:configRequest", (event) => Object.assign(event.detail.headers, headers()));
document.body.addEventListener("htmx:sendError", () => say("No connection.", { error: true }));
document.body.addEventListener("htmx:responseError", () => say("The server could not do this. Nothing was changed.", { error: true }));

// A task more or less: the sidebar counts those that are due.
document.addEventListener("changes", ({ detail }) => {
  for (const link of parse(detail.html).querySelectorAll("[data-nav] a")) document.querySelector(`.side a[href="${link.getAttribute("href")}"]`)?.replaceChildren(...link.childNodes);
});

// Tabs that do not fit begin with the one that is open.
for (const tab of document.querySelectorAll(".tabs > [aria-current]")) tab.parentElement.scrollLeft = tab.offsetLeft + tab.offsetWidth / 2 - tab.parentElement.clientWidth / 2;

// On the page of a record, what others change (and what a dialog saved) is drawn again in place.
const record = document.querySelector("[data-record]");

let isDrawing = false;
let isLate = false; // something changed while the page was being drawn, or under an open form

async function refresh() {
  isLate = isDrawing;
  if (isDrawing) return;
  isDrawing = true;
  try {
    const { status, html } = await send(location.href);
    draw(status, parse(html));
  } catch {
    say("No connection: this page is not up to date.", { error: true });
  }
  isDrawing = false;
  catchUp();
}

function draw(status, fresh) {
  // Deleted meanwhile: what one has typed here stays.
  const gone = fresh.getElementById("gone");
  if (gone) return document.getElementById("record").replaceChildren(gone);
  if (status !== 200) return showAll(fresh);
  for (const id of ["crumb", "record", "tabs", "activity", "rail"]) {
    const old = document.getElementById(id);
    const part = fresh.getElementById(id);
    if (old && part) keepFocus(old, () => (old.replaceWith(part), part)), window.htmx?.process(part);
  }
}

// Nothing is drawn under an open form.
function catchUp() {
  if (isLate && !isBusy()) refresh();
}

if (record) {
  document.addEventListener("live", ({ detail }) => {
    if (detail.kind !== "reload" && (detail.kind !== record.dataset.record || (detail.ids && !detail.ids.includes(Number(record.dataset.id))))) return;
    isLate = true;
    catchUp();
  });
  document.addEventListener("stale", () => ((isLate = true), catchUp()));
  whenFree(catchUp);
  document.addEventListener("changes", ({ detail }) => {
    showAll(parse(detail.html));
    refresh();
  });
}
