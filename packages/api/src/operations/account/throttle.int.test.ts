import { createTestDatabase, type TestDatabase } from "@windlass/db/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashPassword, verifyPassword } from "./password.ts";
import { endSession, signIn } from "./sign-in.ts";
import { waitAfter } from "./throttle.ts";

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
  const passwordHash = await hashPassword("the right password");
  for (const email of ["ada@example.com", "bob@example.com"]) {
    await test.db.user.create({ data: { email, name: email, passwordHash } });
  }
});
afterAll(() => test.drop());

const attempt = (email: string, password: string, address = "10.0.0.1") =>
  signIn(test, { email, password, address, userAgent: "test" }).then(
    () => "signed in",
    (error: { code: string }) => error.code,
  );

describe("signing in", () => {
  it("works with the right password, whatever the case of the address", async () => {
    expect(await attempt("Ada@Example.com", "the right password")).toBe("signed in");
  });

  it("says the same of an unknown account and a wrong password", async () => {
    expect(await attempt("nobody@example.com", "wrong", "10.0.0.2")).toBe("not_signed_in");
    expect(await attempt("ada@example.com", "wrong", "10.0.0.2")).toBe("not_signed_in");
  });

  it("waits after five wrong passwords, also for the right one and when they come at once", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, () => attempt("bob@example.com", "wrong", "10.0.0.3")),
    );
    expect(outcomes.filter((outcome) => outcome === "not_signed_in")).toHaveLength(5);
    expect(outcomes.filter((outcome) => outcome === "throttled")).toHaveLength(7);
    expect(await attempt("bob@example.com", "the right password", "10.0.0.4")).toBe("throttled");
  });

  it("ends everywhere when the session is ended", async () => {
    const { sessionId } = await signIn(test, {
      email: "ada@example.com",
      password: "the right password",
      address: "10.0.0.5",
      userAgent: "t",
    });
    await endSession(test, sessionId);
    expect((await test.db.session.findUniqueOrThrow({ where: { id: sessionId } })).endedAt).not.toBeNull();
  });
});

describe("the wait", () => {
  it("doubles up to fifteen minutes, and an address has more tries than an account", () => {
    expect([4, 5, 6, 7, 50].map((n) => waitAfter(n, "account"))).toEqual([0, 15_000, 30_000, 60_000, 900_000]);
    expect(waitAfter(29, "address")).toBe(0);
  });
});

describe("a stored password", () => {
  it("is salted, and the same however its characters are composed", async () => {
    const stored = await hashPassword("pässword pässword");
    expect(stored).not.toBe(await hashPassword("pässword pässword"));
    expect(await verifyPassword("pässword pässword".normalize("NFD"), stored)).toBe(true);
    expect(await verifyPassword("other", stored)).toBe(false);
  });
});
