import { lstat, readdir } from "node:fs/promises";
import path from "node:path";
import { createDockerRuntime } from "@windlass/engine";
import pg from "pg";
import { countMarkedProcesses, descriptorsOf, memoryOf } from "./memory.ts";
import { dockerEngine, ownerOf } from "./remove-docker-things.ts";
import type { Stack } from "./start-stack.ts";

/** Everything that a Windlass has at a moment, by name; of Docker and of the machine only what is marked as its own. */
export type Held = Record<string, number>;

const CLUSTER = "postgres";
const MB = 1024 ** 2;

export async function countHeld(stack: Stack): Promise<Held> {
  const { dataFolder } = stack;
  const owner = ownerOf(dataFolder) ?? "";
  const { web, worker, router, supervisor, postgres } = stack.processes();
  const held: Held = { "MB of postgres": memoryOf(postgres).pssMb };
  for (const [name, pid] of Object.entries({ web, worker, router, supervisor })) {
    held[`MB of ${name}`] = memoryOf([pid]).rssMb;
    held[`open files of ${name}`] = descriptorsOf(pid);
  }
  held.processes = countMarkedProcesses(`WINDLASS_FAMILY=${owner}:`);
  Object.assign(held, await countDocker(owner), await countFiles(dataFolder), await countRows(stack.databaseUrl));
  return held;
}

async function countDocker(owner: string): Promise<Held> {
  const found = await dockerEngine();
  if ("problem" in found) return {};
  const things = await createDockerRuntime({ engine: found.engine, owner }).inventory.list();
  const held: Held = { "docker instance": 0, "docker image": 0, "docker network": 0 };
  for (const { kind } of things) held[`docker ${kind}`] = (held[`docker ${kind}`] ?? 0) + 1;
  return held;
}

/** The database's own files apart: it keeps what it once took, to write into it again. */
async function countFiles(dataFolder: string): Promise<Held> {
  const held: Held = {};
  const add = (name: string, value: number) => {
    held[name] = (held[name] ?? 0) + value;
  };
  const walk = async (folder: string, top: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      const full = path.join(folder, entry.name);
      const name = top || entry.name;
      if (entry.isDirectory()) await walk(full, name);
      const stat = await lstat(full).catch(() => undefined);
      if (!stat) continue;
      add(name === CLUSTER ? "MB of the database's folder" : "MB of the other folders", (stat.blocks * 512) / MB);
      if (name !== CLUSTER) add(name === "git" ? "files of copied repositories" : "files and folders", 1);
    }
  };
  await walk(dataFolder, "");
  for (const folder of ["work", "git", "apps/instances", "apps/releases", "apps/commands"]) {
    const entries = await readdir(path.join(dataFolder, folder)).catch(() => []);
    held[`entries of ${folder}`] = entries.length;
  }
  return held;
}

async function countRows(databaseUrl: string): Promise<Held> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const held: Held = {};
    const { rows } = await client.query<{ name: string; count: string }>(`
      select n.nspname || '.' || c.relname as "name",
        (xpath('/row/c/text()', query_to_xml(format('select count(*) as c from %I.%I', n.nspname, c.relname), false, true, '')))[1]::text as "count"
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and not c.relispartition and n.nspname in ('public', 'pgboss')
      union all
      select n.nspname || '.' || c.relname,
        (xpath('/row/c/text()', query_to_xml(format('select count(*) as c from %I.%I', n.nspname, c.relname), false, true, '')))[1]::text
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'p' and n.nspname in ('public', 'pgboss')`);
    for (const { name, count } of rows) held[`rows of ${name.replace(/^public\./, "")}`] = Number(count);
    const database = await client.query<{ connections: string; bytes: string }>(`
      select (select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()) as "connections",
        pg_database_size(current_database()) as "bytes"`);
    held["connections to the database"] = Number(database.rows[0]?.connections);
    held["MB of the database"] = Number(database.rows[0]?.bytes) / MB;
    return held;
  } finally {
    await client.end();
  }
}
