import { describe, expect, it } from "vitest";
import { TrafficWindow } from "./traffic-window.ts";

describe("a window of a target's traffic", () => {
  it("counts what happened in the seconds that were asked for, without the one that runs", () => {
    const window = new TrafficWindow();
    for (let second = 1000; second < 1010; second++) window.noteRequest(second);
    window.noteServerError(1005);
    window.noteUnanswered(1009);
    expect(window.read(1009, 4)).toMatchObject({ seconds: 4, requests: 4, serverErrors: 1, unanswered: 0 });
    expect(window.read(1010, 3)).toMatchObject({ requests: 3, serverErrors: 0, unanswered: 1 });
    expect(window.read(1010, 120)).toMatchObject({ requests: 10 });
  });

  it("forgets after two minutes, also when nothing came in between", () => {
    const window = new TrafficWindow();
    window.noteRequest(500);
    window.noteLatency(500, 80);
    expect(window.read(620, 120)).toMatchObject({ requests: 1 });
    expect(window.read(621, 120)).toMatchObject({ requests: 0 });
    expect(window.read(900, 120)).toEqual({ ...window.read(900, 120), requests: 0, p50Ms: 0 });
    window.noteRequest(621);
    expect(window.read(622, 120)).toMatchObject({ requests: 1 });
  });

  it("tells quantiles of the latencies of that time alone", () => {
    const window = new TrafficWindow();
    for (let i = 0; i < 100; i++) window.noteLatency(1000, 500);
    for (let i = 0; i < 99; i++) window.noteLatency(1050, 1);
    window.noteLatency(1050, 100);
    const recent = window.read(1055, 10);
    expect(recent.p50Ms).toBeLessThan(1.1);
    expect(recent.p99Ms).toBeLessThan(1.1);
    expect(window.read(1055, 60).p99Ms).toBeGreaterThan(450);
  });
});
