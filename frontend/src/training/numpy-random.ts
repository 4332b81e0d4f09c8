// NumPy's `default_rng([...])`: SeedSequence, PCG64, and the distributions that Patchwork draws
// from. Whole numbers of 64 and 128 bits are held in pieces of 32, which is ten times as quick as
// BigInt.

/** What 32 bits times 32 bits is above the lowest 32. */
function above(a: number, b: number): number {
  const [low, high] = [b & 0xffff, b >>> 16];
  const [lows, highs] = [a & 0xffff, a >>> 16];
  const cross = lows * high;
  const middle = highs * low + ((lows * low) >>> 16) + (cross & 0xffff);
  return highs * high + (cross >>> 16) + Math.floor(middle / 0x10000);
}

// PCG64's factor, lowest piece first.
const p = 0x9fccf645;
const q = 0x4385df64;
const r = 0x1fc65da4;
const s = 0x2360ed05;
const WORD = 2 ** 32;

/** `numpy.random.SeedSequence(entropy).generate_state(8)`, for up to four words of entropy. */
function seedWords(entropy: readonly number[]): Uint32Array {
  let constant = 0x43b0d7e5;
  const hashed = (value: number) => {
    value ^= constant;
    constant = Math.imul(constant, 0x931e8875);
    value = Math.imul(value, constant);
    return (value ^ (value >>> 16)) >>> 0;
  };
  const pool = Uint32Array.from({ length: 4 }, (_, i) => hashed(entropy[i] ?? 0));
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) {
      if (from === to) continue;
      const mixed = Math.imul(0xca01f9dd, pool[to]!) - Math.imul(0x4973f715, hashed(pool[from]!));
      pool[to] = mixed ^ (mixed >>> 16);
    }
  }
  constant = 0x8b51f9dd;
  return Uint32Array.from({ length: 8 }, (_, i) => {
    let value = pool[i % 4]! ^ constant;
    constant = Math.imul(constant, 0x58f38ded);
    value = Math.imul(value, constant);
    return value ^ (value >>> 16);
  });
}

export class NumpyRandom {
  /** The last 64 bits drawn. */
  private high = 0;
  private low = 0;
  private readonly state = new Uint32Array(4); // lowest first, as the step
  private readonly step: Uint32Array;
  private half: number | null = null; // 32 bits that were drawn with others, and not used yet

  constructor(...entropy: number[]) {
    const words = seedWords(entropy);
    const [start, odd] = [[2, 3, 0, 1].map((i) => words[i]!), [6, 7, 4, 5].map((i) => words[i]!)];
    this.step = Uint32Array.from(odd, (word, i) => (word << 1) | (i ? odd[i - 1]! >>> 31 : 1));
    this.advance();
    let carry = 0;
    for (let i = 0; i < 4; i++) {
      const sum = this.state[i]! + start[i]! + carry;
      this.state[i] = sum;
      carry = sum >= WORD ? 1 : 0;
    }
    this.advance();
  }

  /** `uniform(low, high)`. */
  uniform(low = 0, high = 1): number {
    this.draw();
    return low + (high - low) * ((this.high * 2 ** 21 + (this.low >>> 11)) / 2 ** 53);
  }

  /** `integers(0, most + 1)`, by Lemire's method. */
  whole(most: number): number {
    if (most === 0) return 0;
    const count = most + 1;
    let bits = this.word();
    let rest = Math.imul(bits, count) >>> 0;
    const least = (WORD - count) % count;
    while (rest < least) {
      bits = this.word();
      rest = Math.imul(bits, count) >>> 0;
    }
    return above(bits, count);
  }

  /** `permutation(items)`: whole numbers come from as many bits as it takes, until one fits. */
  mixed<T>(items: readonly T[]): T[] {
    return this.shuffle([...items], (most) => {
      const mask = 2 ** (32 - Math.clz32(most)) - 1;
      for (;;) {
        const value = this.word() & mask;
        if (value <= most) return value;
      }
    });
  }

  private shuffle<T>(items: T[], whole: (most: number) => number): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const other = whole(i);
      [items[i], items[other]] = [items[other]!, items[i]!];
    }
    return items;
  }

  /** `choice(items, count, replace=False)`: Floyd's method, and then in mixed order. */
  some<T>(items: readonly T[], count: number): T[] {
    const chosen: number[] = [];
    for (let last = items.length - count; last < items.length; last++) {
      const one = this.whole(last);
      chosen.push(chosen.includes(one) ? last : one);
    }
    return this.shuffle(chosen, (most) => this.whole(most)).map((i) => items[i]!);
  }

  /** `standard_normal()`, by the ziggurat of 256 layers. */
  normal(): number {
    for (;;) {
      this.draw();
      const { high, low } = this;
      const layer = low & 0xff;
      const size = (high & 0x1fffffff) * 2 ** 23 + (low >>> 9);
      const x = (low & 0x100 ? -1 : 1) * size * WIDTHS[layer]!;
      if (size < INSIDE[layer]!) return x;
      if (layer === 0) return this.tail(low & 0x20000 ? -1 : 1);
      const lower = HEIGHTS[layer]!;
      if ((HEIGHTS[layer - 1]! - lower) * this.uniform() + lower < Math.exp(-0.5 * x * x)) return x;
    }
  }

  private tail(sign: number): number {
    for (;;) {
      const x = -Math.log1p(-this.uniform()) / EDGE;
      const y = -Math.log1p(-this.uniform());
      if (y + y > x * x) return sign * (EDGE + x);
    }
  }

  private word(): number {
    if (this.half !== null) {
      const half = this.half;
      this.half = null;
      return half;
    }
    this.draw();
    this.half = this.high;
    return this.low;
  }

  private draw(): void {
    this.advance();
    const { state } = this;
    const low = state[0]! ^ state[2]!;
    const high = state[1]! ^ state[3]!;
    const turn = state[3]! >>> 26;
    const one = turn < 32 ? low : high;
    const other = turn < 32 ? high : low;
    const by = turn & 31;
    this.low = (by ? (one >>> by) | (other << (32 - by)) : one) >>> 0;
    this.high = (by ? (other >>> by) | (one << (32 - by)) : other) >>> 0;
  }

  /** state = state * factor + step, of 128 bits. */
  private advance(): void {
    const { state, step } = this;
    const a = state[0]!;
    const b = state[1]!;
    const c = state[2]!;
    const d = state[3]!;
    const low = (x: number, y: number) => Math.imul(x, y) >>> 0;
    const first = low(a, p) + step[0]!;
    const second = above(a, p) + low(a, q) + low(b, p) + step[1]! + (first >= WORD ? 1 : 0);
    const third =
      above(a, q) +
      above(b, p) +
      low(a, r) +
      low(b, q) +
      low(c, p) +
      step[2]! +
      Math.floor(second / WORD);
    const fourth =
      above(a, r) +
      above(b, q) +
      above(c, p) +
      low(a, s) +
      low(b, r) +
      low(c, q) +
      low(d, p) +
      step[3]! +
      Math.floor(third / WORD);
    state[0] = first;
    state[1] = second;
    state[2] = third;
    state[3] = fourth;
  }
}

// The ziggurat: where its lowest layer ends, the area of each, and by layer its width (for whole
// numbers of 52 bits), its height, and below which of those a point is inside for certain.
const EDGE = 3.6541528853610088;
const AREA = 0.004928673233974658;
const WIDTHS = new Float64Array(256);
const HEIGHTS = new Float64Array(256);
const INSIDE = new Float64Array(256);
{
  const scale = 2 ** 52;
  const height = (x: number) => Math.exp(-0.5 * x * x);
  const base = AREA / height(EDGE);
  [INSIDE[0], WIDTHS[0], HEIGHTS[0]] = [(EDGE / base) * scale, base / scale, 1];
  [WIDTHS[255], HEIGHTS[255]] = [EDGE / scale, height(EDGE)];
  let x = EDGE;
  for (let layer = 254; layer > 0; layer--) {
    const inner = Math.sqrt(-2 * Math.log(AREA / x + height(x)));
    INSIDE[layer + 1] = (inner / x) * scale;
    [WIDTHS[layer], HEIGHTS[layer]] = [inner / scale, height(inner)];
    x = inner;
  }
}
