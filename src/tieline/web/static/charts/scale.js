/** From values to pixels: round numbers for an axis, straight lines between two ranges. */

const STEPS = [1, 2, 2.5, 5, 10];
const TIMES_S = [15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400];

/**
 * Return `{low, high, ticks}`: round numbers that hold every value and, unless `domain` says otherwise, zero. `unit`: `whole` for
 * what is counted, `seconds` for what is read on a clock.
 */
export function axis(values, { domain = null, wanted = 4, unit = "" } = {}) {
  const [low, high] = domain ?? [Math.min(0, ...values), Math.max(0, ...values)];
  const step = stepFor((high - low || 1) / wanted, unit);
  const first = Math.floor(low / step) * step;
  const last = domain ? high : Math.max(Math.ceil(high / step) * step, first + step);
  const ticks = [];
  for (let tick = first; tick <= last + step / 1e6; tick += step) ticks.push(Number(tick.toPrecision(12)));
  return { low: first, high: last, ticks };
}

function stepFor(rough, unit) {
  if (unit === "seconds") return TIMES_S.find((step) => step >= rough) ?? roundStep(rough / 86_400) * 86_400;
  return unit === "whole" ? Math.max(1, Math.ceil(roundStep(rough))) : roundStep(rough);
}

function roundStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return STEPS.find((step) => step * power >= rough * 0.999) * power;
}

/** Return the function that carries `[from, to]` over to `[start, end]`. */
export function linear([from, to], [start, end]) {
  const slope = (end - start) / (to - from || 1);
  return (value) => start + (value - from) * slope;
}

/** Return which of `count` equal bands between `start` and `end` holds `place`; the nearest one outside. */
export function bandAt(place, count, [start, end]) {
  return Math.max(0, Math.min(count - 1, Math.floor(((place - start) / (end - start || 1)) * count)));
}

/** Return a step 0 to `steps` for a value between `low` and `high`; null has none. */
export function shade(value, [low, high], steps) {
  if (value === null || value === undefined) return null;
  return high > low ? Math.round(((value - low) / (high - low)) * steps) : value ? steps : 0;
}
