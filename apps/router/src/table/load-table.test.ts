import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ServiceRecord } from "./draft-table.ts";
import { loadTable } from "./load-table.ts";
import { saveTable } from "./save-table.ts";

const table = (...names: string[]): Map<string, ServiceRecord> =>
  new Map(names.map((service) => [service, { service, token: 1, hosts: [`${service}.test`], target: null }]));

describe("the table on disk", () => {
  const errors: string[] = [];
  const log = pino({}, { write: (line: string) => void errors.push(JSON.parse(line).msg) });
  let folder = "";
  let path = "";

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "table-"));
    path = join(folder, "table");
    errors.length = 0;
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("is empty on the first start", async () => {
    expect((await loadTable(path, log)).size).toBe(0);
    expect(errors).toEqual([]);
  });

  it("comes back as it was saved", async () => {
    const saved = table("a", "b");
    saved.set("r", {
      service: "r",
      token: 7,
      hosts: [],
      target: { id: "r1", addresses: [{ host: "10.0.0.1", port: 80 }] },
    });
    saved.set("gone", { service: "gone", token: 9, hosts: [], target: null, removed: true });
    await saveTable(path, saved);
    expect(await loadTable(path, log)).toEqual(saved);
    expect((await readdir(folder)).sort()).toEqual(["table"]);
  });

  it("is served from the copy before the last save when a byte changed", async () => {
    await saveTable(path, table("a"));
    await saveTable(path, table("a", "b"));
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace("b.test", "c.test"));
    expect([...(await loadTable(path, log)).keys()]).toEqual(["a"]);
    expect((await readdir(folder)).some((name) => /^table\.corrupt-\d+$/.test(name))).toBe(true);
    expect(errors[0]).toContain("damaged");
  });

  it("is served from the copy before the last save wherever the file is cut short", async () => {
    await saveTable(path, table("a"));
    await saveTable(path, table("a", "b"));
    const whole = await readFile(path);
    for (let length = 0; length < whole.length; length += 7) {
      await saveTable(path, table("a"));
      await saveTable(path, table("a", "b"));
      await truncate(path, length);
      expect([...(await loadTable(path, log)).keys()], `cut at ${length}`).toEqual(["a"]);
    }
  });

  it("is empty, and both files are kept for people to look at, when both copies are damaged", async () => {
    await saveTable(path, table("a"));
    await saveTable(path, table("b"));
    await writeFile(path, "");
    await writeFile(`${path}.previous`, "rubbish");
    expect((await loadTable(path, log)).size).toBe(0);
    expect((await readdir(folder)).filter((name) => name.includes(".corrupt-"))).toHaveLength(2);
  });

  it("stays as it was when the folder cannot be written to", async () => {
    await expect(saveTable(join(folder, "missing", "table"), table("a"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});
