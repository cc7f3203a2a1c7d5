import { DomainError } from "@windlass/domain";
import { expect, it } from "vitest";
import { engineError } from "./errors.ts";
import { outlastEngine } from "./outlast-engine.ts";

const away = () =>
  engineError(Object.assign(new Error("connect ENOENT"), { code: "ENOENT" }), "start_failed", "starting it");

/** Away for so many calls */
function port(failures: number, error: () => unknown = away) {
  let calls = 0;
  return {
    kind: "docker",
    get calls() {
      return calls;
    },
    async inspect(name: string) {
      if (calls++ < failures) throw error();
      return `${name} runs`;
    },
  };
}

function patience(patienceMs: number, signal = new AbortController().signal) {
  const told: string[] = [];
  return { told, patient: outlastEngine({ patienceMs, signal, tell: (text) => void told.push(text) }) };
}

it("asks again until the engine answers, and tells both once", async () => {
  const { patient, told } = patience(60_000);
  const flaky = patient(port(3));
  expect(flaky.kind).toBe("docker");
  expect(await flaky.inspect("wl-app")).toBe("wl-app runs");
  expect(flaky.calls).toBe(4);
  expect(told).toEqual([
    "The Docker engine does not answer. It is waited for, 60 s at most.",
    expect.stringMatching(/^The Docker engine answers again, after 0\.\d s\.$/),
  ]);
});

it("gives up with the cause when its patience ends, and is not patient anew with what comes after", async () => {
  const { patient } = patience(100);
  const dead = patient(port(Number.POSITIVE_INFINITY));
  await expect(dead.inspect("one")).rejects.toMatchObject({
    code: "runtime_unavailable",
    message: expect.stringMatching(/stopped answering while Windlass was starting it.*It was waited for, 0\.1 s\.$/),
    failure: { code: "engine_away" },
  });
  const calls = dead.calls;
  await expect(dead.inspect("two")).rejects.toMatchObject({ code: "runtime_unavailable" });
  expect(dead.calls).toBe(calls + 1);
});

it("does not ask again for what the engine refused, nor once the work is another worker's", async () => {
  const { patient } = patience(60_000);
  const refused = patient(port(1, () => new DomainError("start_failed", "No such image.")));
  await expect(refused.inspect("wl-app")).rejects.toMatchObject({ code: "start_failed" });
  expect(refused.calls).toBe(1);

  const taken = AbortSignal.abort();
  const late = patience(60_000, taken).patient(port(Number.POSITIVE_INFINITY));
  await expect(late.inspect("wl-app")).rejects.toMatchObject({ code: "runtime_unavailable" });
  expect(late.calls).toBe(1);
});
