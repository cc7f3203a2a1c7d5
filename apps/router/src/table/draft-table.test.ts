import { ApplyCommand, type Target } from "@windlass/domain";
import { describe, expect, it } from "vitest";
import { DraftTable, Refusal } from "./draft-table.ts";

const target = (id: string): Target => ({ id, addresses: [{ host: "127.0.0.1", port: 4000 }] });
const command = (service: string, token: number, hosts: string[], to: Target | null = null) =>
  ApplyCommand.parse({ service, token, hosts, target: to });

const refusalOf = (act: () => unknown): string => {
  try {
    act();
  } catch (cause) {
    if (cause instanceof Refusal) return cause.code;
    throw cause;
  }
  return "accepted";
};

describe("a draft of the table", () => {
  it("refuses a token that is older than the last one, and takes an equal one", () => {
    const draft = new DraftTable(new Map());
    draft.apply(command("a", 5, ["a.test"]));
    expect(refusalOf(() => draft.apply(command("a", 4, ["a.test"])))).toBe("stale_token");
    expect(refusalOf(() => draft.switch({ service: "a", token: 4, target: target("r") }))).toBe("stale_token");
    expect(refusalOf(() => draft.fence("a", 4))).toBe("stale_token");
    expect(refusalOf(() => draft.remove("a", 4))).toBe("stale_token");
    expect(refusalOf(() => draft.switch({ service: "a", token: 5, target: target("r") }))).toBe("accepted");
  });

  it("refuses a host that leads to another service until it is removed there", () => {
    const draft = new DraftTable(new Map());
    draft.apply(command("a", 1, ["x.test", "y.test"]));
    expect(refusalOf(() => draft.apply(command("b", 1, ["y.test"])))).toBe("host_taken");
    expect(draft.records.has("b")).toBe(false);
    draft.apply(command("a", 1, ["x.test"]));
    expect(refusalOf(() => draft.apply(command("b", 1, ["y.test"])))).toBe("accepted");
  });

  it("knows the owners of hosts in a table that was loaded", () => {
    const first = new DraftTable(new Map());
    first.apply(command("a", 1, ["x.test"]));
    expect(refusalOf(() => new DraftTable(first.records).apply(command("b", 1, ["x.test"])))).toBe("host_taken");
  });

  it("does not let a stale worker bring a removed service back, and lets its successor", () => {
    const draft = new DraftTable(new Map());
    draft.apply(command("a", 3, ["a.test"]));
    draft.remove("a", 4);
    expect(refusalOf(() => draft.apply(command("a", 3, ["a.test"])))).toBe("stale_token");
    expect(refusalOf(() => draft.switch({ service: "a", token: 5, target: target("r") }))).toBe("not_found");
    expect(refusalOf(() => draft.apply(command("a", 4, ["a.test"])))).toBe("accepted");
  });

  it("frees the hosts of a removed service", () => {
    const draft = new DraftTable(new Map());
    draft.apply(command("a", 1, ["a.test"]));
    draft.remove("a", 1);
    expect(refusalOf(() => draft.apply(command("b", 1, ["a.test"])))).toBe("accepted");
  });

  it("remembers a bounded number of removed services", () => {
    const draft = new DraftTable(new Map());
    for (let i = 0; i < 10_050; i++) {
      draft.apply(command(`s${i}`, 2, []));
      draft.remove(`s${i}`, 2);
    }
    expect(draft.records.size).toBe(10_000);
    expect(refusalOf(() => draft.apply(command("s10049", 1, [])))).toBe("stale_token");
  });

  it("changes nothing when a command is repeated", () => {
    const draft = new DraftTable(new Map());
    draft.apply(command("a", 1, ["a.test"], target("r1")));
    const again = new DraftTable(draft.records);
    again.apply(command("a", 1, ["a.test"], target("r1")));
    expect(again.switch({ service: "a", token: 1, target: target("r1") })).toBeNull();
    expect(again.changed.size).toBe(0);
  });

  it("names the target that a switch replaced", () => {
    const draft = new DraftTable(new Map());
    draft.apply(command("a", 1, ["a.test"], target("r1")));
    expect(draft.switch({ service: "a", token: 1, target: target("r2") })?.id).toBe("r1");
  });

  it("refuses to switch or drain a service that was never applied", () => {
    const draft = new DraftTable(new Map());
    expect(refusalOf(() => draft.switch({ service: "a", token: 1, target: target("r") }))).toBe("not_found");
    expect(refusalOf(() => draft.fence("a", 1))).toBe("not_found");
  });
});
