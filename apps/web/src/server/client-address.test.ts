import { describe, expect, it } from "vitest";
import { clientAddress } from "./client-address.ts";

const asking = (remoteAddress: string, forwarded?: string) =>
  ({ headers: forwarded ? { "x-forwarded-for": forwarded } : {}, socket: { remoteAddress } }) as unknown as Parameters<
    typeof clientAddress
  >[0];

describe("the address that attempts are counted by", () => {
  it("is the connection's, whatever it says of itself", () => {
    expect(clientAddress(asking("10.0.0.1", "1.2.3.4"), true)).toBe("10.0.0.1");
    expect(clientAddress(asking("127.0.0.1", "1.2.3.4"), false)).toBe("127.0.0.1");
  });

  it("is what our own proxy saw, and not what the client sent before it", () => {
    expect(clientAddress(asking("127.0.0.1", "6.6.6.6, 1.2.3.4"), true)).toBe("1.2.3.4");
    expect(clientAddress(asking("::ffff:127.0.0.1"), true)).toBe("::ffff:127.0.0.1");
  });
});
