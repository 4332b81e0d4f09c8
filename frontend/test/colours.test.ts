// The symbols' colours: readable on light and on dark, and told apart by readers who see fewer
// colours.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { LOOKS } from "../src/parts/chips.ts";

const css = readFileSync(new URL("../src/widgets.css", import.meta.url), "utf8");
const found = [...css.matchAll(/--senet-([uzsx]): (#[0-9a-f]{6})/g)].map(
  ([, symbol, colour]) => [symbol!, colour!] as const,
);
const themes = { light: found.slice(0, 4), dark: found.slice(4, 8) };
/** What text lies on: the theme's page and its cards. */
const grounds = { light: ["#ffffff", "#f3f4f5"], dark: ["#14181e", "#2a2f36"] };

type RGB = [number, number, number];
const linear = (hex: string) =>
  [1, 3, 5]
    .map((i) => Number.parseInt(hex.slice(i, i + 2), 16) / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)) as RGB;
const luminance = (hex: string) =>
  linear(hex).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i]!, 0);
function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

// Machado, Oliveira, Fernandes 2009: protanopia, deuteranopia, tritanopia in linear RGB.
const BLINDNESS = {
  protanopia: [
    0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998,
  ],
  deuteranopia: [
    0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881,
  ],
  tritanopia: [
    1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039,
  ],
};
const times = (m: number[], v: RGB) =>
  [0, 1, 2].map((i) =>
    Math.min(1, Math.max(0, m[3 * i]! * v[0] + m[3 * i + 1]! * v[1] + m[3 * i + 2]! * v[2])),
  ) as RGB;
function lab(rgb: RGB): RGB {
  const [x, y, z] = times(
    [0.4339, 0.3762, 0.1899, 0.2126, 0.7152, 0.0722, 0.0177, 0.1095, 0.8727],
    rgb,
  ).map((t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116)) as RGB;
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

for (const [theme, colours] of Object.entries(themes)) {
  test(`${theme}: four colours, 4.5:1 or more`, () => {
    assert.deepEqual(
      colours.map(([symbol]) => symbol),
      ["u", "z", "s", "x"],
    );
    for (const [symbol, colour] of colours) {
      for (const ground of grounds[theme as keyof typeof grounds])
        assert.ok(contrast(colour, ground) >= 4.5, `${symbol} ${colour} on ${ground}`);
    }
  });

  for (const [name, matrix] of Object.entries(BLINDNESS)) {
    test(`${theme}: apart in ${name}`, () => {
      const seen = colours.map(([, colour]) => lab(times(matrix, linear(colour))));
      for (let i = 0; i < 4; i++) {
        for (let j = 0; j < i; j++)
          assert.ok(
            Math.hypot(...seen[i]!.map((v, k) => v - seen[j]![k]!)) > 15,
            `${colours[i]} and ${colours[j]}`,
          );
      }
    });
  }
}

test("the dark colours are the same wherever they are repeated", () => {
  assert.deepEqual(found.slice(8), themes.dark);
});

test("lines of charts: 3:1 or more on both pages, and apart without colour", () => {
  for (const { colour } of LOOKS) {
    for (const ground of ["#ffffff", "#14181e"])
      assert.ok(
        contrast(colour, ground) >= 3,
        `${colour} on ${ground}: ${contrast(colour, ground)}`,
      );
  }
  for (const mark of ["dash", "symbol", "colour"] as const)
    assert.equal(new Set(LOOKS.map((look) => look[mark])).size, LOOKS.length);
});
