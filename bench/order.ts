import { measure } from "./harness/measure.ts";
import { report } from "./harness/report.ts";
import { runTests } from "./harness/run-tests.ts";

/**
 * Random histories of pushes, cancels and rollbacks while workers are killed, frozen and replaced and have wrong clocks,
 * each judged by what must be true of it: one active deployment for each environment, the end state is what the history
 * says, nobody acts once another worker has taken over. `SEED=…` makes one again.
 */
const KINDS = [
  { figure: "on fake ports", file: "apps/worker/src/queue/order", words: "histories in", bar: 1000 },
  { figure: "on real parts", file: "e2e/faults/order", words: "histories on real parts in", bar: 50 },
];

await measure(async (stack) => {
  const rows = [];
  for (const { figure, file, words, bar } of KINDS) {
    const { hasPassed, printed } = await runTests(stack, [file]);
    const told = new RegExp(`^(\\d+) ${words} (\\d+ s), (seed \\d+): (.*); workers: (.*)$`, "m").exec(printed);
    const [, count = "0", took = "", seed = "", ends = "", fates = "{}"] = told ?? [];
    const deployments = [...ends.matchAll(/(\d+) \w+ \w+/g)].reduce((sum, [, n]) => sum + Number(n), 0);
    const blows = Object.entries(JSON.parse(fates) as Record<string, number>).map(([what, n]) => `${what} ${n}`);
    rows.push({
      figure: `${figure}, ${deployments} deployments`,
      value: hasPassed ? count : `not all of ${count}`,
      spread: `${took}, ${seed}; workers: ${blows.join(", ")}`,
      bar: { text: `≥ ${bar}`, isMet: hasPassed && Number(count) >= bar },
    });
  }
  report("Random histories that ended as they say", rows);
});
