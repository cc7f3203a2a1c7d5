import { type ChildProcess, spawn } from "node:child_process";

const READY_WITHIN_MS = 60_000;

/** One of Windlass's programs as a real process, to be killed, frozen and started again. */
export class StackProcess {
  readonly name: string;
  readonly #script: string;
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  #output = "";

  constructor(name: string, script: string, env: NodeJS.ProcessEnv) {
    this.name = name;
    this.#script = script;
    this.#env = env;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`The ${this.name} was not started.`);
    return pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** All that it ever printed, of every process it was. */
  get output(): string {
    return this.#output;
  }

  /** Resolves with its message when it says that it is ready. */
  async start(change: NodeJS.ProcessEnv = {}): Promise<Record<string, unknown>> {
    Object.assign(this.#env, change);
    const child = spawn(process.execPath, [this.#script], {
      env: this.#env,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.#output += chunk;
      });
    }
    return new Promise((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`The ${this.name} ${why}:\n${this.#output.slice(-4000)}`));
      const timer = setTimeout(() => fail("was not ready in time"), READY_WITHIN_MS);
      child.on("message", (message: Record<string, unknown>) => {
        if (message.type !== "ready") return;
        clearTimeout(timer);
        resolve(message);
      });
      child.once("error", (error) => fail(error.message));
      child.once("exit", (code, signal) => {
        clearTimeout(timer);
        fail(`ended with ${code ?? signal} before it was ready`);
      });
    });
  }

  /** Without a chance to do anything; resolves when the process is gone. */
  async kill(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (!child || !this.isRunning) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await gone;
  }

  /** It stands still until `thaw`: a paused machine, as others see it. */
  freeze(): void {
    process.kill(this.pid, "SIGSTOP");
  }

  thaw(): void {
    process.kill(this.pid, "SIGCONT");
  }
}
