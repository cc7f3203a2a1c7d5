import { describe, expect, it } from "vitest";
import { OutputBuffer } from "../log/output-buffer.ts";
import { type DockerCursors, LogParser } from "./log-parser.ts";

const DAY = "2026-11-21T13:36:0";
const time = (tenths: number, nanos = 0) =>
  `${DAY}${Math.floor(tenths / 10)}.${tenths % 10}${String(nanos).padStart(8, "0")}Z`;

function frame(stream: 1 | 2, at: string, text: string): Buffer {
  const payload = Buffer.from(`${at} ${text}`);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

function read(frames: Buffer[], after: DockerCursors = {}, { pieces = Number.POSITIVE_INFINITY, isOver = false } = {}) {
  const lines = new OutputBuffer();
  const parser = new LogParser(lines, after, Number.POSITIVE_INFINITY);
  const all = Buffer.concat(frames);
  for (let at = 0; at < all.length; at += pieces) parser.feed(all.subarray(at, Math.min(all.length, at + pieces)));
  if (isOver) parser.finish();
  const taken = lines.take();
  return {
    text: taken.text.toString().split("\n").slice(0, -1),
    times: [...taken.times],
    streams: [...taken.streams],
    // As it is stored and read again.
    cursors: JSON.parse(JSON.stringify(parser.cursors)) as DockerCursors,
    isSuspicious: parser.isSuspicious,
  };
}

describe("a container's log", () => {
  it("is read the same however it is cut into pieces", () => {
    const frames = [
      frame(1, time(1), "one\r\n"),
      frame(2, time(2), "two\n"),
      frame(1, time(2), "\n"),
      frame(1, time(3), "three, the first part"),
      frame(2, time(3), "between\n"),
      frame(1, time(3), ", the second\n"),
    ];
    const whole = read(frames);
    expect(whole.text).toEqual(["one", "two", "", "between", "three, the first part, the second"]);
    expect(whole.streams).toEqual([1, 2, 1, 2, 1]);
    expect(whole.times.map((at) => new Date(at).toISOString())).toEqual(
      [1, 2, 2, 3, 3].map((tenths) => `${time(tenths).slice(0, 23)}Z`),
    );
    for (const pieces of [1, 7, 40]) expect(read(frames, {}, { pieces })).toEqual(whole);
  });

  it("goes on behind the last line, though many lines have its time and the streams are not in one order", () => {
    const frames = Array.from({ length: 300 }, (_, index) => {
      const stream = index % 3 === 0 ? 2 : 1;
      // Ten lines a time, stderr a little before what stands in front of it.
      return frame(stream, time(Math.floor(index / 10), stream === 2 ? 1 : 2), `line ${index}\n`);
    });
    const whole = read(frames).text;
    for (let cut = 0; cut <= frames.length; cut++) {
      const first = read(frames.slice(0, cut));
      expect([...first.text, ...read(frames, first.cursors).text]).toEqual(whole);
    }
  });

  it("reads a line again that was not whole when the reader went away", () => {
    const frames = [
      frame(1, time(1), "one\n"),
      frame(1, time(1), "two, "),
      frame(1, time(1), "and "),
      frame(1, time(1), "three\n"),
      frame(1, time(1), "four\n"),
    ];
    for (let cut = 0; cut <= frames.length; cut++) {
      const first = read(frames.slice(0, cut));
      expect([...first.text, ...read(frames, first.cursors).text]).toEqual(["one", "two, and three", "four"]);
    }
  });

  it("takes what has no line break for a line when the log is over", () => {
    const ended = read([frame(1, time(1), "no end")], {}, { isOver: true });
    expect(ended.text).toEqual(["no end"]);
    const both = [frame(1, time(1), "no end"), frame(1, time(2), "more\n")];
    expect(read(both, ended.cursors).text).toEqual(["more"]);
    // Also when it is read only after the container was started again.
    expect(read(both).text).toEqual(["no end", "more"]);
  });

  it("says so when lines were rotated away before they were read", () => {
    const { cursors } = read([frame(1, time(1), "one\n")]);
    const later = read([frame(1, time(20), "later\n")], cursors);
    expect(later.text).toEqual([
      expect.stringContaining("between 2026-11-21T13:36:00.100 and 2026-11-21T13:36:02.000"),
      "later",
    ]);
    expect(later.streams).toEqual([3, 1]);
  });

  it("stops reading where a late reader may have been led past rotated files", () => {
    const lines = new OutputBuffer();
    const parser = new LogParser(lines, {}, 0);
    parser.feed(Buffer.concat([frame(1, time(1), "one\n"), frame(1, time(1, 1), "two\n")]));
    parser.feed(frame(1, time(9), "after a jump\n"));
    expect(parser.isSuspicious).toBe(true);
    expect(lines.take().text.toString()).toBe("one\ntwo\n");
    expect(parser.cursors.stdout).toEqual({ time: time(1, 1), count: 1 });
  });
});
