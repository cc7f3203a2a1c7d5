import { setTimeout as sleep } from "node:timers/promises";

/**
 * Prints lines at a steady pace, each with the time at which it was printed. Arguments: how many, milliseconds between
 * two, milliseconds before the first. Also run as the build of the app that `log-fanout.ts` deploys.
 */
const [count = 0, everyMs = 0, beforeMs = 0] = process.argv.slice(2).map(Number);
await sleep(beforeMs);
const began = performance.now();
for (let i = 0; i < count; i++) {
  await sleep(Math.max(0, began + i * everyMs - performance.now()));
  process.stdout.write(`line ${i} printed at ${performance.timeOrigin + performance.now()}\n`);
}
