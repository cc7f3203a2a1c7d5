import type { RuntimePorts } from "@windlass/engine";
import type { Lease } from "./lease.ts";

/** Asked before each effect: resolves when it may begin. */
export type Fence = Pick<Lease, "confirm">;

type Effects = Omit<RuntimePorts, "output" | "inventory">;

/**
 * The adapters, asking before each effect whether the lease holds. Writes and the router's commands carry the token; an
 * engine knows none, and a worker that wakes from a long freeze goes on where it stood.
 */
export function fenceEffects({ builder, runtime, commands, examiner }: Effects, fence: Fence): Effects {
  return {
    examiner,
    builder: {
      build: async (request, context) => {
        await fence.confirm();
        return builder.build(request, context);
      },
      reuse: async (artifact, labels) => {
        await fence.confirm();
        return builder.reuse(artifact, labels);
      },
      inspect: (artifact) => builder.inspect(artifact),
      remove: async (artifact) => {
        await fence.confirm();
        await builder.remove(artifact);
      },
      listOwned: (environmentId) => builder.listOwned(environmentId),
    },
    commands: {
      run: async (request, context) => {
        await fence.confirm();
        await commands.run(request, context);
      },
      remove: async (labels) => {
        await fence.confirm();
        await commands.remove(labels);
      },
    },
    runtime: {
      kind: runtime.kind,
      start: async (request, context) => {
        await fence.confirm();
        return runtime.start(request, context);
      },
      inspect: (name) => runtime.inspect(name),
      logs: (name, lines) => runtime.logs(name, lines),
      stop: async (name, graceSeconds) => {
        await fence.confirm();
        await runtime.stop(name, graceSeconds);
      },
      listOwned: (environmentId) => runtime.listOwned(environmentId),
      removeEnvironment: async (environmentId) => {
        await fence.confirm();
        await runtime.removeEnvironment(environmentId);
      },
    },
  };
}
