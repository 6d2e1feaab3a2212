// Sums as the server writes them (€9.5k, €484k, €2.21M), for the moment until its own answer is there.
const board = () => document.querySelector("[data-currency][data-locale]").dataset;
const steps = [[1e9, "B"], [1e6, "M"], [1e3, "k"]];

export function short(amount) {
  const { currency, locale } = board();
  const [size, letter] = steps.find(([step]) => Math.abs(amount) >= step * 0.9995) ?? [1, ""];
  const scaled = amount / size;
  const limits = { "": [], k: [9.95] }[letter] ?? [9.995, 99.95];
  const digits = limits.filter((limit) => Math.abs(scaled) < limit).length;
  const parts = new Intl.NumberFormat(locale, { style: "currency", currency, currencyDisplay: "narrowSymbol", minimumFractionDigits: digits, maximumFractionDigits: digits }).formatToParts(scaled);
  const last = parts.findLastIndex((part) => part.type === "integer" || part.type === "fraction");
  return parts.map((part, i) => part.value + (i === last ? letter : "")).join("");
}
