// PyTorch's random numbers on a CPU, for a seed: the Mersenne Twister, and what torch makes of its
// numbers. A run in the page then draws what the same run draws in Python.

const [SIZE, MIDDLE] = [624, 397];

export class TorchRandom {
  private readonly state = new Uint32Array(SIZE);
  private at = SIZE;

  /** As `torch.manual_seed(seed)`. */
  constructor(seed: number) {
    this.state[0] = seed >>> 0;
    for (let i = 1; i < SIZE; i++) {
      const before = this.state[i - 1]!;
      this.state[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
    }
  }

  /** 32 random bits, as a whole number. */
  bits(): number {
    if (this.at === SIZE) this.twist();
    let y = this.state[this.at++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** `torch.rand`: from 0 up to 1, of 24 bits. */
  unit(): number {
    return (this.bits() & 0xffffff) / 2 ** 24;
  }

  /** `torch.randint(below, ...)`. */
  whole(below: number): number {
    return this.bits() % below;
  }

  /** `torch.randperm(count)`. */
  order(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    for (let i = 0; i < count - 1; i++) {
      const other = i + this.whole(count - i);
      [order[i], order[other]] = [order[other]!, order[i]!];
    }
    return order;
  }

  /** `tensor.uniform_(low, high)`. */
  uniform(count: number, low: number, high: number): Float32Array {
    return Float32Array.from({ length: count }, () => this.unit() * (high - low) + low);
  }

  /** `tensor.normal_(mean, deviation)`, of 16 numbers and more: torch makes fewer in another way. */
  normal(count: number, mean: number, deviation: number): Float32Array {
    if (count < 16) throw new Error(`${count} normal numbers: torch draws fewer than 16 otherwise`);
    const numbers = this.uniform(count, 0, 1);
    for (let at = 0; at <= count - 16; at += 16) boxMuller(numbers, at, mean, deviation);
    if (count % 16) {
      numbers.set(this.uniform(16, 0, 1), count - 16);
      boxMuller(numbers, count - 16, mean, deviation);
    }
    return numbers;
  }

  private twist(): void {
    const { state } = this;
    for (let i = 0; i < SIZE; i++) {
      const y = (state[i]! & 0x80000000) | (state[(i + 1) % SIZE]! & 0x7fffffff);
      state[i] = state[(i + MIDDLE) % SIZE]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.at = 0;
  }
}

/** Sixteen even numbers into sixteen normal ones, in place: the first eight with the last eight. */
function boxMuller(numbers: Float32Array, from: number, mean: number, deviation: number): void {
  for (let i = from; i < from + 8; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - numbers[i]!));
    const angle = 2 * Math.PI * numbers[i + 8]!;
    numbers[i] = radius * Math.cos(angle) * deviation + mean;
    numbers[i + 8] = radius * Math.sin(angle) * deviation + mean;
  }
}
