import { isAllowed, ROLES, type Role } from "@windlass/domain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import {
  listProcedures,
  type Outcome,
  type Procedure,
  sampleInputs,
  startProcedures,
} from "./testing/procedure-harness.ts";

// Every procedure, as every role, and with another team's ids, over HTTP and over WebSocket. The list of procedures and
// what is expected of each come from the router and the permissions table: a new procedure is in here by existing.

type Harness = Awaited<ReturnType<typeof startProcedures>>;
let harness: Harness;
let own: Awaited<ReturnType<Harness["seedTeam"]>>;
let foreign: Awaited<ReturnType<Harness["seedTeam"]>>;

beforeAll(async () => {
  harness = await startProcedures({ patienceMs: 60_000 });
  own = await harness.seedTeam("own");
  foreign = await harness.seedTeam("foreign");
});
afterAll(() => harness.stop());

const REFUSALS = ["UNAUTHORIZED", "FORBIDDEN"];

/** What the authoriser must say, or `pass`: then the operation itself may still refuse, but never break. */
function expected({ meta }: Procedure, caller: Caller): string {
  const access = meta?.access;
  if (!access) return "a declaration of access";
  if (access.kind === "public") return "pass";
  if (caller === "anonymous") return "UNAUTHORIZED";
  if (access.kind === "signed_in") return "pass";
  if (access.kind === "administrator") return caller === "administrator" ? "pass" : "FORBIDDEN";
  // An administrator of the instance is in no team by that.
  if (caller === "foreigner" || caller === "administrator") return "NOT_FOUND";
  return isAllowed(caller, access.resource, access.action) ? "pass" : "FORBIDDEN";
}

function check(outcome: Outcome, wanted: string, what: string): void {
  if (wanted !== "pass") {
    expect(`${what}: ${outcome.code}`).toBe(`${what}: ${wanted}`);
    return;
  }
  expect(REFUSALS, `${what} was refused: ${outcome.message}`).not.toContain(outcome.code);
  expect(outcome.code, `${what}: ${outcome.message}`).not.toBe("INTERNAL_SERVER_ERROR");
}

type Caller = Role | "anonymous" | "foreigner" | "administrator";
const CALLERS: Caller[] = ["anonymous", "foreigner", "administrator", ...ROLES];

describe.each(listProcedures())("$path", (procedure) => {
  it("declares its access and has a sample input", () => {
    expect(procedure.meta?.access).toBeDefined();
    expect(Object.keys(sampleInputs(own.ids))).toContain(procedure.path);
  });

  it.each(CALLERS)("answers %s as the permissions say, over HTTP and WebSocket", async (caller) => {
    const input = sampleInputs(own.ids)[procedure.path];
    const cookie = caller === "anonymous" ? null : caller === "foreigner" ? foreign.cookies.owner : own.cookies[caller];
    const wanted = expected(procedure, caller);
    if (procedure.type !== "subscription") {
      check(await harness.overHttp(procedure, input, cookie), wanted, `HTTP ${procedure.path} as ${caller}`);
    }
    // A socket is opened only for someone: for anyone else it is refused at the door, public procedures included.
    const atTheDoor = caller === "anonymous" ? "UNAUTHORIZED" : wanted;
    check(await harness.overWebSocket(procedure, input, cookie), atTheDoor, `WebSocket ${procedure.path} as ${caller}`);
  });
});

describe("mixed ids", () => {
  it("never reach another team's rows through one's own", async () => {
    const procedure = { path: "deployment.rollback", type: "mutation", meta: undefined } as const;
    const input = { environmentId: own.ids.environmentId, releaseId: foreign.ids.releaseId };
    expect((await harness.overHttp(procedure, input, own.cookies.owner)).code).toBe("NOT_FOUND");
    const revoke = { path: "token.revoke", type: "mutation", meta: undefined } as const;
    expect((await harness.overHttp(revoke, { tokenId: foreign.ids.tokenId }, own.cookies.owner)).code).toBe(
      "NOT_FOUND",
    );
  });
});

/** An open socket; `closed` gives the code it is closed with. In an object, for a promise in a promise would be awaited. */
async function openSocket(cookie: string): Promise<{ closed: Promise<number> }> {
  const socket = new WebSocket(`${harness.origin.replace("http", "ws")}/api/trpc-ws`, {
    headers: { cookie, origin: harness.origin },
  });
  await new Promise((resolve) => socket.once("open", resolve));
  return { closed: new Promise((resolve) => socket.once("close", resolve)) };
}

describe("a session", () => {
  it("that has ended is refused at once, and its open sockets are closed", async () => {
    const user = await harness.services.db.user.findFirstOrThrow({ where: { email: "viewer@own.test" } });
    const cookie = await harness.signIn(user.id);
    const me = { path: "account.me", type: "query", meta: undefined } as const;
    expect((await harness.overHttp(me, undefined, cookie)).code).toBe("ok");
    const { closed } = await openSocket(cookie);
    await harness.services.db.session.updateMany({ where: { userId: user.id }, data: { endedAt: new Date() } });
    expect(await closed).toBe(4401);
    expect((await harness.overHttp(me, undefined, cookie)).code).toBe("UNAUTHORIZED");
  });

  it("closes its sockets when it expires", async () => {
    const user = await harness.services.db.user.findFirstOrThrow({ where: { email: "viewer@own.test" } });
    const { closed } = await openSocket(await harness.signIn(user.id, 1500));
    expect(await closed).toBe(4401);
  });

  it("cannot be used from another site's page", async () => {
    const response = await fetch(`${harness.origin}/api/trpc/account.me`, {
      headers: { cookie: own.cookies.owner, origin: "https://evil.example" },
    });
    expect(response.status).toBe(403);
  });

  it("whose password must be changed can do that and nothing else", async () => {
    const { db } = harness.services;
    const user = await db.user.create({
      data: { email: "new@own.test", name: "New", passwordHash: "x", mustChangePassword: true },
    });
    await db.membership.create({ data: { teamId: own.ids.teamId, userId: user.id, role: "owner" } });
    const cookie = await harness.signIn(user.id);
    for (const procedure of listProcedures().filter(({ type }) => type !== "subscription")) {
      const access = procedure.meta?.access;
      if (access?.kind === "public" || (access?.kind === "signed_in" && access.beforePasswordChange)) continue;
      const outcome = await harness.overHttp(procedure, sampleInputs(own.ids)[procedure.path], cookie);
      expect(`${procedure.path}: ${outcome.code}`).toBe(`${procedure.path}: FORBIDDEN`);
    }
  });
});

describe("a personal token", () => {
  it("acts as its user in its team until it is revoked, and cannot make tokens or change the password", async () => {
    const call = async (path: string, token: string, input?: unknown) => {
      const response = await fetch(`${harness.origin}/api/trpc/${path}`, {
        method: input === undefined ? "GET" : "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: input === undefined ? undefined : JSON.stringify({ json: input }),
      });
      return {
        status: response.status,
        body: (await response.json()) as { result?: { data: { json: Record<string, unknown> } } },
      };
    };
    const made = await fetch(`${harness.origin}/api/trpc/token.create`, {
      method: "POST",
      headers: { cookie: own.cookies.developer, "content-type": "application/json" },
      body: JSON.stringify({ json: { teamId: own.ids.teamId, name: "ci", expiresInDays: null } }),
    });
    const { token, row } = (
      (await made.json()) as { result: { data: { json: { token: string; row: { id: string } } } } }
    ).result.data.json;
    expect((await call("account.me", token)).body.result?.data.json).toMatchObject({ user: { name: "developer" } });
    expect(
      (await call("token.create", token, { teamId: own.ids.teamId, name: "more", expiresInDays: null })).status,
    ).toBe(403);
    expect(
      (await call("account.changePassword", token, { currentPassword: "x", newPassword: "a new long password" }))
        .status,
    ).toBe(403);
    const stored = await harness.services.db.token.findUniqueOrThrow({ where: { id: row.id } });
    expect(JSON.stringify(stored)).not.toContain(token);
    await fetch(`${harness.origin}/api/trpc/token.revoke`, {
      method: "POST",
      headers: { cookie: own.cookies.developer, "content-type": "application/json" },
      body: JSON.stringify({ json: { tokenId: row.id } }),
    });
    expect((await call("account.me", token)).status).toBe(401);
  });
});
