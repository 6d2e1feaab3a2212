// The heads of the columns: counted on at once when a card leaves or comes, set right by the server's answer.
import { keepFocus } from "./focus.js";
import { short } from "./money.js";

const head = (lane) => lane.querySelector(".lane-head");

// While a card hangs over a column: what its total would gain, and that of the card's own lose.
export function preview(lane, amount) {
  const sum = head(lane).querySelector(".sum span");
  if (!amount) return;
  sum.dataset.before = sum.textContent;
  sum.dataset.tone = amount > 0 ? "green" : "red";
  sum.textContent = `${amount > 0 ? "+" : "−"}${short(Math.abs(amount))}`;
}

export function clear() {
  for (const sum of document.querySelectorAll(".sum [data-before]")) {
    sum.textContent = sum.dataset.before;
    delete sum.dataset.before;
    delete sum.dataset.tone;
  }
}

export function shift(lane, amount, count) {
  const box = head(lane);
  const data = box.dataset;
  if (!data.total) return; // a month's head adds up more than a script could: the server's answer sets it right
  data.count = Number(data.count) + count;
  data.total = Number(data.total) + amount;
  data.weighted = Number(data.weighted) + (amount * Number(lane.dataset.probability)) / 100;
  box.querySelector(".ct").textContent = data.count;
  box.querySelector(".sum b").textContent = short(Number(data.total));
  if (lane.dataset.kind === "open") box.querySelector(".sum span").textContent = `${short(Number(data.weighted))} weighted`;
}

export function replaceAll(fragment) {
  for (const fresh of fragment.querySelectorAll(".lane-head")) {
    const old = document.getElementById(fresh.id);
    if (!old) continue;
    const folded = old.querySelector("[data-fold]")?.getAttribute("aria-expanded");
    if (folded) fresh.querySelector("[data-fold]")?.setAttribute("aria-expanded", folded);
    keepFocus(old, () => (old.replaceWith(fresh), fresh));
    const tab = document.querySelector(`[data-tab="${fresh.dataset.stage}"] small`);
    if (tab) tab.textContent = `${fresh.querySelector(".ct").textContent} · ${fresh.querySelector(".sum b").textContent}`;
  }
  const sum = fragment.querySelector("#board-sum");
  if (sum) document.getElementById("board-sum")?.replaceWith(sum);
}
