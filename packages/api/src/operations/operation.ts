import type { Actor } from "../actor.ts";
import type { Services } from "../services.ts";

/** Who does it: someone who called, or Windlass itself. */
export type Doer = Pick<Actor, "kind" | "id" | "name"> | { kind: "system"; id: null; name: string };

/** What every operation gets beside its input. */
export interface OperationContext extends Services {
  actor: Doer;
}

/** As the columns of a row that says who did it. */
export const actorColumns = (actor: Doer) => ({ actorKind: actor.kind, actorId: actor.id, actorName: actor.name });
