import { DomainError, toDomainError } from "@windlass/domain";
import type { EffectContext, EnginePorts, Journal } from "../ports.ts";

/**
 * A pipeline is a durable function: straight-line code whose parts are steps. `step` alone keeps the books, so that the
 * code reads as what happens. After a crash another worker runs the same function again: steps that finished give their
 * stored result back, the one that was under way runs again, and the rest follows. So an effect must be safe to run
 * twice, and what a step returns must be JSON.
 */
export interface PipelineTools {
  /** Runs a part, or gives back what it returned before. */
  step<T>(name: string, effect: (context: EffectContext) => Promise<T>): Promise<T>;
  /** Registers how to take an effect back, before the effect. Undone in reverse order when the pipeline ends before `commit`. */
  undo(name: string, effect: (context: EffectContext) => Promise<void>): void;
  /** The point of no return: from here nothing is undone or cancelled. A step after it that fails ends the pipeline there. */
  commit<T>(effect: () => Promise<T>): Promise<T>;
  /** A part after `commit`: its failure is a warning. */
  tidy(name: string, effect: (context: EffectContext) => Promise<void>): Promise<void>;
}

export type PipelineEnd =
  | { status: "succeeded"; warnings: string[] }
  | { status: "failed" | "cancelled" | "superseded"; step: string; error: DomainError; warnings: string[] }
  /** The lease is lost or the worker hands over: another one goes on, nothing was undone and nothing may be written */
  | { status: "abandoned" };

export interface PipelineSignals {
  /** Somebody cancelled the deployment: it is undone, unless it is past `commit` */
  cancel: AbortSignal;
  /** This worker must stop acting at once and leave everything as it is */
  abandon: AbortSignal;
}

export type Pipeline<Request> = (
  request: Request,
  ports: EnginePorts,
  journal: Journal,
  signals: PipelineSignals,
) => Promise<PipelineEnd>;

class Abandoned extends Error {}

export function definePipeline<Request>(
  body: (request: Request, tools: PipelineTools, ports: EnginePorts) => Promise<void>,
): Pipeline<Request> {
  return async (request, ports, journal, { cancel, abandon }) => {
    const undos: { name: string; effect: (context: EffectContext) => Promise<void> }[] = [];
    const warnings: string[] = [];
    let current = "";

    async function run<T>(
      name: string,
      signal: AbortSignal,
      effect: (context: EffectContext) => Promise<T>,
    ): Promise<T> {
      if (abandon.aborted) throw new Abandoned();
      const opened = await journal.openStep(name);
      if (opened.state === "succeeded") return opened.result as T;
      current = name;
      if (opened.state === "failed") throw opened.error;
      try {
        signal.throwIfAborted();
        const result = await effect({ signal, log: (stream, text) => journal.log(name, stream, text) });
        if (abandon.aborted) throw new Abandoned();
        await journal.closeStep(name, { status: "succeeded", result });
        return result;
      } catch (thrown) {
        if (abandon.aborted || thrown instanceof Abandoned) throw new Abandoned();
        const error = signal.aborted ? cancelled(thrown) : toDomainError(thrown);
        if (error.code === "lease_lost") throw new Abandoned();
        await journal.log(name, "system", error.message);
        for (const line of error.evidence) await journal.log(name, "system", `  ${line}`);
        const isFailure = !signal.aborted && error.code !== "superseded";
        await journal.closeStep(name, { status: isFailure ? "failed" : "cancelled", error });
        throw error;
      }
    }

    async function tidy(name: string, effect: (context: EffectContext) => Promise<void>): Promise<void> {
      try {
        await run(name, abandon, effect);
      } catch (thrown) {
        if (thrown instanceof Abandoned) throw thrown;
        warnings.push(`${name}: ${toDomainError(thrown).message}`);
      }
    }

    const beforeCommit = AbortSignal.any([cancel, abandon]);
    let isCommitted = false;
    try {
      await body(
        request,
        {
          step: (name, effect) => run(name, isCommitted ? abandon : beforeCommit, effect),
          undo: (name, effect) => void undos.push({ name: `undo: ${name}`, effect }),
          tidy,
          async commit(effect) {
            if (abandon.aborted) throw new Abandoned();
            await journal.settle();
            cancel.throwIfAborted();
            const result = await effect();
            isCommitted = true;
            return result;
          },
        },
        ports,
      );
      await journal.settle();
      return abandon.aborted ? { status: "abandoned" } : { status: "succeeded", warnings };
    } catch (thrown) {
      try {
        if (thrown instanceof Abandoned || abandon.aborted) throw thrown;
        const error = cancel.aborted && !isCommitted ? cancelled(thrown) : toDomainError(thrown);
        if (error.code === "lease_lost") throw new Abandoned();
        const step = current;
        if (isCommitted) return { status: "failed", step, error, warnings };
        for (const { name, effect } of undos.toReversed()) await tidy(name, effect);
        await journal.settle();
        const { code } = error;
        const status = code === "cancelled" || code === "superseded" ? code : "failed";
        return { status, step, error, warnings };
      } catch (again) {
        if (again instanceof Abandoned || abandon.aborted || toDomainError(again).code === "lease_lost") {
          return { status: "abandoned" };
        }
        throw again;
      }
    }
  };
}

function cancelled(cause: unknown): DomainError {
  if (cause instanceof DomainError && cause.code === "cancelled") return cause;
  return new DomainError("cancelled", "Cancelled. What this deployment had made was taken back.", { cause });
}
