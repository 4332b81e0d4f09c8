// Logits as shares, and the largest of them.

export function softmax(logits: ArrayLike<number>): Float64Array {
  const top = Math.max(...Array.from(logits)); // exp of large logits would overflow
  const powers = Float64Array.from(logits, (x) => Math.exp(x - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}

/** Indices of the largest values, largest first; equal ones in their own order. */
export function largest(values: ArrayLike<number>, count: number): number[] {
  return Array.from(values, (_, i) => i)
    .sort((a, b) => values[b]! - values[a]!)
    .slice(0, count);
}
