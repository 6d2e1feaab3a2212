// "@" and the first letters of a name offer the members who may see this record. Without it a name can be typed in full.
import { parse, send } from "./request.js";

const BEFORE = /(?:^|[^\w.+@-])@([\w'’-]*(?: [\w'’-]*)?)$/u;
let list, field, asked = 0;

const options = () => [...(list?.children ?? [])];
const marked = () => options().find((option) => option.ariaSelected === "true");

function typed(target) {
  return target.selectionStart === target.selectionEnd && BEFORE.exec(target.value.slice(0, target.selectionStart))?.[1];
}

function close() {
  list?.remove();
  list = null;
  field?.removeAttribute("aria-activedescendant");
  field?.removeAttribute("aria-controls");
}

function mark(option) {
  for (const other of options()) other.ariaSelected = String(other === option);
  field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function choose(option) {
  const from = field.selectionStart - typed(field).length;
  field.setRangeText(`${option.dataset.text} `, from, field.selectionStart, "end");
  close();
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("input", async ({ target }) => {
  const form = target.closest?.("form[data-mentions]");
  if (!form || target.tagName !== "TEXTAREA") return;
  const text = typed(target);
  const turn = ++asked;
  if (text === undefined || text === false) return close();
  const { status, html } = await send(`${form.dataset.mentions}?q=${encodeURIComponent(text)}`).catch(() => ({}));
  if (turn !== asked) return;
  const found = status === 200 ? [...parse(html).children] : [];
  if (!found.length) return close();
  field = target;
  if (!list) {
    list = document.createElement("ul");
    list.className = "mentions menu";
    list.id = "mentions";
    list.role = "listbox";
    list.ariaLabel = "Members";
    target.after(list);
    target.setAttribute("aria-controls", "mentions");
    list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const option = event.target.closest("[role=option]");
      if (option) choose(option);
    });
  }
  list.replaceChildren(...found);
  mark(found[0]);
});

document.addEventListener("keydown", (event) => {
  if (!list || event.target !== field) return;
  const all = options();
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) mark(all[(all.indexOf(marked()) + step + all.length) % all.length]);
  else if ((event.key === "Enter" && !event.metaKey && !event.ctrlKey) || event.key === "Tab") choose(marked());
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);

document.addEventListener("focusout", ({ target }) => target === field && close());
