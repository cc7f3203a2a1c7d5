import type { Artifact, LogStream, StartedInstance } from "@windlass/domain";
import type { DeploymentFacts, Journal, KeptRelease, ReleaseHistory, StepOutcome } from "../ports.ts";

/** The books of one deployment in memory, with a place to interrupt it at. */
export class MemoryJournal implements Journal {
  readonly steps = new Map<string, StepOutcome | "running">();
  readonly lines: { step: string; stream: LogStream; text: string }[] = [];
  readonly facts: DeploymentFacts = {};
  /** Called before a step's row is opened and after it is closed, as "open build" and "close build" */
  onMoment: (moment: string) => void = () => {};

  async openStep(name: string): ReturnType<Journal["openStep"]> {
    this.onMoment(`open ${name}`);
    const before = this.steps.get(name);
    if (before && before !== "running") {
      return before.status === "succeeded"
        ? { state: "succeeded", result: structuredClone(before.result) }
        : { state: "failed", error: before.error };
    }
    this.steps.set(name, "running");
    return { state: "open" };
  }

  async closeStep(name: string, outcome: StepOutcome): Promise<void> {
    this.onMoment(`effect ${name}`);
    this.steps.set(name, outcome);
    this.onMoment(`close ${name}`);
  }

  async settle(): Promise<void> {}

  log(step: string, stream: LogStream, text: string): void {
    this.lines.push({ step, stream, text });
  }

  record = (facts: DeploymentFacts): void => void Object.assign(this.facts, facts);

  names(status: StepOutcome["status"]): string[] {
    return [...this.steps].flatMap(([name, outcome]) =>
      outcome !== "running" && outcome.status === status ? [name] : [],
    );
  }
}

/** The releases of one environment in memory. */
export class MemoryHistory implements ReleaseHistory {
  live: { artifact: Artifact; instances: StartedInstance[] } | null = null;
  readonly retiredNames: string[] = [];
  readonly forgotten: string[] = [];
  past: KeptRelease[] = [];
  /** Whether a release that no longer serves runs on */
  keepsWarm = false;
  /** Whether what the live release was built from is found again */
  findsBuilt = false;
  warmNames: string[] = [];

  async commit(made: { artifact: Artifact; instances: StartedInstance[] }): Promise<KeptRelease[]> {
    this.live = made;
    this.warmNames = this.warmNames.filter((name) => !made.instances.some((one) => one.name === name));
    return this.past.filter(({ releaseId }) => !this.forgotten.includes(releaseId));
  }
  isStopped = false;
  async stop(): Promise<void> {
    this.isStopped = true;
  }
  async findBuilt(builtFrom: string): Promise<{ number: number; artifact: Artifact } | null> {
    const artifact = this.findsBuilt ? this.live?.artifact : undefined;
    return artifact?.kind === "image" && artifact.builtFrom === builtFrom ? { number: 1, artifact } : null;
  }
  async keepWarm(instanceNames: string[]): Promise<Date | null> {
    if (!this.keepsWarm) return null;
    this.warmNames = instanceNames;
    return new Date(Date.now() + 60_000);
  }
  async warm(): Promise<string[]> {
    return this.warmNames;
  }
  async retired(instanceName: string): Promise<void> {
    this.retiredNames.push(instanceName);
    this.warmNames = this.warmNames.filter((name) => name !== instanceName);
  }
  async forget(releaseId: string): Promise<boolean> {
    this.forgotten.push(releaseId);
    return true;
  }
}
