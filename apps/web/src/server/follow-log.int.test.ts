import { createTRPCClient, createWSClient, wsLink } from "@trpc/client";
import type { AppRouter } from "@windlass/api";
import type { LogLine } from "@windlass/domain";
import superjson from "superjson";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocket } from "ws";
import { WEBSOCKET_PATH } from "./procedures.ts";
import { startProcedures } from "./testing/procedure-harness.ts";

type Harness = Awaited<ReturnType<typeof startProcedures>>;
let harness: Harness;
let team: Awaited<ReturnType<Harness["seedTeam"]>>;
beforeAll(async () => {
  harness = await startProcedures({ patienceMs: 60_000 });
  team = await harness.seedTeam("own");
});
afterAll(() => harness.stop());

const CHUNKS = 60;
const LINES_A_CHUNK = 50;

/** A viewer as the console is one: it comes back by itself and says which line it had last. */
function openViewer(deploymentId: string) {
  const headers = { cookie: team.cookies.viewer, origin: harness.origin };
  class SignedInWebSocket extends WebSocket {
    constructor(address: string | URL) {
      super(address, { headers });
    }
  }
  const client = createWSClient({
    url: `${harness.origin.replace("http", "ws")}${WEBSOCKET_PATH}`,
    WebSocket: SignedInWebSocket as unknown as typeof globalThis.WebSocket,
    retryDelayMs: () => 20,
  });
  const api = createTRPCClient<AppRouter>({ links: [wsLink({ client, transformer: superjson })] });
  const seen: number[] = [];
  const complete = new Promise<void>((resolve, reject) => {
    api.deployment.log.subscribe(
      { deploymentId },
      {
        onData: ({ data }) => {
          seen.push(...data.lines.map((line) => line.seq));
          if (data.isComplete) resolve();
        },
        onError: reject,
      },
    );
  });
  return { seen, complete, close: () => client.close() };
}

it("a log that is followed through cut connections arrives whole, once and in order", async () => {
  const { db } = harness.services;
  const { environmentId, teamId } = team.ids;
  const actor = { actorKind: "system" as const, actorName: "test", trigger: "test" };
  const deployment = await db.deployment.create({
    data: { environmentId, teamId, number: 2, kind: "deploy", status: "running", ...actor },
  });
  const viewers = Array.from({ length: 5 }, () => openViewer(deployment.id));
  for (let chunk = 0; chunk < CHUNKS; chunk++) {
    const firstSeq = chunk * LINES_A_CHUNK + 1;
    const lines: LogLine[] = Array.from({ length: LINES_A_CHUNK }, (_, index) => ({
      seq: firstSeq + index,
      at: Date.now(),
      step: "build",
      stream: "stdout",
      text: `line ${firstSeq + index}`,
    }));
    await db.logChunk.create({
      data: { deploymentId: deployment.id, firstSeq, lastSeq: firstSeq + LINES_A_CHUNK - 1, lines },
    });
    // Cut only once everyone is there: a client that is cut before its first question was sent gets an error instead.
    if (chunk === 5) await expect.poll(() => viewers.every((viewer) => viewer.seen.length > 0)).toBe(true);
    if (chunk % 15 === 7) harness.cutSockets();
  }
  await db.deployment.update({
    where: { id: deployment.id },
    data: {
      status: "succeeded",
      endReason: "succeeded",
      endDetail: { reason: "succeeded", message: "" },
      endedAt: new Date(),
    },
  });
  await Promise.all(viewers.map((viewer) => viewer.complete));
  const all = Array.from({ length: CHUNKS * LINES_A_CHUNK }, (_, index) => index + 1);
  for (const viewer of viewers) expect(viewer.seen).toEqual(all);
  await Promise.all(viewers.map((viewer) => viewer.close()));
});
