// The one dialog and the one popover. Links say data-dialog or data-menu; their href is the page that the link
// would lead to without JavaScript, and answers with its form alone when we ask.
import { found } from "./focus.js";
import { fromHere, parse, send } from "./request.js";
import { say, showAll } from "./toasts.js";

const dialog = document.getElementById("dialog");
const popover = document.getElementById("popover");
let opener = document.body;

export const isBusy = () => dialog.open || popover.matches(":popover-open");

// A form to fill in again; a whole page, which has forms in its frame, is none.
const hasForm = (fragment) => !fragment.querySelector("#main") && fragment.querySelector("form:not([data-undo])");

// What is refused and asks for nothing is said, and never drawn into the page.
function isRefused(status, fragment) {
  if (status < 400 || hasForm(fragment)) return false;
  if (!showAll(fragment)) say("The server could not do this. Nothing was saved.", { error: true });
  return true;
}

export function openDialog(html, status = 200) {
  if (isRefused(status, parse(html))) return;
  closePopover();
  dialog.replaceChildren(parse(html));
  dialog.setAttribute("aria-labelledby", "dialog-title");
  if (!dialog.open) (opener = document.activeElement), dialog.showModal();
  focusFirst(dialog);
}

// The browser gives the focus back to what had it, unless that was drawn anew meanwhile.
const comeBack = ({ newState }) => newState !== "open" && document.activeElement.matches("body, #popover *") && found(opener)?.focus();
dialog.addEventListener("close", comeBack);

// Calls `then` whenever a dialog or popover was left.
export function whenFree(then) {
  dialog.addEventListener("close", then);
  popover.addEventListener("toggle", then);
}

// Calls `done` once: true when the form was saved, false when the dialog was left.
export function onClose(done) {
  dialog.addEventListener("close", () => done(dialog.returnValue === "saved"), { once: true });
}

function focusFirst(box) {
  const wrong = box.querySelector(".err")?.closest(".field, fieldset")?.querySelector("input:not([type=hidden]), select, textarea");
  (wrong ?? box.querySelector("[autofocus]") ?? box.querySelector("input:not([type=hidden]):not([disabled]), select, textarea, button:not([data-close]):not([disabled]), a"))?.focus();
}

// `body`: what a form sends for it; what is done at once needs no popover.
export async function openPopover(from, url, body) {
  const { status, html } = await send(url, { body });
  if (!status || isRefused(status, parse(html))) return;
  if (body && !parse(html).querySelector("[data-dialog-form]")) return answered(null, status, html);
  if (!popover.contains(from)) opener = from;
  popover.replaceChildren(parse(html));
  if (!popover.matches(":popover-open")) popover.showPopover();
  place(popover, opener);
  focusFirst(popover);
}

export function closePopover() {
  if (popover.matches(":popover-open")) popover.hidePopover();
}

// Below its opener, inside the window.
function place(box, from) {
  const at = from.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = box;
  const top = at.bottom + 4 + height > innerHeight ? Math.max(8, Math.min(at.top - height - 4, innerHeight - height - 8)) : at.bottom + 4;
  box.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
  box.style.top = `${top}px`;
}

document.addEventListener("toggle", (event) => {
  const box = event.target;
  if (!box.matches?.(".menu[popover]") || event.newState !== "open" || box === popover || box.matches(".user-menu, .more-menu")) return;
  const opener = document.querySelector(`[popovertarget="${box.id}"]`);
  if (opener) place(box, opener);
}, true);
popover.addEventListener("toggle", comeBack);

async function load(link, open) {
  let answer;
  try {
    answer = await send(link.href);
  } catch {
    return say("No connection.", { error: true, retry: () => load(link, open) });
  }
  if (answer.status) open(answer.html, answer.status);
}

export const openForm = (url) => load({ href: url }, openDialog);

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  const target = event.target.closest?.("[data-dialog], [data-menu], [data-close]");
  if (!target) return;
  event.preventDefault();
  if (target.matches("[data-close]")) {
    target.closest("dialog").close("");
  } else if (target.matches("[data-dialog]")) {
    load(target, openDialog);
  } else {
    const chip = target.closest("[popover]") ? document.querySelector(`[popovertarget="${target.closest("[popover]").id}"]`) ?? target : target;
    openPopover(chip, target.href);
  }
});

// --- forms in a dialog or popover ------------------------------------------------------------------

const busy = new WeakSet();

async function submit(form, submitter) {
  const button = submitter ?? form.querySelector("[type=submit]");
  if (busy.has(form)) return;
  const body = fromHere(new FormData(form, submitter));
  // Not disabled: that would lose the focus.
  busy.add(form);
  if (button) button.ariaDisabled = "true";
  let answer;
  try {
    answer = await send(form.action + (body.has("board") && !form.action.includes("?") ? location.search : ""), { body });
  } catch {
    say("Not saved: no connection. What you typed is still here.", { error: true });
  } finally {
    busy.delete(form);
    if (button) button.ariaDisabled = null;
  }
  if (answer?.status) answered(form, answer.status, answer.html);
}

function answered(form, status, html) {
  const fragment = parse(html);
  const again = status >= 400 && hasForm(fragment);
  if (status === 409) document.dispatchEvent(new CustomEvent("stale"));
  if (again) {
    const box = form.closest("dialog, [popover], .composer");
    if (!box || again.matches("[data-move]")) openDialog(html);
    else if (box.matches(".composer")) box.replaceWith(fragment), focusFirst(document.querySelector(".composer"));
    else box.replaceChildren(fragment), box === popover && place(popover, opener), focusFirst(box);
    return;
  }
  if (isRefused(status, fragment)) return;
  if (dialog.open) dialog.close("saved");
  closePopover();
  document.dispatchEvent(new CustomEvent("changes", { detail: { html, form } }));
  const next = fragment.querySelector("[data-next]");
  if (next) load(next, openDialog);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  // On the board, board.js moves the card.
  if (event.defaultPrevented || form.matches("[data-undo]") || (document.getElementById("board") && form.matches("[data-move], [data-delete]"))) return;
  if (form.matches("[data-filter]")) {
    event.preventDefault();
    filter(form, event.submitter);
  } else if (form.matches("[data-dialog-form], [data-move], [data-delete]")) {
    event.preventDefault();
    submit(form, event.submitter);
  }
});

// A filter is a link: its form's values become the page's query.
function filter(form, submitter) {
  const data = new FormData(form);
  const query = new URLSearchParams([...data].filter(([, value]) => value !== ""));
  if (submitter) closePopover();
  visit(`${form.getAttribute("action")}?${query}`);
}

// The same page with another query: its middle is exchanged. Back and forward load what the address says.
let going = location.href;

export async function visit(url) {
  const { href } = new URL(url, location);
  if (href === going) return; // a choice is applied as it is made, so "Apply" has nothing more to ask
  going = href;
  try {
    await window.htmx.ajax("GET", url, { target: "#page", swap: "outerHTML" });
  } catch {
    going = location.href; // app.js has said that there is no connection
    return;
  }
  if (going !== location.href) history.pushState(null, "", going);
}

// The server may have put it in other words: days in an address are not their reader's.
document.body.addEventListener("htmx:beforeSwap", ({ detail }) => detail.target.id === "page" && (going = detail.xhr.responseURL));

addEventListener("popstate", () => location.reload());

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) event.target.closest?.("form")?.requestSubmit();
  const focus = document.activeElement;
  const isTyping = focus.matches("input:not([type=radio]):not([type=checkbox]), select, textarea");
  // What a menu or the dialog of reasons shows beside a choice chooses it.
  const box = !isTyping && !event.metaKey && !event.ctrlKey && focus.closest("[popover], dialog");
  const choice = box && [...box.querySelectorAll("a, button:not([disabled]), label")].find((item) => item.querySelector("kbd")?.textContent === event.key.toUpperCase());
  if (choice) return void (event.preventDefault(), event.stopImmediatePropagation(), choice.click());
  const items = popover.contains(focus) && [...popover.querySelectorAll("a, button:not([disabled], [tabindex]), input:not([type=hidden])")];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (items?.length && step && !isTyping) {
    event.preventDefault();
    items[(items.indexOf(focus) + step + items.length) % items.length].focus();
  }
});

// Names for a field with a list, as one types.
let typing;
document.addEventListener("input", ({ target }) => {
  const list = target.list;
  if (!list?.dataset.suggest) return;
  clearTimeout(typing);
  typing = setTimeout(async () => {
    const { status, html } = await send(`${list.dataset.suggest}?q=${encodeURIComponent(target.value)}`);
    if (status === 200) list.replaceChildren(parse(html));
  }, 150);
});

// A filter applies as it is chosen. Beside a day that is typed stands the browser's own calendar.
document.addEventListener("click", ({ target }) => target.closest?.("[data-pick]")?.nextElementSibling.showPicker());
document.addEventListener("change", ({ target }) => {
  if (target.value && target.matches(".day [type=date]")) {
    const typed = target.parentElement.firstChild;
    const [y, m, d] = target.value.split("-");
    typed.value = typed.placeholder.replace("yyyy", y).replace("mm", m).replace("dd", d);
  }
  const form = target.closest("form[data-filter]");
  if (form) filter(form);
});
