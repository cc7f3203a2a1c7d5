import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createCipher } from "./cipher.ts";

const oldKey = randomBytes(32);
const newKey = randomBytes(32);

describe("secrets at rest", () => {
  it("come back as they were, and never look alike twice", () => {
    const cipher = createCipher(new Map([[1, oldKey]]));
    const first = cipher.encrypt("päss wörd", "variable");
    expect(first).not.toEqual(cipher.encrypt("päss wörd", "variable"));
    expect(cipher.decrypt(first, "variable").reveal()).toBe("päss wörd");
  });

  it("do not decrypt for another purpose, or when a bit was changed", () => {
    const cipher = createCipher(new Map([[1, oldKey]]));
    const stored = cipher.encrypt("value", "variable:a");
    expect(() => cipher.decrypt(stored, "variable:b")).toThrow();
    const changed = Uint8Array.from(stored);
    changed[changed.length - 1] = (changed[changed.length - 1] ?? 0) ^ 1;
    expect(() => cipher.decrypt(changed, "variable:a")).toThrow();
  });

  it("written with an earlier key stay readable after a rotation", () => {
    const stored = createCipher(new Map([[1, oldKey]])).encrypt("value", "p");
    const rotated = createCipher(
      new Map([
        [1, oldKey],
        [2, newKey],
      ]),
    );
    expect(rotated.decrypt(stored, "p").reveal()).toBe("value");
    expect(rotated.encrypt("value", "p")[0]).toBe(2);
    expect(() => createCipher(new Map([[2, newKey]])).decrypt(stored, "p")).toThrow(/version 1 is missing/);
  });

  it("print as [redacted] once decrypted", () => {
    const cipher = createCipher(new Map([[1, oldKey]]));
    const secret = cipher.decrypt(cipher.encrypt("canary", "p"), "p");
    expect(`${secret} ${JSON.stringify({ secret })}`).not.toContain("canary");
  });
});
