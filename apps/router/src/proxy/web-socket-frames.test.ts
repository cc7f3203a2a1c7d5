import { describe, expect, it } from "vitest";
import { FrameCursor, restartFrame } from "./web-socket-frames.ts";

function frame(length: number, { opcode = 2, masked = false } = {}): Buffer {
  const head =
    length < 126
      ? [length]
      : length < 65_536
        ? [126, length >> 8, length & 255]
        : [127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255];
  head[0] = (head[0] as number) | (masked ? 0x80 : 0);
  return Buffer.concat([
    Buffer.from([0x80 | opcode, ...head, ...(masked ? [1, 2, 3, 4] : [])]),
    Buffer.alloc(length, 0x88),
  ]);
}

describe("a cursor over WebSocket frames", () => {
  it.each([0, 1, 125, 126, 65_535, 65_536, 200_000])(
    "finds the end of frames of %i bytes, however they are cut",
    (length) => {
      for (const masked of [false, true]) {
        const bytes = Buffer.concat([frame(length, { masked }), frame(3, { masked })]);
        const ends = [frame(length, { masked }).length, bytes.length];
        for (const piece of [1, 7, bytes.length].filter((size) => size > 1 || bytes.length < 1000)) {
          const cursor = new FrameCursor();
          const found: number[] = [];
          for (let at = 0; at < bytes.length; ) {
            at += cursor.advance(bytes.subarray(at, at + piece), true);
            if (cursor.isBetweenFrames) found.push(at);
          }
          expect(found).toEqual(ends);
          expect(cursor.hasClosed).toBe(false);
        }
      }
    },
  );

  it("notices a goodbye, and no payload that looks like one", () => {
    const cursor = new FrameCursor();
    cursor.advance(frame(500));
    expect(cursor.hasClosed).toBe(false);
    cursor.advance(frame(2, { opcode: 8 }));
    expect(cursor.hasClosed).toBe(true);
  });

  it("takes its own close frames for closes, masked toward a server alone", () => {
    for (const to of ["client", "server"] as const) {
      const cursor = new FrameCursor();
      cursor.advance(restartFrame(to));
      expect([cursor.isBetweenFrames, cursor.hasClosed]).toEqual([true, true]);
    }
    expect(restartFrame("client").readUInt16BE(2)).toBe(1012);
    expect((restartFrame("server")[1] as number) & 0x80).toBe(0x80);
  });
});
