import assert from "node:assert/strict";
import { splitText, unpackLines } from "@windlass/db/runtime-log";
import { faultApp } from "./fault-app.ts";
import type { Stack } from "./start-stack.ts";

/** It counts, on and on, and tells its secret, API_KEY. */
export function talkingApp(): Record<string, string> {
  const files = faultApp("talker");
  const talk = `
    let n = 0;
    process.stdout.write("long " + "y".repeat(16370) + process.env.API_KEY + "z".repeat(100) + "\\n");
    setInterval(() => {
      let text = "";
      for (let i = 0; i < 5; i++) text += "line " + n++ + " says " + process.env.API_KEY + "\\n";
      process.stdout.write(text);
    }, 10);
  `;
  return { ...files, "server.js": talk + files["server.js"] };
}

/** All that is stored of what an environment's instances wrote, and the proof that no number is missing. */
export async function readRuntimeLog({ ctx: { db } }: Stack, environmentId: string): Promise<string[]> {
  const chunks = await db.runtimeLogChunk.findMany({ where: { environmentId }, orderBy: { firstSeq: "asc" } });
  let next = 1n;
  for (const { firstSeq, lastSeq, data } of chunks) {
    assert.equal(firstSeq, next);
    next = lastSeq + 1n;
    assert.equal(unpackLines(data).count, Number(lastSeq - firstSeq) + 1);
  }
  return chunks.flatMap(({ data }) => splitText(unpackLines(data).text));
}
