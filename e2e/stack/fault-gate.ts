import { DEPLOY_STEPS, RELAUNCH_STEPS } from "@windlass/domain";
import pg from "pg";
import { waitFor } from "./wait-for.ts";

/** A moment in a deployment's books: a step's row is opened or closed, the new release is committed to, or the deployment ends. */
export type Moment = { step: string; status: "running" | "succeeded" } | "commit" | "end";

/**
 * Stops a worker at an exact moment, by the database: the write that would record the moment waits until `open`, its
 * transaction uncommitted. Steps that open are told to `opened`.
 */
export interface FaultGate {
  close(moment: Moment): Promise<void>;
  /** Resolves when a worker stands at the gate. */
  reached(): Promise<void>;
  /** Lets pass whoever waits, and all that come. */
  open(): Promise<void>;
  /** Resolves when the row of this step of the deployment is committed as running. */
  opened(deploymentId: string, step: string): Promise<void>;
  end(): Promise<void>;
}

const LOCK = 7471;

export async function createFaultGate(databaseUrl: string): Promise<FaultGate> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`
    create schema fault;
    create table fault.gate (step text, status text);
    create function fault.pass() returns trigger language plpgsql as $$
    declare row jsonb := to_jsonb(new);
    begin
      if exists (
        select from fault.gate where step is not distinct from row->>'name'
          and (status = row->>'status' or (status = 'commit' and (row->>'committedToTraffic')::boolean))
      ) then
        perform pg_advisory_xact_lock_shared(${LOCK});
      end if;
      return new;
    end $$;
    create function fault.tell() returns trigger language plpgsql as $$
    begin
      perform pg_notify('fault', new."deploymentId" || ' ' || new."name");
      return null;
    end $$;
    create trigger fault_pass before insert or update on "Step" for each row execute function fault.pass();
    create trigger fault_pass before update of "status", "committedToTraffic" on "Deployment" for each row execute function fault.pass();
    create trigger fault_tell after insert on "Step" for each row execute function fault.tell();
    listen fault`);
  const told = new Set<string>();
  client.on("notification", ({ payload = "" }) => told.add(payload));

  return {
    async close(moment) {
      const inDeployment = moment === "end" ? "succeeded" : moment;
      const [step, status] = typeof moment === "object" ? [moment.step, moment.status] : [null, inDeployment];
      await client.query("select pg_advisory_lock($1)", [LOCK]);
      await client.query("insert into fault.gate values ($1, $2)", [step, status]);
    },
    async reached() {
      await waitFor(
        "a worker at the gate",
        async () => {
          const found = await client.query(
            `select 1 from pg_locks where locktype = 'advisory' and objid = ${LOCK} and not granted
               and database = (select oid from pg_database where datname = current_database())`,
          );
          return (found.rowCount ?? 0) > 0;
        },
        { everyMs: 5 },
      );
    },
    async open() {
      await client.query("delete from fault.gate");
      await client.query("select pg_advisory_unlock_all()");
    },
    async opened(deploymentId, step) {
      await waitFor(`${step} to open`, () => told.has(`${deploymentId} ${step}`), { everyMs: 2 });
    },
    end: () => client.end(),
  };
}

/** What is written next after a step has ended. */
export function momentAfter(kind: "deploy" | "rollback", step: string): Moment {
  const steps: readonly string[] = kind === "deploy" ? DEPLOY_STEPS : RELAUNCH_STEPS;
  const next = steps[steps.indexOf(step) + 1];
  if (step === "switch traffic") return "commit";
  return next === undefined ? "end" : { step: next, status: "running" };
}
