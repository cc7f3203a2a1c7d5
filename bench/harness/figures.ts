/** A quantile of numbers, which need not be sorted; 0 of none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** "12.3 (11.0–14.2)": the median and the span of the rounds. */
export const spread = (values: readonly number[], digits = 1): string =>
  `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)})`;

export const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

/** "min 3.1 · p50 4.0 · p95 6.2 · max 9.9" */
export function describe(values: readonly number[]): string {
  const text = (value: number): string => (value < 10 ? value.toFixed(1) : `${Math.round(value)}`);
  const parts = [Math.min(...values), median(values), quantile(values, 0.95), Math.max(...values)].map(text);
  return ["min", "p50", "p95", "max"].map((name, i) => `${name} ${parts[i]}`).join(" · ");
}

export const ratioOf = (value: number, floor: number): string =>
  `${(value / floor).toFixed(value / floor < 10 ? 2 : 0)} ×`;
