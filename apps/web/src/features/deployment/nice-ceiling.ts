/** 1, 2 or 5 times a power of ten, so that the axis reads well. */
export function niceCeiling(ms: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(ms, 1)));
  return [1, 2, 5, 10].map((step) => step * power).find((limit) => limit >= ms) ?? ms;
}
