import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listProcedures, type Procedure, sampleInputs, startProcedures } from "./testing/procedure-harness.ts";

// Every string in every procedure's input is replaced by what attackers and accidents send. The answer is a clear
// refusal or harmless storage: never a crash, and never an error without a sentence.

const HOSTILE: Record<string, string> = {
  "a shell's metacharacters": "$(touch /tmp/pwned); `id` | cat && rm -rf ~ > x",
  "a leading dash": "--upload-pack=touch /tmp/pwned",
  "a line break": "main\nHost: evil",
  "a null character": "a\u0000b",
  "half of a surrogate pair": "a\ud800b",
  "a path out": "../../../../etc/passwd",
  "a very long value": "x".repeat(1_000_000),
  "a look-alike": "аdmin\u202egnp.\u200bexe",
  SQL: '\'; DROP TABLE "User"; --',
  "a prototype": "__proto__",
  "a template": `{{7*7}}$${"{7*7}"}<script>alert(1)</script>`,
  nothing: "",
};

type Harness = Awaited<ReturnType<typeof startProcedures>>;
let harness: Harness;
let team: Awaited<ReturnType<Harness["seedTeam"]>>;
beforeAll(async () => {
  harness = await startProcedures({ patienceMs: 1500 });
  team = await harness.seedTeam("own");
});
afterAll(() => harness.stop());

/** Every copy of the value in which one string leaf, or one key of a record, is replaced. */
function* mutations(value: unknown, hostile: string): Generator<unknown> {
  if (typeof value === "string") yield hostile;
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      for (const changed of mutations(item, hostile)) yield value.with(index, changed);
    }
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      for (const changed of mutations(item, hostile)) yield { ...value, [key]: changed };
    }
  }
}

/** Subscriptions are there over WebSocket only. */
function call(procedure: Procedure, input: unknown) {
  const cookie = team.cookies[procedure.meta?.access.kind === "administrator" ? "administrator" : "owner"];
  return procedure.type === "subscription"
    ? harness.overWebSocket(procedure, input, cookie)
    : harness.overHttp(procedure, input, cookie);
}

describe.each(listProcedures())("$path", (procedure) => {
  it("meets hostile strings in every field with a clear error or harmless storage", async () => {
    for (const [kind, hostile] of Object.entries(HOSTILE)) {
      for (const input of mutations(sampleInputs(team.ids)[procedure.path], hostile)) {
        // A megabyte does not fit into an address: that is the transport's own refusal.
        if (procedure.type === "query" && hostile.length > 10_000) continue;
        const outcome = await call(procedure, input);
        const told = `${procedure.path} with ${kind}: ${outcome.code} ${outcome.message.slice(0, 200)}`;
        expect(outcome.code, told).not.toBe("INTERNAL_SERVER_ERROR");
        if (outcome.code !== "ok") expect(outcome.message, told).toMatch(/[a-z]{3,}.*\.?$/i);
      }
    }
    expect(harness.unexpected).toEqual([]);
  }, 240_000);

  it("refuses what is not an object of its fields", async () => {
    const sample = sampleInputs(team.ids)[procedure.path];
    if (sample === undefined) return;
    for (const input of [null, 7, "text", [], { unknown: true }]) {
      const outcome = await call(procedure, input);
      expect(`${procedure.path}: ${outcome.code}`).toBe(`${procedure.path}: BAD_REQUEST`);
    }
  });
});
