// The bell: how many notifications are unread, as it happens, and what one does with them.
import { closePopover } from "./dialogs.js";
import { keepFocus } from "./focus.js";
import { parse, send } from "./request.js";
import { say, showAll } from "./toasts.js";

const bell = () => document.getElementById("bell");
const inbox = () => document.querySelector("[data-fresh]");

async function ring() {
  const old = bell();
  if (!old) return;
  const { status, html } = await send(old.dataset.bell);
  if (status !== 200) return;
  const fresh = parse(html).firstElementChild;
  const more = Number(fresh.dataset.unread) > Number(old.dataset.unread);
  keepFocus(old, () => (old.replaceWith(fresh), fresh));
  if (more) document.getElementById("bell-news").textContent = `${fresh.querySelector(".vh").textContent}.`;
}

document.addEventListener("live", ({ detail }) => {
  if (!["notification", "reload"].includes(detail.kind)) return;
  ring();
  // Nothing moves under the pointer: what is new waits until it is asked for.
  if (inbox()) inbox().hidden = false;
});

// The list as it is now.
async function draw() {
  const { status, html } = await send(location.href, { part: "page" });
  if (status !== 200) return;
  const page = document.getElementById("page");
  const fresh = parse(html).firstElementChild;
  keepFocus(page, () => (page.replaceWith(fresh), fresh));
  window.htmx?.process(fresh);
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-told]")) return;
  event.preventDefault();
  try {
    const { html } = await send(form.action, { body: new FormData(form, event.submitter) });
    showAll(parse(html));
    if (inbox()) await draw();
    else closePopover();
    ring();
  } catch {
    say("Not saved: no connection.", { error: true });
  }
});

// What an undo says.
document.addEventListener("changes", ({ detail }) => {
  if (!inbox()) return;
  showAll(parse(detail.html));
  draw();
  ring();
});

// A link of a notification, here or in a mail, ends in #n and its number: whoever followed it has read it.
const opened = /^#n(\d+)$/.exec(location.hash);
if (opened && bell()) {
  history.replaceState(null, "", location.pathname + location.search);
  send(bell().dataset.bell.replace("bell/", `${opened[1]}/read/`), { body: new FormData() }).then(ring);
}
