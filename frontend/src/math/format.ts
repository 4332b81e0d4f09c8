// Numbers and sentences as a reader sees them.

const MINUS = "\u2212";

export function decimal(value: number, digits = 3): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text; // no "−0.000"
}

export function signed(value: number, digits = 3): string {
  const text = decimal(value, digits);
  return text.startsWith(MINUS) || Number(text) === 0 ? text : `+${text}`;
}

export function percent(share: number): string {
  if (share > 0 && share < 0.001) return "< 0.1%";
  if (share < 1 && share > 0.999) return "> 99.9%";
  return `${(100 * share).toFixed(1)}%`;
}

/** "the 3rd"; of the first, "the". */
export function ordinal(n: number): string {
  if (n === 1) return "the";
  const teen = n % 100 > 10 && n % 100 < 14;
  return `the ${n}${teen ? "th" : (["th", "st", "nd", "rd"][n % 10] ?? "th")}`;
}
