import { DomainError } from "@windlass/domain";
import { describe, expect, it } from "vitest";
import type { Live } from "./live.ts";
import { snapshots } from "./snapshots.ts";

const live: Live = {
  watch: () => ({ next: async () => true, close: () => {} }),
  close: async () => {},
};

const first = async (read: () => Promise<string>) =>
  (await snapshots(live, ["team:1"], new AbortController().signal, read).next()).value;

describe("snapshots", () => {
  it("reads once more when a row went between two queries of the picture", async () => {
    const answers = [new Error("Inconsistent query result"), "without it"];
    const read = async () => {
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer ?? "";
    };
    expect(await first(read)).toBe("without it");
  });

  it("tells at once that what it is about is gone, and what goes wrong twice", async () => {
    let reads = 0;
    const gone = first(async () => {
      reads++;
      throw new DomainError("not_found", "It is gone.");
    });
    await expect(gone).rejects.toThrow("It is gone.");
    expect(reads).toBe(1);
    await expect(first(() => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  });
});
