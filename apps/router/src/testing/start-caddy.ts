import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.ts";

export const hasCaddy = spawnSync("caddy", ["version"]).status === 0;

export interface TestCaddy extends AsyncDisposable {
  httpPort: number;
  httpsPort: number;
  /** PEM of the authority that signs its certificates; there once the first was asked for */
  authority(): Promise<string>;
}

/** The Caddyfile that is shipped, with Caddy's internal authority and free ports. */
export async function startCaddy({
  proxiedSocket,
  askPort,
}: {
  proxiedSocket: string;
  askPort: number;
}): Promise<TestCaddy> {
  const folder = await mkdtemp(join(tmpdir(), "caddy-"));
  const [httpPort, httpsPort] = [await freePort(), await freePort()];
  const caddyfile = fileURLToPath(new URL("../../Caddyfile", import.meta.url));
  const child: ChildProcess = spawn("caddy", ["run", "--config", caddyfile, "--adapter", "caddyfile"], {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...process.env,
      XDG_DATA_HOME: folder,
      XDG_CONFIG_HOME: folder,
      WINDLASS_CADDY_HTTP_PORT: String(httpPort),
      WINDLASS_CADDY_HTTPS_PORT: String(httpsPort),
      WINDLASS_CADDY_ISSUER: "internal",
      WINDLASS_ROUTER_PROXIED_SOCKET: proxiedSocket,
      WINDLASS_ROUTER_ASK_LISTEN: `127.0.0.1:${askPort}`,
    },
  });
  await serving(child);
  return {
    httpPort,
    httpsPort,
    authority: () => readFile(join(folder, "caddy/pki/authorities/local/root.crt"), "utf8"),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function serving(child: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    if (said.includes("serving initial configuration")) resolve();
  });
  child.once("exit", () => reject(new Error(`caddy ended: ${said}`)));
  return promise;
}
