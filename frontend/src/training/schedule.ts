// The rate and the momentum of each step of a one-cycle schedule, as torch's `OneCycleLR` has them
// with what `senet.training.fit` gives it.

const RISING = 0.25; // share of the steps in which the rate goes up
const [FIRST, LAST] = [25, 25e4]; // by which the first and the last rate are below the peak
const MOMENTA = [0.85, 0.95] as const; // the least, at the peak, and the most

export function scheduled(step: number, steps: number, peak: number): [number, number] {
  const top = RISING * steps - 1;
  const rising = step <= top;
  const share = rising ? step / top : (step - top) / (steps - 1 - top);
  const between = (from: number, to: number) =>
    to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share));
  return rising
    ? [between(peak / FIRST, peak), between(MOMENTA[1], MOMENTA[0])]
    : [between(peak, peak / LAST), between(MOMENTA[0], MOMENTA[1])];
}
