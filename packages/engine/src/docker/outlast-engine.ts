import { setTimeout as sleep } from "node:timers/promises";
import { DomainError } from "@windlass/domain";
import { aroundMethods } from "../around-methods.ts";
import { isEngineAway } from "./errors.ts";

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;

export interface Patience {
  /** For how long an engine that went away is waited for */
  patienceMs: number;
  /** Ends the waiting: the work is another worker's */
  signal: AbortSignal;
  /** Takes a line of the deployment's log */
  tell(text: string): Promise<void> | void;
}

/**
 * Makes adapters go through a restart of their engine: what it did not answer is asked again, with growing pauses, since
 * every method of a port is safe to run twice. Adapters that were made by the same call share their patience, so that
 * what comes after it has ended, an undo for instance, does not wait as long once more.
 */
export function outlastEngine({ patienceMs, signal, tell }: Patience): <Port extends object>(port: Port) => Port {
  let awaySince: number | undefined;

  async function outlast<T>(ask: () => Promise<T>): Promise<T> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        const answer = await ask();
        await noteAnswer();
        return answer;
      } catch (error) {
        if (!isEngineAway(error)) {
          await noteAnswer();
          throw error;
        }
        await noteAway();
        if (signal.aborted) throw error;
        if (performance.now() - (awaySince ?? 0) >= patienceMs) throw givenUp(error as DomainError, patienceMs);
        await sleep(pauseMs, undefined, { signal }).catch(() => {});
        if (signal.aborted) throw error;
      }
    }
  }

  async function noteAway(): Promise<void> {
    if (awaySince !== undefined) return;
    awaySince = performance.now();
    await tell(`The Docker engine does not answer. It is waited for, ${inSeconds(patienceMs)} at most.`);
  }

  async function noteAnswer(): Promise<void> {
    if (awaySince === undefined) return;
    const awayMs = performance.now() - awaySince;
    awaySince = undefined;
    await tell(`The Docker engine answers again, after ${inSeconds(awayMs)}.`);
  }

  return (port) => aroundMethods(port, outlast);
}

const inSeconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;

function givenUp({ code, message, failure, evidence, fault, cause }: DomainError, patienceMs: number): DomainError {
  const waited = `It was waited for, ${inSeconds(patienceMs)}.`;
  return new DomainError(code, `${message} ${waited}`, { failure, evidence, fault, retryable: true, cause });
}
