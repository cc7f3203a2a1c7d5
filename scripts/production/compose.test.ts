import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { findProgram } from "../system.mjs";

const ROOT = path.resolve(import.meta.dirname, "../..");
const text = readFileSync(path.join(ROOT, "docker-compose.yml"), "utf8");
const dockerfile = readFileSync(path.join(ROOT, "Dockerfile"), "utf8");

interface Service {
  image: string;
  build?: { target: string };
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
  network_mode?: string;
  cap_drop?: string[];
}

interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  configs: Record<string, { content: string }>;
}

const compose = parse(text, { merge: true }) as Compose;
const services = Object.entries(compose.services);
const service = (name: string): Service => {
  const found = compose.services[name];
  if (!found) throw new Error(`docker-compose.yml has no service ${name}.`);
  return found;
};

describe("docker-compose.yml", () => {
  it("runs every part of Windlass", () => {
    expect(Object.keys(compose.services).sort()).toEqual(["caddy", "postgres", "prepare", "router", "web", "worker"]);
    expect(service("postgres").image).toBe("postgres:18");
  });

  it("refuses to start without secrets and names, and holds no password", () => {
    const uses = [...text.matchAll(/\$\{([A-Z_]+)(:[?-])?/g)];
    const needed = ["POSTGRES_PASSWORD", "WINDLASS_SECRET_KEY", "WINDLASS_CONSOLE_DOMAIN", "WINDLASS_APPS_DOMAIN"];
    for (const name of needed) expect(uses.some((use) => use[1] === name && use[2] === ":?")).toBe(true);
    const withDefault = uses.filter((use) => use[2] === ":-").map((use) => use[1]);
    expect(new Set(withDefault)).toEqual(
      new Set(["POSTGRES_PORT", "WINDLASS_GIT_PRIVATE_RANGES", "WINDLASS_LEAST_FREE_MB"]),
    );
    for (const [, { environment = {} }] of services) {
      for (const [name, value] of Object.entries(environment)) {
        if (/PASSWORD|SECRET|KEY|TOKEN/.test(name)) expect(value).toMatch(/^\$\{[A-Z_]+:\?/);
      }
    }
  });

  it("gives the engine's socket to the worker alone", () => {
    const holders = services.filter(([, { volumes = [] }]) => volumes.some((volume) => volume.includes("docker.sock")));
    expect(holders.map(([name]) => name)).toEqual(["worker"]);
  });

  it("publishes nothing to the outside but Caddy", () => {
    for (const [, { ports = [] }] of services) for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    for (const name of ["web", "router"]) {
      const { HOST, WINDLASS_ROUTER_LISTEN } = service(name).environment ?? {};
      expect(HOST ?? WINDLASS_ROUTER_LISTEN).toMatch(/^127\.0\.0\.1/);
    }
  });

  it("lets the router reach the engine's bridges, and takes capabilities away", () => {
    expect(service("router").network_mode).toBe("host");
    for (const [name, { cap_drop }] of services) if (name !== "postgres") expect(cap_drop).toEqual(["ALL"]);
  });

  it("checks health, and starts programs only on a database that is migrated", () => {
    expect(service("web").healthcheck?.test.join(" ")).toContain("/api/health");
    for (const name of ["postgres", "web", "router"]) expect(service(name).healthcheck).toBeDefined();
    for (const name of ["web", "worker"]) {
      expect(service(name).depends_on?.prepare?.condition).toBe("service_completed_successfully");
    }
  });

  it("uses only volumes, files and build stages that exist", () => {
    for (const [, { volumes = [], build }] of services) {
      for (const volume of volumes) {
        const source = volume.split(":")[0] ?? "";
        if (source.startsWith("./")) expect(readFileSync(path.join(ROOT, source), "utf8")).not.toBe("");
        else if (!source.startsWith("/")) expect(compose.volumes).toHaveProperty(source);
      }
      if (build) expect(dockerfile).toContain(` AS ${build.target}\n`);
    }
  });

  it.skipIf(!findProgram("caddy"))("hands Caddy a configuration that it accepts [needs caddy]", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "windlass-compose-"));
    const content = (compose.configs.caddyfile?.content ?? "")
      .replace("/etc/caddy/router.Caddyfile", path.join(ROOT, "apps/router/Caddyfile"))
      .replace(/\$\{WINDLASS_CONSOLE_DOMAIN\}/, "windlass.example.com");
    writeFileSync(path.join(folder, "Caddyfile"), content);
    const argv = ["adapt", "--validate", "--config", path.join(folder, "Caddyfile"), "--adapter", "caddyfile"];
    const env = { ...process.env, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder, HOME: folder };
    const adapted = execFileSync(findProgram("caddy") ?? "caddy", argv, { env, encoding: "utf8", stdio: "pipe" });
    expect(adapted).toContain("windlass.example.com");
    rmSync(folder, { recursive: true, force: true });
  });
});

describe("Dockerfile", () => {
  it("copies the manifest of every workspace before it installs", () => {
    const manifests = globSync("{apps,packages}/*/package.json", { cwd: ROOT }).concat(
      "e2e/package.json",
      "bench/package.json",
    );
    for (const manifest of manifests) expect(dockerfile).toContain(`COPY ${manifest} ${path.dirname(manifest)}/\n`);
  });

  it("runs nothing but the worker as root", () => {
    const stages = dockerfile.split(/^FROM /m);
    const hasUser = (target: string) =>
      stages.find((stage) => stage.includes(` AS ${target}\n`))?.includes("\nUSER node\n");
    expect([hasUser("web"), hasUser("router"), hasUser("worker")]).toEqual([true, true, false]);
  });
});
