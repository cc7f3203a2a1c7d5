import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { startEmbedded } from "@windlass/db/embedded";
import type { RuntimeKind } from "@windlass/domain";
import {
  type Case,
  casesOf,
  createDatabaseProxy,
  createTestRepository,
  type Fault,
  faultOf,
  loseDatabase,
  type Outcome,
  openFaultCases,
  type Stack,
  startPrivateEngine,
  startStack,
  whyNoPrivateEngine,
} from "@windlass/e2e/stack";
import { ms, quantile } from "./harness/figures.ts";
import { measure } from "./harness/measure.ts";
import { dockerEngine } from "./harness/remove-docker-things.ts";
import { printTable, report, say } from "./harness/report.ts";

/**
 * Something breaks at every step of a deployment and of a rollback, half-way through it and on both sides of its effect,
 * and is there again: the worker is killed, the Docker engine restarts, the database is cut off. The same faults as in
 * e2e/faults/{kill-worker,restart-engine,lose-database}, at all moments on both runtimes.
 */
const LEASE_MS = 2000;
const BAR_MS = LEASE_MS + 5000;
const IMAGE = "node:22-slim";

interface Column {
  name: string;
  /** A Windlass that may deploy from the folder, and what is brought upon it in each round */
  open(stack: AsyncDisposableStack, folder: string): Promise<{ windlass: Stack; fault: (round: number) => Fault }>;
}

/** What must be true of every cell */
const CLAIMS: { claim: string; holds(outcome: Outcome): boolean }[] = [
  { claim: "resolved within one lease + 5 s", holds: ({ end, isInTime }) => isEnded(end) && isInTime },
  { claim: "nothing left behind", holds: ({ left }) => left === "" },
  { claim: "never two at work", holds: ({ twoActive }) => twoActive === "" },
  { claim: "the URL always answered", holds: ({ unserved }) => unserved.length === 0 },
];
const isEnded = (end: string): boolean => end === "succeeded" || end === "failed";

await measure(async (stack) => {
  await startPostgres(stack);
  const hasDocker = !("problem" in (await dockerEngine()));
  const why = await whyNoPrivateEngine();
  if (!hasDocker) say("  There is no Docker engine: processes only.");
  else if (why) say(`  No engine of its own can be started: ${why} The engine's column is left out.`);
  const columns = [
    ...(hasDocker ? [killWorker("docker")] : []),
    ...(hasDocker && !why ? [restartEngine()] : []),
    ...(hasDocker ? [cutDatabase("docker", "reset")] : []),
    killWorker("process"),
    cutDatabase("process", "silence"),
  ];
  const cases = [...casesOf("deploy"), ...casesOf("rollback")];
  const seen = new Map<string, Outcome[]>();
  for (const column of columns) seen.set(column.name, await runColumn(stack, column, cases));

  say(`\nEnd, and from the fault (the return of what was away) until then; lease ${LEASE_MS} ms\n`);
  printTable(
    ["", "step", "when", ...seen.keys()],
    cases.map(({ kind, step, point }, row) => [
      kind,
      step,
      point,
      ...[...seen.values()].map((outcomes) => cellOf(outcomes[row])),
    ]),
  );
  for (const [name, outcomes] of seen) {
    for (const outcome of outcomes.filter((one) => one.why !== "" || faultOf(one) !== undefined)) {
      const { kind, step, point, why } = outcome;
      say(`  ${name}, ${kind} ${step} ${point}: ${[faultOf(outcome), why].filter(Boolean).join(" ")}`);
    }
  }
  const all = [...seen.values()].flat();
  report(`Of ${all.length} faults`, [
    ...CLAIMS.map(({ claim, holds }) => {
      const count = all.filter(holds).length;
      return {
        figure: claim,
        value: `${count} of ${all.length}`,
        bar: { text: "all", isMet: count === all.length && all.length > 0 },
      };
    }),
    ...[...seen].map(([name, outcomes]) => ({
      figure: `slowest, ${name}, beside the steps that were left`,
      value: ms(Math.max(0, ...outcomes.map(beside))),
      spread: `p50 ${ms(quantile(outcomes.map(beside), 0.5))}`,
      bar: { text: `≤ ${BAR_MS} ms`, isMet: outcomes.every((one) => beside(one) <= BAR_MS) },
    })),
  ]);
});

function beside({ endedMs, restMs }: Outcome): number {
  return Math.max(0, endedMs - restMs);
}

function cellOf(outcome: Outcome | undefined): string {
  if (!outcome) return "";
  const isWell = CLAIMS.every(({ holds }) => holds(outcome));
  return `${isWell ? "✓" : "✗"} ${outcome.end} ${outcome.endedMs} ms`;
}

async function runColumn(
  stack: AsyncDisposableStack,
  { name, open }: Column,
  cases: readonly Case[],
): Promise<Outcome[]> {
  // Taken back with the whole when that is ended meanwhile, else at once.
  const own = stack.use(new AsyncDisposableStack());
  const repository = createTestRepository();
  own.defer(() => repository.remove());
  const { windlass, fault } = await open(own, repository.folder);
  const app = await openFaultCases(windlass, repository, { startMs: 100 });
  own.defer(() => app.stop());
  const outcomes: Outcome[] = [];
  for (const one of cases) {
    outcomes.push(await app.run(one, fault(outcomes.length)));
    if (process.stdout.isTTY) process.stdout.write(`\r  ${name}: ${outcomes.length} of ${cases.length}   `);
  }
  await own.disposeAsync();
  say(`${process.stdout.isTTY ? "\r" : ""}  ${name}: ${outcomes.length} of ${cases.length}   `);
  return outcomes;
}

async function openStack(
  stack: AsyncDisposableStack,
  folder: string,
  options: Pick<Parameters<typeof startStack>[0], "runtime" | "engine" | "databaseBy">,
): Promise<Stack> {
  const windlass = await startStack({ ...options, leaseMs: LEASE_MS, repositories: [folder] });
  stack.defer(() => windlass.stop());
  return windlass;
}

/** Where the stacks' databases are made. */
async function startPostgres(stack: AsyncDisposableStack): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "windlass-bench-"));
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const server = await startEmbedded(folder);
  stack.defer(() => server.stop());
  process.env.TEST_POSTGRES_URL = server.url("postgres");
}

function killWorker(runtime: RuntimeKind): Column {
  return {
    name: `worker killed, ${runtime}`,
    async open(stack, folder) {
      const windlass = await openStack(stack, folder, { runtime });
      const fault = (): Fault => ({
        strike: () => windlass.worker.kill(),
        mend: async () => void (await windlass.worker.start()),
        countsFrom: "strike",
      });
      return { windlass, fault };
    },
  };
}

function restartEngine(): Column {
  return {
    name: "engine restarted, docker",
    async open(stack, folder) {
      const engine = await startPrivateEngine();
      stack.defer(() => engine.remove());
      await engine.copyImage(IMAGE);
      const windlass = await openStack(stack, folder, { runtime: "docker", engine });
      stack.defer(() => engine.start());
      const fault = (round: number): Fault => ({
        strike: () => engine.end(round % 2 === 0 ? "SIGKILL" : "SIGTERM"),
        mend: () => engine.start(),
        countsFrom: "return",
      });
      return { windlass, fault };
    },
  };
}

function cutDatabase(runtime: RuntimeKind, loss: "reset" | "silence"): Column {
  return {
    name: `database ${loss === "reset" ? "lost" : "silent"}, ${runtime}`,
    async open(stack, folder) {
      let fault = (): Fault => {
        throw new Error("The stack was not started.");
      };
      const databaseBy = async (url: string) => {
        const proxy = await createDatabaseProxy(url);
        stack.defer(() => proxy.close());
        fault = () => loseDatabase(proxy, loss, LEASE_MS);
        return proxy.url;
      };
      const windlass = await openStack(stack, folder, { runtime, databaseBy });
      return { windlass, fault: () => fault() };
    },
  };
}
