import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type Dockerode from "dockerode";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { removeOwned } from "../testing/docker-harness.ts";
import { until } from "../testing/runtime-contract.ts";
import { findDockerEngine } from "./find-engine.ts";
import { readLogFrames } from "./log-lines.ts";
import { ensureNetwork, parseSubnet, writeIp } from "./network.ts";
import { protectHost } from "./protect-host.ts";

const found = await findDockerEngine({ socketPath: "/var/run/docker.sock" });
const isRoot = process.getuid?.() === 0;

describe.skipIf("problem" in found || !isRoot)("protectHost [needs docker, root]", { timeout: 60_000 }, () => {
  const owner = `protect-${randomUUID()}`;
  const services = createServer((_, response) => response.end("host service"));
  let engine: Dockerode;
  let network: string;
  let gateway: string;
  let port: number;

  beforeAll(async () => {
    if ("problem" in found) throw new Error(found.problem);
    engine = found.engine;
    const made = await ensureNetwork({ engine, owner, subnetPool: "10.213.0.0/16" }, "environment");
    network = made.name;
    gateway = writeIp(made.base + 1);
    await new Promise<void>((resolve) => services.listen(0, "0.0.0.0", resolve));
    port = (services.address() as AddressInfo).port;
  });

  afterAll(async () => {
    services.close();
    await removeOwned(engine, owner);
  });

  async function create(command: string[], on = network): Promise<Dockerode.Container> {
    return engine.createContainer({
      // Only a container with a name of its own is known to its neighbours by it.
      name: `wl-test-${randomUUID().slice(0, 8)}`,
      Image: "node:22-slim",
      Cmd: command,
      Labels: { "io.windlass.owner": owner },
      HostConfig: { NetworkMode: on, Init: true },
    });
  }

  /** What a fetch of the address says from inside a container of the network. */
  async function fetchInside(url: string, on?: string): Promise<string> {
    const script = `fetch(process.argv[1], { signal: AbortSignal.timeout(3000) })
      .then((answer) => answer.text()).then((text) => console.log(text || "empty"), () => console.log("no answer")).then(() => process.exit())`;
    const container = await create(["node", "-e", script, url], on);
    await container.start();
    await container.wait();
    return readLogFrames(await container.logs({ stdout: true, stderr: true })).join("\n");
  }

  it("keeps an app from the host's services and leaves its way out, its names and the host's way in", async () => {
    expect(await protectHost()).toMatchObject({ isProtected: true });
    expect(await protectHost()).toEqual({ isProtected: true, did: expect.stringContaining("was there already") });

    expect(await fetchInside(`http://${gateway}:${port}/`)).toBe("no answer");
    const elsewhere: Dockerode.NetworkInspectInfo = await engine.getNetwork("bridge").inspect();
    const control = writeIp(parseSubnet(elsewhere.IPAM?.Config?.[0]?.Subnet ?? "").base + 1);
    expect(await fetchInside(`http://${control}:${port}/`, "bridge")).toBe("host service");

    const server = 'require("http").createServer((_, r) => r.end("from the app")).listen(3000)';
    const app = await create(["node", "-e", server]);
    await app.start();
    const details = await app.inspect();
    const address = details.NetworkSettings.Networks[network]?.IPAddress ?? "";
    const body = await until(
      () =>
        fetch(`http://${address}:3000/`).then(
          (response) => response.text(),
          () => "",
        ),
      (seen) => seen !== "",
    );
    expect(body).toBe("from the app");

    expect(await fetchInside(`http://${details.Name.slice(1)}:3000/`)).toBe("from the app");
  });

  it("lets an app connect to the world outside the host", async ({ skip }) => {
    const outside = { host: "deb.debian.org", port: 80 };
    skip(!(await canConnect(outside)), "this machine has no way out");
    await protectHost();
    expect(await fetchInside(`http://${outside.host}/`)).not.toBe("no answer");
  });
});

function canConnect(to: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ ...to, timeout: 3000 });
    const end = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket
      .once("connect", () => end(true))
      .once("error", () => end(false))
      .once("timeout", () => end(false));
  });
}
