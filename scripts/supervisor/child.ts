import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { LogFile } from "./log-file.ts";
import { StartFailure } from "./start-failure.ts";

const READY_WITHIN_MS = 60_000;
const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 30_000;
/** A child that ran this long was well: the next restart is quick again. */
const STABLE_AFTER_MS = 60_000;

/** MB of each half of V8's young generation: its default of 16 keeps some 60 MB more of an idle process in memory. */
const YOUNG_GENERATION = "--max-semi-space-size=2";
/**
 * Bytes that glibc's malloc may keep free at the end of its heap. Set to what its default begins with (mallopt(3)), it
 * stays there: left to itself it grows with each large piece that is freed, and a worker keeps 15 MB for nothing.
 */
const MALLOC = { MALLOC_TRIM_THRESHOLD_: "131072" };

export interface ChildSpec {
  name: string;
  /** Absolute path of its main.ts */
  script: string;
  env: NodeJS.ProcessEnv;
  dataFolder: string;
  /** A socket that is held for it: each process listens on it, and it outlives them */
  listenFd?: number;
}

export interface ChildEvents {
  /** It ended by itself and will be started again after `restartsInMs` */
  onCrash(child: Child, how: string, restartsInMs: number): void;
  onRecovered(child: Child): void;
  /** Its process is another one now, or none */
  onProcess(): void;
}

/** One of the programs of Windlass: started, awaited until ready, started again when it ends, stopped when asked. */
export class Child {
  readonly name: string;
  readonly log: LogFile;
  readonly #spec: ChildSpec;
  readonly #events: ChildEvents;
  #process: ChildProcess | undefined;
  /** Those that were replaced and finish what they have */
  readonly #leaving = new Set<ChildProcess>();
  #isReplacing = false;
  #isStopping = false;
  #backoffMs = FIRST_BACKOFF_MS;
  #restart: NodeJS.Timeout | undefined;

  constructor(spec: ChildSpec, events: ChildEvents) {
    this.name = spec.name;
    this.log = new LogFile(spec.dataFolder, spec.name);
    this.#spec = spec;
    this.#events = events;
  }

  get pids(): number[] {
    return [this.#process, ...this.#leaving].flatMap((one) => one?.pid ?? []);
  }

  /** Resolves when it says that it is ready; a child that ends before is a StartFailure with its last lines. */
  async start(): Promise<void> {
    const logStart = this.log.size;
    const started = this.#spawn();
    const outcome = await Promise.race([
      readiness(started),
      ending(started),
      sleep(READY_WITHIN_MS, "was not ready within a minute", { ref: false }),
    ]);
    if (this.#isStopping) return;
    if (outcome !== "ready") {
      this.#isStopping = true;
      started.kill("SIGKILL");
      throw new StartFailure(`The ${this.name} ${outcome}.`, `Its log is ${this.log.path}.`, {
        evidence: this.log.tail(12, logStart),
      });
    }
    this.#watch(started);
  }

  /**
   * Puts a new process in the place of the one that runs: only once it is ready is the other asked to end, so that one of
   * them serves at every moment. Resolves with why not, when the new one does not come up; then nothing has changed.
   */
  async replace(): Promise<string | undefined> {
    const before = this.#process;
    if (this.#isReplacing || this.#isStopping || !before?.connected)
      return "is not running, or is being replaced already";
    this.#isReplacing = true;
    const after = this.#spawn();
    this.#process = before;
    this.#leaving.add(after);
    const slow = sleep(READY_WITHIN_MS, "was not ready within a minute", { ref: false });
    const outcome = await Promise.race([readiness(after), ending(after), slow]);
    this.#isReplacing = false;
    this.#leaving.delete(after);
    if (outcome !== "ready" || this.#isStopping) {
      after.kill("SIGKILL");
      return outcome;
    }
    this.#process = after;
    this.#watch(after);
    this.#leaving.add(before);
    this.#events.onProcess();
    before.kill("SIGTERM");
    void ending(before).then(() => {
      this.#leaving.delete(before);
      this.#events.onProcess();
    });
    return undefined;
  }

  /** With other settings from now on: a running process is ended and a new one takes its place. */
  async restartWith(env: NodeJS.ProcessEnv): Promise<void> {
    Object.assign(this.#spec.env, env);
    this.#process?.kill("SIGTERM");
  }

  /** Asks over the channel and waits for the answer of that type; undefined when none comes. */
  async ask(type: string, answer: string, withinMs: number): Promise<Record<string, unknown> | undefined> {
    const asked = this.#process;
    if (!asked?.connected) return undefined;
    const answered = new Promise<Record<string, unknown> | undefined>((resolve) => {
      const onMessage = (message: unknown) => {
        if (messageType(message) !== answer) return;
        asked.off("message", onMessage);
        resolve({ ...(message as object) });
      };
      asked.on("message", onMessage);
      asked.once("exit", () => resolve(undefined));
    });
    asked.send({ type }, () => {});
    return Promise.race([answered, sleep(withinMs, undefined, { ref: false })]);
  }

  /** It will not be started again from here on. */
  expectEnd(): void {
    this.#isStopping = true;
    clearTimeout(this.#restart);
  }

  /** Politely, then for good. */
  async stop(graceMs: number): Promise<"stopped" | "killed"> {
    this.expectEnd();
    for (const one of this.#leaving) setTimeout(() => one.kill("SIGKILL"), graceMs).unref();
    const running = this.#process;
    if (!running || running.exitCode !== null || running.signalCode !== null) return "stopped";
    const ended = ending(running);
    running.kill("SIGTERM");
    if (running.connected) running.disconnect();
    const isPolite = await Promise.race([ended.then(() => true), sleep(graceMs, false, { ref: false })]);
    if (isPolite) return "stopped";
    running.kill("SIGKILL");
    await ended;
    return "killed";
  }

  kill(): void {
    this.expectEnd();
    for (const one of [this.#process, ...this.#leaving]) one?.kill("SIGKILL");
  }

  #spawn(): ChildProcess {
    const output = this.log.open();
    const { listenFd } = this.#spec;
    const held = listenFd === undefined ? [] : [listenFd];
    // A session of its own: Ctrl-C in the terminal reaches only the supervisor, which stops things in order.
    const child = spawn(process.execPath, [YOUNG_GENERATION, this.#spec.script], {
      env: { ...MALLOC, ...this.#spec.env, ...(listenFd === undefined ? {} : { LISTEN_FDS: "1" }) },
      stdio: ["ignore", output, output, ...held, "ipc"],
      detached: true,
    });
    closeSync(output);
    child.on("error", () => {});
    this.#process = child;
    this.#events.onProcess();
    return child;
  }

  #watch(running: ChildProcess): void {
    const since = Date.now();
    void ending(running).then((how) => {
      if (this.#isStopping || this.#process !== running) return;
      if (Date.now() - since > STABLE_AFTER_MS) this.#backoffMs = FIRST_BACKOFF_MS;
      this.#scheduleRestart(how);
    });
  }

  #scheduleRestart(how: string): void {
    // Connections wait in the held socket meanwhile: the first time it is not let wait.
    const delay = this.#spec.listenFd !== undefined && this.#backoffMs === FIRST_BACKOFF_MS ? 0 : this.#backoffMs;
    this.#backoffMs = Math.min(this.#backoffMs * 2, LONGEST_BACKOFF_MS);
    this.#events.onCrash(this, how, delay);
    this.#restart = setTimeout(() => void this.#startAgain(), delay);
  }

  async #startAgain(): Promise<void> {
    const started = this.#spawn();
    const slow = sleep(READY_WITHIN_MS, "was not ready within a minute", { ref: false });
    const outcome = await Promise.race([readiness(started), ending(started), slow]);
    if (this.#isStopping) return;
    if (outcome === "ready") {
      this.#events.onRecovered(this);
      this.#watch(started);
      return;
    }
    started.kill("SIGKILL");
    this.#scheduleRestart(outcome);
  }
}

const messageType = (message: unknown): unknown =>
  typeof message === "object" && message !== null && "type" in message ? message.type : undefined;

function readiness(child: ChildProcess): Promise<"ready"> {
  return new Promise((resolve) => {
    const onMessage = (message: unknown) => {
      if (messageType(message) !== "ready") return;
      child.off("message", onMessage);
      resolve("ready");
    };
    child.on("message", onMessage);
  });
}

/** How it ended, in words; also when it could not be started at all. */
function ending(child: ChildProcess): Promise<string> {
  const words = (code: number | null, signal: NodeJS.Signals | null) =>
    signal ? `was ended by ${signal}` : `ended with code ${code}`;
  if (child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve(words(child.exitCode, child.signalCode));
  }
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(words(code, signal)));
    child.once("error", (error) => resolve(`could not be started: ${error.message}`));
  });
}
