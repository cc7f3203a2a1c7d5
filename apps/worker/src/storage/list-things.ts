import { type DiskUse, RuntimeKind } from "@windlass/domain";
import type { Store } from "@windlass/engine";
import type { Worker } from "../wiring.ts";
import type { Thing } from "./plan-clean-up.ts";

/** Where this owner's things lie on this machine, as far as it can be seen now. */
export function storesOf({ runtimeOf, mirrors, sources }: Worker): { use: DiskUse; store: Store }[] {
  const runtimes = RuntimeKind.options.flatMap((use) => {
    const adapters = runtimeOf(use);
    return "problem" in adapters ? [] : [{ use, store: adapters.inventory as Store }];
  });
  return [...runtimes, { use: "sources", store: mirrors }, { use: "sources", store: sources }];
}

/** Everything of this owner. */
export async function listThings(worker: Worker, how: { isMeasured: boolean }): Promise<Thing[]> {
  const listed = storesOf(worker).map(async ({ use, store }) =>
    (await store.list(how)).map((thing) => ({ ...thing, use })),
  );
  return (await Promise.all(listed)).flat();
}

/** Removes one where it lies. */
export async function removeThing(worker: Worker, thing: Thing): Promise<void> {
  for (const { use, store } of storesOf(worker)) if (use === thing.use) await store.remove(thing);
}

export const keyOf = ({ kind, name }: Thing): string => `${kind} ${name}`;
