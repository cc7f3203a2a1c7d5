import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { LONGEST_RAW_LINE } from "../log/split-long-line.ts";
import { BuildOutput, progressMessages, pullLine } from "./build-output.ts";

const textOf = (parts: string[]) => {
  const output = new BuildOutput();
  const lines = parts.flatMap((stream) => output.read({ stream }));
  return { output, lines: [...lines, ...output.end()] };
};

describe("progressMessages", () => {
  it("reads messages however the stream is cut, inside a character too", async () => {
    const bytes = Buffer.from('{"stream":"größe\\n"}\r\n{"aux":{"ID":"sha256:1"}}');
    const seen = [];
    for await (const message of progressMessages(Readable.from([...bytes].map((byte) => Buffer.from([byte]))))) {
      seen.push(message);
    }
    expect(seen).toEqual([{ stream: "größe\n" }, { aux: { ID: "sha256:1" } }]);
  });
});

describe("BuildOutput", () => {
  it("joins what comes in parts and gives a last line without an end", () => {
    expect(textOf(["hel", "lo\nwor", "ld"]).lines).toEqual([
      { stream: "stdout", text: "hello" },
      { stream: "stdout", text: "world" },
    ]);
  });

  it("hands a long line on as one, and keeps only so much of a line that never ends", () => {
    const output = new BuildOutput();
    const part = "x".repeat(100_000);
    expect(Array.from({ length: 10 }, () => output.read({ stream: part })).flat()).toEqual([]);
    expect(output.read({ stream: "\n" }).map(({ text }) => text.length)).toEqual([1_000_000]);
    for (let i = 0; i < 30; i++) output.read({ stream: part });
    expect(output.end()[0]?.text).toHaveLength(LONGEST_RAW_LINE);
  });

  it("tells stderr by the builder's red and leaves the app's own colours", () => {
    expect(textOf(["\u001b[91mwarning: old\n\u001b[0m", "\u001b[32mdone\u001b[0m\n"]).lines).toEqual([
      { stream: "stderr", text: "warning: old" },
      { stream: "stdout", text: "\u001b[32mdone\u001b[0m" },
    ]);
  });

  it("remembers the step that runs and drops the builder's own remarks", () => {
    const { output, lines } = textOf([
      "Step 2/3 : RUN npm ci --omit=dev\n",
      " ---> Running in 0123456789ab\n",
      "added 3 packages\n",
      "Removing intermediate container 0123456789ab\n ---> ba9876543210\n",
    ]);
    expect(output.step).toEqual({ number: 2, of: 3, instruction: "RUN npm ci --omit=dev" });
    expect(lines.map(({ text }) => text)).toEqual(["Step 2/3 : RUN npm ci --omit=dev", "added 3 packages"]);
    expect(output.tail).toEqual(["added 3 packages"]);
  });

  it("keeps the last forty lines without their colours as evidence", () => {
    const { output } = textOf(Array.from({ length: 50 }, (_, n) => `\u001b[33mline ${n}\u001b[0m\n`));
    expect(output.tail).toHaveLength(40);
    expect(output.tail.at(-1)).toBe("line 49");
  });
});

describe("pullLine", () => {
  it("keeps one line for each layer and the end", () => {
    const statuses = [
      { status: "Pulling from library/node", id: "22-slim" },
      { status: "Pulling fs layer", id: "aaa" },
      { status: "Downloading", id: "aaa" },
      { status: "Pull complete", id: "aaa" },
      { status: "Already exists", id: "bbb" },
      { status: "Digest: sha256:123" },
      { status: "Status: Downloaded newer image for node:22-slim" },
    ];
    expect(statuses.flatMap(pullLine)).toEqual([
      "22-slim: Pulling from library/node",
      "aaa: pull complete",
      "bbb: already exists",
      "Digest: sha256:123",
      "Status: Downloaded newer image for node:22-slim",
    ]);
  });
});
