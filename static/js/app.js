// The frame of every page.
import { headers, parse, send } from "./request.js";
import { say, showAll } from "./toasts.js";
import { isBusy } from "./dialogs.js";
import { keepFocus } from "./focus.js";
import "./bell.js";
import "./keys.js";
import "./live.js";

document.body.addEventListener("htmx:configRequest", (event) => Object.assign(event.detail.headers, headers()));
document.body.addEventListener("htmx:sendError", () => say("No connection.", { error: true }));
document.body.addEventListener("htmx:responseError", () => say("The server could not do this. Nothing was changed.", { error: true }));

// On the page of a record, what others change (and what a dialog saved) is drawn again in place.
const record = document.querySelector("[data-record]");

async function refresh() {
  const { html } = await send(location.href);
  const fresh = parse(html);
  for (const id of ["crumb", "record", "tabs", "activity", "rail"]) {
    const old = document.getElementById(id);
    const part = fresh.getElementById(id);
    if (old && part) keepFocus(old, () => (old.replaceWith(part), part)), window.htmx?.process(part);
  }
}

if (record) {
  document.addEventListener("live", ({ detail }) => {
    if (isBusy()) return;
    if (detail.kind === "reload" || (detail.kind === record.dataset.record && (!detail.ids || detail.ids.includes(Number(record.dataset.id))))) refresh();
  });
  document.addEventListener("changes", ({ detail }) => {
    showAll(parse(detail.html));
    refresh();
  });
}
