/// <reference lib="dom" />
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { PrismaPg } from "@prisma/adapter-pg";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import * as engineModule from "@prisma/schema-engine-wasm/schema_engine_bg";
import type pg from "pg";

// Prisma's own schema engine, compiled to WebAssembly, over adapter-pg: `migrate deploy` without a native binary. It
// keeps the CLI's table and folder layout. The adapter (7.10) needs the mends below to carry the engine's queries.

const CHAR_OID = 18; // PostgreSQL "char", used by its catalog and refused by adapter-pg
const TEXT_OID = 25;
const CHARACTER_COLUMN = 6; // driver-adapter-utils' ColumnTypeEnum.Character

interface RawResult {
  fields: { dataTypeID: number }[];
}

interface PatchableAdapter {
  client: { query(script: string): Promise<unknown> };
  onError(error: unknown): never;
  performIO(query: unknown): Promise<RawResult>;
  executeScript(script: string): Promise<void>;
  queryRaw(query: unknown): Promise<{ columnTypes: number[] }>;
  dispose(): Promise<void>;
}

function mend<T>(adapter: T): T {
  const target = adapter as unknown as PatchableAdapter;
  // adapter-pg splits scripts at every semicolon, also inside strings and $$ bodies: send it whole.
  target.executeScript = async (script) => {
    try {
      await target.client.query(script);
    } catch (error) {
      target.onError(error);
    }
  };
  const performIO = target.performIO.bind(target);
  const original = Object.getPrototypeOf(target) as PatchableAdapter;
  target.queryRaw = async (query) => {
    let charColumns: number[] = [];
    const reading = Object.create(target, {
      performIO: {
        value: async (sql: unknown) => {
          const raw = await performIO(sql);
          charColumns = raw.fields.flatMap((field, index) => (field.dataTypeID === CHAR_OID ? [index] : []));
          for (const index of charColumns) (raw.fields[index] as { dataTypeID: number }).dataTypeID = TEXT_OID;
          return raw;
        },
      },
    }) as PatchableAdapter;
    const result = await original.queryRaw.call(reading, query);
    for (const index of charColumns) result.columnTypes[index] = CHARACTER_COLUMN;
    return result;
  };
  return adapter;
}

class MigrationAdapterFactory extends PrismaPg {
  readonly #config: pg.PoolConfig;
  readonly #open: { dispose(): Promise<void> }[] = [];

  constructor(config: pg.PoolConfig) {
    super(config);
    this.#config = config;
  }

  override async connect() {
    const adapter = mend(await super.connect());
    this.#open.push(adapter);
    return adapter;
  }

  /** The engine never closes its connection, which holds the advisory lock until the pool drops it (10 s). */
  async closeAll(): Promise<void> {
    await Promise.allSettled(this.#open.map((adapter) => adapter.dispose()));
  }

  /** Given a connection string, adapter-pg's own would use the main database as its shadow. */
  override async connectToShadowDb() {
    const name = `prisma_migrate_shadow_db_${randomUUID()}`;
    const main = await this.connect();
    await main.executeScript(`CREATE DATABASE "${name}" TEMPLATE template0`);
    const shadow = mend(await new PrismaPg({ ...this.#config, database: name }).connect());
    const dispose = shadow.dispose.bind(shadow);
    shadow.dispose = async () => {
      await dispose();
      await main.executeScript(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
      await main.dispose();
    };
    return shadow;
  }
}

/** Discrete fields and a single connection: the engine takes a session advisory lock. */
function poolConfig(url: string): pg.PoolConfig {
  const parsed = new URL(url);
  const sslMode = parsed.searchParams.get("sslmode");
  return {
    host: parsed.hostname,
    port: Number(parsed.port || 5432),
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
    database: parsed.pathname.slice(1),
    max: 1,
    ...(sslMode && sslMode !== "disable" ? { ssl: { rejectUnauthorized: sslMode !== "no-verify" } } : {}),
  };
}

let loading: Promise<void> | undefined;

function loadEngine(): Promise<void> {
  loading ??= (async () => {
    const global = globalThis as { PRISMA_WASM_PANIC_REGISTRY?: { message: string; set_message(m: string): void } };
    global.PRISMA_WASM_PANIC_REGISTRY ??= {
      message: "",
      set_message(message) {
        this.message = message;
      },
    };
    const file = new URL("./schema_engine_bg.wasm", import.meta.resolve("@prisma/schema-engine-wasm/schema_engine_bg"));
    const imports = { "./schema_engine_bg.js": engineModule as unknown as WebAssembly.ModuleImports };
    const { instance } = await WebAssembly.instantiate(readFileSync(file), imports);
    engineModule.__wbg_set_wasm(instance.exports);
    (instance.exports.__wbindgen_start as (() => void) | undefined)?.();
  })();
  return loading;
}

/** Runs `work` with a schema engine on the database at `url`, and closes what it opened. */
export async function withSchemaEngine<T>(
  url: string,
  schema: string,
  work: (engine: engineModule.SchemaEngine) => Promise<T>,
): Promise<T> {
  await loadEngine();
  const factory = new MigrationAdapterFactory(poolConfig(url));
  const adapter = bindMigrationAwareSqlAdapterFactory(factory);
  const engine = await engineModule.SchemaEngine.new({ datamodels: [["schema.prisma", schema]] }, () => {}, adapter);
  try {
    return await work(engine);
  } finally {
    engine.free();
    await factory.closeAll();
  }
}
