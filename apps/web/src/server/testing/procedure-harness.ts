import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { appRouter, type ProcedureMeta, type Services } from "@windlass/api";
import { openLive } from "@windlass/api/live";
import { openQueue } from "@windlass/api/operations";
import { createCipher } from "@windlass/db/encryption";
import { createTestDatabase, seedEnvironment, storeLogLines } from "@windlass/db/testing";
import { EnvironmentConfig, ROLES, type Role } from "@windlass/domain";
import { encode } from "next-auth/jwt";
import { pino } from "pino";
import { WebSocket } from "ws";
import { serveProcedures, WEBSOCKET_PATH } from "../procedures.ts";

/** How a call ended: tRPC's code, or `ok`. A subscription is ok once it has pushed or stayed open. */
export interface Outcome {
  code: string;
  message: string;
  field: string | null;
}

export interface Procedure {
  path: string;
  type: "query" | "mutation" | "subscription";
  meta: ProcedureMeta | undefined;
}

const SECRET = "0".repeat(64);

export const listProcedures = (): Procedure[] =>
  Object.entries(
    appRouter._def.procedures as unknown as Record<string, { _def: { type: Procedure["type"]; meta?: ProcedureMeta } }>,
  ).map(([path, { _def }]) => ({ path, type: _def.type, meta: _def.meta }));

/**
 * The real procedures on a real socket and a real database, with two teams and a caller for every role. A call that is
 * still waiting after `patienceMs` was let in: short where nothing depends on it, long where a slow refusal must not
 * look like that.
 */
export async function startProcedures({ patienceMs }: { patienceMs: number }) {
  const test = await createTestDatabase();
  await answerSourceChecks(test.db);
  const cipher = createCipher(new Map([[1, randomBytes(32)]]));
  const services: Services = {
    db: test.db,
    cipher,
    queue: await openQueue(test.url),
    live: openLive(test.url),
    addresses: { appsDomain: "localhost", appsPort: 8080, appsScheme: "http" },
  };
  const unexpected: unknown[] = [];
  const log = pino({ level: "silent" });
  const server = createServer();
  const procedures = serveProcedures(services, {
    secret: SECRET,
    publicUrl: undefined,
    log: Object.assign(log, { error: (entry: unknown) => unexpected.push(entry) }),
  });
  server.on("request", (request, response) => void procedures.handleRequest(request, response));
  const sockets = new Set<Duplex>();
  server.on("upgrade", (request, socket, head) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    void procedures.handleUpgrade(request, socket, head);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function signIn(userId: string, lastsMs = 3600_000): Promise<string> {
    const session = await test.db.session.create({ data: { userId, expiresAt: new Date(Date.now() + lastsMs) } });
    return `windlass-session=${await encode({ token: { sub: userId, sid: session.id }, secret: SECRET })}`;
  }

  return {
    services,
    origin,
    unexpected,
    signIn,
    /** Ends every WebSocket without a word, as a lost network does. */
    cutSockets: () => {
      for (const socket of sockets) socket.destroy();
    },
    /** A team with a member of each role, and one of everything it can own. */
    seedTeam: (slug: string) => seedTeam(services, slug, signIn),
    overHttp: (procedure: Procedure, input: unknown, cookie: string | null) =>
      callHttp(origin, procedure, input, cookie, patienceMs),
    overWebSocket: (procedure: Procedure, input: unknown, cookie: string | null) =>
      callWebSocket(origin, procedure, input, cookie, patienceMs),
    async stop() {
      procedures.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await services.live.close();
      await services.queue.stop();
      await test.drop();
    },
  };
}

/** There is no worker here that would look into a source: what it would write is there at once. */
async function answerSourceChecks(db: Services["db"]): Promise<void> {
  const result = JSON.stringify({ ok: false, code: "source_unreachable", message: "It does not answer." });
  await db.$executeRawUnsafe(`
    create function answer_source_check() returns trigger language plpgsql as
    $$ begin new.result := '${result}'; return new; end $$`);
  await db.$executeRawUnsafe(`
    create trigger answer_source_check before insert on "SourceCheck"
    for each row execute function answer_source_check()`);
}

async function seedTeam({ db, cipher }: Services, slug: string, signIn: (userId: string) => Promise<string>) {
  const { team, app, environment } = await seedEnvironment(db, slug);
  const cookies = {} as Record<Role | "administrator", string>;
  let ownerId = "";
  for (const role of ROLES) {
    const user = await db.user.create({
      data: { email: `${role}@${slug}.test`, name: role, passwordHash: "scrypt$2$1$1$AA$AA" },
    });
    await db.membership.create({ data: { teamId: team.id, userId: user.id, role } });
    cookies[role] = await signIn(user.id);
    if (role === "owner") ownerId = user.id;
  }
  const administrator = await db.user.create({
    data: { email: `instance@${slug}.test`, name: "Ada", passwordHash: "scrypt$2$1$1$AA$AA", isAdministrator: true },
  });
  cookies.administrator = await signIn(administrator.id);
  const config = EnvironmentConfig.parse({});
  const release = await db.release.create({
    data: {
      environmentId: environment.id,
      number: 1,
      runtime: "process",
      artifact: { kind: "folder", path: "/nowhere", command: ["true"], origin: "node" },
      config,
      variables: cipher.encrypt("{}", "releaseVariables"),
      variablesVersion: 1,
      variableDigests: {},
    },
  });
  const deployment = await db.deployment.create({
    data: {
      environmentId: environment.id,
      teamId: team.id,
      number: 1,
      kind: "deploy",
      status: "succeeded",
      endReason: "succeeded",
      endDetail: { reason: "succeeded", message: "Live.", evidence: [] },
      endedAt: new Date(),
      actorKind: "system",
      actorName: "test",
      trigger: "test",
      ref: "main",
      commitSha: "0".repeat(40),
      releaseId: release.id,
    },
  });
  // A follower of the whole log is given a line at once.
  await storeLogLines(db, {
    environmentId: environment.id,
    releaseId: release.id,
    instance: "instance",
    firstSeq: 1,
    lines: [{ text: "a word", at: Date.now() }],
  });
  const token = await db.token.create({
    data: { userId: ownerId, teamId: team.id, name: "t", hash: `hash-${slug}`, hint: "wl_…" },
  });
  const ids = {
    teamId: team.id,
    appId: app.id,
    environmentId: environment.id,
    deploymentId: deployment.id,
    releaseId: release.id,
    tokenId: token.id,
  };
  return { ids, cookies };
}

async function callHttp(
  origin: string,
  { path, type }: Procedure,
  input: unknown,
  cookie: string | null,
  patienceMs: number,
): Promise<Outcome> {
  const headers = { ...(cookie ? { cookie } : {}), "content-type": "application/json" };
  const body = JSON.stringify({ json: input });
  const query = type === "query" ? `?input=${encodeURIComponent(body)}` : "";
  try {
    const response = await fetch(`${origin}/api/trpc/${path}${query}`, {
      method: type === "query" ? "GET" : "POST",
      headers,
      body: type === "query" ? undefined : body,
      signal: AbortSignal.timeout(patienceMs),
    });
    return outcomeOf((await response.json()) as Answer);
  } catch (error) {
    if ((error as Error).name === "TimeoutError") return { code: "ok", message: "still waiting", field: null };
    throw error;
  }
}

interface Answer {
  error?: { json?: ErrorShape } & Partial<ErrorShape>;
}
interface ErrorShape {
  message: string;
  data: { code: string; domain?: { field: string | null } };
}

function outcomeOf(answer: Answer): Outcome {
  const error = answer.error?.json ?? (answer.error as ErrorShape | undefined);
  if (!error) return { code: "ok", message: "", field: null };
  return { code: error.data.code, message: error.message, field: error.data.domain?.field ?? null };
}

function callWebSocket(
  origin: string,
  { path, type }: Procedure,
  input: unknown,
  cookie: string | null,
  patienceMs: number,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${origin.replace("http", "ws")}${WEBSOCKET_PATH}`, {
      headers: cookie ? { cookie, origin } : { origin },
    });
    const end = (outcome: Outcome) => {
      clearTimeout(timer);
      socket.terminate();
      resolve(outcome);
    };
    const timer = setTimeout(() => end({ code: "ok", message: "still waiting", field: null }), patienceMs);
    socket.on("unexpected-response", (_request, response) => {
      end({
        code: response.statusCode === 401 ? "UNAUTHORIZED" : `HTTP ${response.statusCode}`,
        message: "",
        field: null,
      });
    });
    socket.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.on("open", () =>
      socket.send(JSON.stringify({ id: 1, method: type, params: { path, input: { json: input } } })),
    );
    socket.on("message", (data) => {
      const answer = JSON.parse(String(data)) as Answer & { id: number | null; result?: { type: string } };
      if (answer.id !== 1) return;
      // A subscription starts before its first value, which is what the authoriser decides on.
      if (answer.error || answer.result?.type !== "started") end(outcomeOf(answer));
    });
  });
}

type Ids = Awaited<ReturnType<typeof seedTeam>>["ids"];

const CONFIG = {
  build: { kind: "dockerfile", context: ".", dockerfile: "Dockerfile", target: "app", args: { A: "b" } },
  command: ["node", "server.js"],
  health: { path: "/health", codes: "200-299" },
};

/** A valid input for every procedure, about the given rows. A procedure without one fails the matrix. */
export function sampleInputs(ids: Ids): Record<string, unknown> {
  const { teamId, appId, environmentId, deploymentId, releaseId, tokenId } = ids;
  const source = { kind: "git", url: "https://example.com/app.git" };
  const hostKey = "example.com ssh-ed25519 AAAA";
  const name = () => `App ${randomBytes(4).toString("hex")}`;
  return {
    "account.me": undefined,
    "account.changePassword": { currentPassword: "not the password", newPassword: "a new long password" },
    "app.list": { teamId },
    "app.watchAll": { teamId },
    "app.get": { appId },
    "app.watch": { appId },
    "app.checkSource": { teamId, source, ref: "main", repositoryToken: "token", sshHostKeys: [hostKey] },
    "app.createDeployKey": { teamId },
    "app.create": {
      teamId,
      name: name(),
      source,
      branch: "main",
      repositoryToken: "token",
      sshHostKeys: [hostKey],
      runtime: "docker",
      config: CONFIG,
      variables: [{ key: "KEY", value: "value", isSecret: true }],
      deploy: true,
    },
    "app.update": { appId, name: name(), repositoryToken: "token" },
    "deployment.list": { environmentId, before: deploymentId },
    "deployment.get": { deploymentId },
    "deployment.watch": { deploymentId },
    "deployment.log": { deploymentId, lastEventId: "0" },
    "deployment.create": { environmentId, ref: "main", allowOlder: true },
    "deployment.redeploy": { deploymentId, allowOlder: true },
    "deployment.rollback": { environmentId, releaseId },
    "deployment.planRollback": { environmentId, releaseId },
    "deployment.cancel": { deploymentId },
    "deployment.keep": { deploymentId },
    "app.planDeletion": { appId },
    "app.delete": { appId, typedName: "not its name" },
    "deployment.preview": { environmentId },
    "deployment.previewCommits": { environmentId, ref: "main" },
    "environment.create": { appId, name: name(), branch: "main", copyFrom: environmentId, copyVariables: true },
    "environment.restart": { environmentId },
    "environment.start": { environmentId },
    "environment.stop": { environmentId },
    "environment.scale": { environmentId, instances: 2 },
    "environment.planDeletion": { environmentId },
    "environment.delete": { environmentId, typedName: "not its name" },
    "environment.get": { environmentId },
    "environment.watch": { environmentId },
    "environment.hold": {
      environmentId,
      hold: {
        kind: "maintenance",
        notice: { title: "Back soon", text: "We move." },
        retryAfterSeconds: 60,
        allow: ["10.0.0.0/8"],
      },
    },
    "environment.update": { environmentId, name: name(), branch: "main", runtime: "process", config: CONFIG },
    "log.watch": { environmentId },
    "log.read": {
      environmentId,
      filter: { text: "word", isRegex: true, stream: "stdout", instance: "wl-app" },
      limit: 10,
    },
    "log.locate": { environmentId, at: Date.now() },
    "log.follow": { environmentId, lastEventId: "0", filter: { text: "word" } },
    "log.export": { environmentId, filter: { text: "word" } },
    "log.setBudget": { environmentId, budget: { megabytes: 100, days: 7 } },
    "overview.get": { teamId },
    "overview.watch": { teamId },
    "runtime.get": undefined,
    "runtime.watch": undefined,
    "setup.status": { key: "key" },
    "setup.complete": { key: "key", name: "Name", email: "a@b.example", password: "a long password", teamName: "Team" },
    "storage.get": undefined,
    "storage.watch": undefined,
    "storage.look": undefined,
    "storage.cleanUp": { server: "harbour", keys: ["layer sha256:0123"] },
    "token.list": undefined,
    "token.create": { teamId, name: "ci", expiresInDays: 30 },
    "token.revoke": { tokenId },
    "variable.set": { environmentId, variables: [{ key: "KEY", value: "value", isSecret: false }] },
    "variable.remove": { environmentId, keys: ["KEY"] },
  };
}
