import { Secret } from "@windlass/domain";
import { describe, expect, it } from "vitest";
import { createRedactor, REDACTED } from "./redactor.ts";

describe("a redactor", () => {
  const value = "s3cr+t/va$ue?";
  const redact = createRedactor([new Secret(value)]);

  it("hides a secret however it is spelled", () => {
    for (const spelled of [
      value,
      encodeURIComponent(value),
      Buffer.from(value).toString("base64"),
      JSON.stringify(value),
    ]) {
      expect(redact(`before ${spelled} after`)).not.toContain(spelled.replaceAll('"', "").replace(/=+$/, ""));
    }
    expect(redact(`a${value}b${value}`)).toBe(`a${REDACTED}b${REDACTED}`);
  });

  it("hides each line of a secret that has several", () => {
    const key = createRedactor([new Secret("-----BEGIN KEY-----\nabcdefgh\nijklmnop\n-----END KEY-----\n")]);
    expect(key("read ijklmnop")).toBe(`read ${REDACTED}`);
  });

  it("leaves nothing of a secret that contains another", () => {
    const both = createRedactor([new Secret("inner"), new Secret("outer-inner-outer")]);
    expect(both("outer-inner-outer")).toBe(REDACTED);
  });

  it("changes nothing when there is nothing to hide", () => {
    expect(createRedactor([])("plain text")).toBe("plain text");
  });
});
