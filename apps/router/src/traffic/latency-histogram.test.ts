import { describe, expect, it } from "vitest";
import { LatencyHistogram } from "./latency-histogram.ts";

describe("a latency histogram", () => {
  it("is 0 before anything was recorded", () => expect(new LatencyHistogram().quantile(0.99)).toBe(0));

  it("gives quantiles that are right to a tenth", () => {
    const histogram = new LatencyHistogram();
    for (let ms = 1; ms <= 1000; ms++) histogram.record(ms);
    expect(histogram.quantile(0.5) / 500).toBeGreaterThanOrEqual(1);
    expect(histogram.quantile(0.5) / 500).toBeLessThan(1.1);
    expect(histogram.quantile(0.99) / 990).toBeLessThan(1.1);
  });

  it("takes what is shorter or longer than it measures", () => {
    const histogram = new LatencyHistogram();
    histogram.record(0);
    expect(histogram.quantile(0.5)).toBe(0.05);
    histogram.record(1e9);
    expect(histogram.quantile(1)).toBeGreaterThan(600_000);
  });
});
