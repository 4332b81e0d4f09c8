// Gates as bands of ink: strong where a gate is open, pale where it is closed. One element,
// coloured
// by a gradient with hard stops: a network has hundreds of gates, and to restyle one element for
// each with every picture took longer than all else together. (So did a mask, since the browser
// paints what is masked on a surface of its own.)

/** Ink has this many strengths: an eye tells fewer apart, and the text stays short. */
const STRENGTHS = 255;

/**
 * A background for gates in order.
 * @param to the gradient's direction: "right" for a row, "bottom" for a column
 * @param low, high gates that are drawn palest and strongest
 * @param ink "#rrggbb" (parts/ink.ts)
 */
export function bands(
  to: "right" | "bottom",
  gates: Float32Array,
  order: number[],
  low: number,
  high: number,
  ink: string,
): string {
  const reach = high - low || 1;
  let [text, strength, end] = ["", -1, 0];
  const close = () => {
    if (strength < 0) return;
    text += `,${ink}${strength.toString(16).padStart(2, "0")} 0 ${end.toFixed(3)}%`;
  };
  order.forEach((c, i) => {
    const next = Math.round(STRENGTHS * Math.min(1, Math.max(0, (gates[c]! - low) / reach)));
    if (next !== strength) close();
    [strength, end] = [next, (100 * (i + 1)) / order.length];
  });
  close();
  return `background-image:linear-gradient(to ${to}${text})`;
}
