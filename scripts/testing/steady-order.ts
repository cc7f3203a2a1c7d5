import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take minutes and mostly wait: begun late, one of them would run on alone on a machine with nothing else to do. */
const FIRST = ["e2e/faults/kill-worker", "e2e/faults/restart-engine", "e2e/faults/lose-database"];
/** Those that keep the machine, or its Docker engine, busy for minutes: not beside the first ones, which time what they see. */
const LAST = ["apps/worker/src/queue/order", "scripts/production/dockerfile"];

/** Vitest begins with the largest files until it knows how long each takes, which on a fresh clone it never does. */
export class SteadyOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => groupOf(a) - groupOf(b) || rankOf(a) - rankOf(b));
  }
}

const groupOf = ({ project }: TestSpecification): number => project.config.sequence.groupOrder;

function rankOf({ moduleId }: TestSpecification): number {
  const isOneOf = (name: string) => moduleId.includes(`/${name}.`);
  const first = FIRST.findIndex(isOneOf);
  return first === -1 ? FIRST.length + LAST.findIndex(isOneOf) + 1 : first;
}
