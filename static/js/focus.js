// Who works with keys goes on where they were: a part of the page that is drawn anew gives the focus back.
const controls = (box) => [box, ...box.querySelectorAll("a, button, [tabindex]")];
const nameOf = (item) => item.id || item.getAttribute("href") || item.form?.action + item.value;

// The control, or what stands for it since its part of the page was drawn anew.
export const found = (control) => (control.isConnected ? control : controls(document.body).find((item) => nameOf(item) === nameOf(control)));

// `draw` exchanges `part` and gives what stands there now. What had the focus gets it again, else what is in its place.
export function keepFocus(part, draw) {
  const had = document.activeElement;
  const place = controls(part).indexOf(had);
  const now = controls(draw());
  if (place >= 0 && !had.isConnected) (found(had) ?? now[place] ?? now[0]).focus();
}
