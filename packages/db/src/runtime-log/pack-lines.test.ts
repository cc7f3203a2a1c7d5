import { describe, expect, it } from "vitest";
import { packLines, splitText, unpackLines } from "./pack-lines.ts";

describe("packed lines", () => {
  it("come out as they went in", () => {
    const text = Buffer.from("one\n\nzwölf ☃\n");
    const packed = packLines({
      text,
      times: Float64Array.of(1_700_000_000_123, 1_700_000_000_100, 1_700_000_005_000),
      streams: Uint8Array.of(1, 2, 3),
    });
    expect(packed).toMatchObject({ lines: 3, fromAt: 1_700_000_000_100, toAt: 1_700_000_005_000, streams: 7 });
    const lines = unpackLines(packed.data);
    expect(lines.count).toBe(3);
    expect([0, 1, 2].map(lines.at)).toEqual([1_700_000_000_123, 1_700_000_000_100, 1_700_000_005_000]);
    expect([0, 1, 2].map(lines.stream)).toEqual([1, 2, 3]);
    expect(splitText(lines.text)).toEqual(["one", "", "zwölf ☃"]);
  });

  it("keep an empty line apart from no line", () => {
    const packed = packLines({ text: Buffer.from("\n"), times: Float64Array.of(1), streams: Uint8Array.of(1) });
    expect(splitText(unpackLines(packed.data).text)).toEqual([""]);
  });
});
