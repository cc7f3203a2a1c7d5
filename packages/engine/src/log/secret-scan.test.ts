import { Secret } from "@windlass/domain";
import { describe, expect, it } from "vitest";
import { createRedactor } from "./redactor.ts";
import { createSecretScan } from "./secret-scan.ts";
import { LONGEST_RAW_LINE, splitLongLine } from "./split-long-line.ts";

const secrets = ["abcd", "s3cr+t/va$ue?", "a longer one with spaces", "ключ-ключ", "first line\nsecond line"].map(
  (value) => new Secret(value),
);

describe("a scan for secrets", () => {
  const scan = createSecretScan(secrets);
  const redact = createRedactor(secrets);

  it("finds each wherever it stands, and nothing where there is none", () => {
    for (const secret of secrets) {
      for (const spelled of [secret.reveal(), encodeURIComponent(secret.reveal()), btoa(encodeURIComponent("x"))]) {
        for (const text of [spelled, `x${spelled}`, `${"y".repeat(100)}${spelled}z`]) {
          expect([text, scan(Buffer.from(text))]).toEqual([text, redact(text) !== text]);
        }
      }
    }
    expect(scan(Buffer.from("abc d abc"))).toBe(false);
    expect(scan(Buffer.alloc(0))).toBe(false);
    expect(createSecretScan([])(Buffer.from("abcd"))).toBe(false);
  });
});

describe("a long line", () => {
  const redact = createRedactor([new Secret("canary-canary-canary")]);

  it("is redacted before it is split, wherever the secret lies", () => {
    for (const before of [16_370, 16_384, 32_760]) {
      const parts = splitLongLine(`${"x".repeat(before)}canary-canary-canary${"y".repeat(20_000)}`, redact);
      expect(parts.length).toBeGreaterThan(1);
      expect(parts.join("")).toBe(`${"x".repeat(before)}[redacted]${"y".repeat(20_000)}`);
    }
  });

  it("that was cut by its reader ends before the cut, so that no secret ends in the middle", () => {
    const raw = `${"x".repeat(LONGEST_RAW_LINE - 10)}canary-canary-canary`.slice(0, LONGEST_RAW_LINE);
    expect(splitLongLine(raw, redact).join("")).not.toContain("canary");
  });
});
