import { measure } from "./harness/measure.ts";
import { report } from "./harness/report.ts";
import { runTests } from "./harness/run-tests.ts";

/** Apps that are broken in one way each, really deployed: what each is told, and whether any is said to have succeeded. */
await measure(async (stack) => {
  const { hasPassed, printed } = await runTests(stack, ["e2e/faults/broken-apps"]);
  const told = [
    ...printed.matchAll(/^(\w+): (\d+) broken apps, (\d+) reported as succeeded, (\d+) told the right cause$/gm),
  ];
  const sum = (part: 2 | 3 | 4) => told.reduce((total, match) => total + Number(match[part]), 0);
  const [broken, succeeded, explained] = [sum(2), sum(3), sum(4)];
  report(`Of ${broken} broken apps, ${told.map(([, runtime, , ,]) => runtime).join(" and ")}`, [
    {
      figure: "reported as succeeded",
      value: `${succeeded} of ${broken}`,
      bar: { text: "0", isMet: broken > 0 && succeeded === 0 },
    },
    {
      figure: "told the right cause",
      value: `${explained} of ${broken}`,
      bar: { text: "all", isMet: broken > 0 && explained === broken },
    },
    {
      figure: "and those that only look broken deploy, nothing left behind",
      value: hasPassed ? "yes" : "no",
      bar: { text: "yes", isMet: hasPassed },
    },
  ]);
});
