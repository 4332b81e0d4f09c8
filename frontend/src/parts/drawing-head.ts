// The head of the explorer's image: the picture, what the network takes it for, and where the view
// is, so that the image says all this by itself wherever it is shared.

export interface Head {
  /** A data URL of the picture as the network sees it. */
  picture: string;
  title: string;
  credit: string;
  /** The likeliest classes, each with the part of its bar and in words, the likeliest first. */
  likeliest: [name: string, share: number, words: string][];
  verdict: string;
  /** Of the view; null in a notebook. */
  address: string | null;
}

const SIDE = 136;
const LEFT = SIDE + 32;
const BARS = { left: LEFT + 160, long: 420 };

/** Pixels that it takes, above all else and, for the address, below. */
export const HEAD = { above: SIDE + 24, below: 24 };

export function drawHead(head: Head, ink: string, bottom: number): string {
  const { picture, title, credit, likeliest, verdict, address } = head;
  const text = (x: number, y: number, words: string, more = "") =>
    `<text x="${x}" y="${y}" ${more}>${escaped(words)}</text>`;
  const rows = likeliest.map(([name, share, words], i) => {
    const y = 52 + 18 * i;
    const long = Math.max(1, BARS.long * share).toFixed(1);
    return (
      text(LEFT, y, name) +
      `<rect x="${BARS.left}" y="${y - 9}" width="${long}" height="10" fill="${ink}" fill-opacity="0.75"/>` +
      text(BARS.left + BARS.long + 70, y, words, 'text-anchor="end"')
    );
  });
  return [
    `<image href="${escaped(picture)}" x="12" y="12" width="${SIDE}" height="${SIDE}" style="image-rendering:pixelated"/>`,
    text(LEFT, 28, title, 'font-size="15" font-weight="600"'),
    ...rows,
    text(LEFT, SIDE + 8, [verdict, credit].filter(Boolean).join(" · "), 'font-size="11"'),
    address ? text(12, bottom, address, 'font-size="11" fill-opacity="0.75"') : "",
  ].join("");
}

/** Words as part of a drawing. */
export const escaped = (words: string) =>
  words.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]!);
