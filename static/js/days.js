// Today, tasks, calendar: keys on the line that has the focus; what was saved is drawn again in place.
import { keepFocus } from "./focus.js";
import { isTyping, singleKeys } from "./keys.js";
import { parse, send } from "./request.js";
import { say, showAll } from "./toasts.js";

export async function redraw() {
  try {
    const { status, html } = await send(location.href, { part: "page" });
    const part = status === 200 && parse(html).getElementById("page");
    const old = document.getElementById("page");
    if (part) keepFocus(old, () => (old.replaceWith(part), part)), window.htmx?.process(part);
  } catch {
    say("No connection: this page is not up to date.", { error: true });
  }
}

document.addEventListener("changes", ({ detail }) => {
  showAll(parse(detail.html));
  redraw();
});

document.addEventListener("live", ({ detail }) => detail.kind === "reload" && redraw());

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || event.shiftKey || !singleKeys() || isTyping()) return;
  const control = document.activeElement.closest("[data-task]")?.querySelector(`[data-act="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!control) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  control.click();
});
