import type { FailureCode, FailurePlace, RuntimeKind, VariableInput } from "@windlass/domain";

// Apps that are broken in one way each, and apps that only look so. Small programs of busybox and of Node without
// dependencies; all lie in one repository, a folder for each.

export interface SampleApp {
  name: string;
  runtime: RuntimeKind;
  files: Record<string, string>;
  config: object;
  variables?: VariableInput[];
  /** Null: it is well, and must not be said to be broken */
  broken: {
    cause: FailureCode;
    place: FailurePlace;
    field: string | null;
    /** What the sentence and the evidence together have to say */
    says: RegExp[];
  } | null;
}

type Breakage = [cause: FailureCode, place: FailurePlace, field: string | null, ...says: RegExp[]];

/** On all layers that its builds leave behind; not that of other tests, which prune theirs while these are built. */
export const LAYER_LABEL = "io.windlass.test=broken-apps";
const LABEL = `LABEL ${LAYER_LABEL}`;
const QUICK = { intervalSeconds: 0.2, timeoutSeconds: 2, retries: 2, steadySeconds: 0.1 };
/** busybox is there as soon as its container is, Node.js takes its time on a busy machine. */
const SHORT = { ...QUICK, startPeriodSeconds: 2.5 };
const PATIENT = { ...QUICK, startPeriodSeconds: 7 };

interface Parts {
  files?: Record<string, string>;
  health?: object;
  config?: object;
  variables?: Record<string, string>;
}

const named = (
  name: string,
  runtime: RuntimeKind,
  base: { files: Record<string, string>; health: object },
  { files = {}, health = {}, config = {}, variables = {} }: Parts,
  breakage: Breakage | null,
): SampleApp => {
  const [cause, place, field, ...says] = breakage ?? [];
  return {
    name,
    runtime,
    files: { ...base.files, ...files },
    variables: Object.entries(variables).map(([key, value]) => ({ key, value, isSecret: false }) as VariableInput),
    config: {
      build: { kind: runtime === "docker" ? "dockerfile" : "node", context: name },
      health: { ...base.health, ...health },
      resources: { memoryMb: 128, cpus: 1, processes: 64 },
      drainSeconds: 1,
      stopSeconds: 1,
      warmMinutes: 0,
      ...config,
    },
    broken: cause && place && field !== undefined ? { cause, place, field, says } : null,
  };
};

/** In an image of busybox; `run` is the rest of its Dockerfile. */
const busybox = (name: string, run: string[], parts: Parts, breakage: Breakage | null): SampleApp => {
  const dockerfile = ["FROM busybox:1", LABEL, "COPY . /app", ...run, ""].join("\n");
  return named(name, "docker", { files: { Dockerfile: dockerfile }, health: SHORT }, parts, breakage);
};

/** A Node.js app of one file, in an image or as a process. */
const node = (
  name: string,
  runtime: RuntimeKind,
  server: string,
  parts: Parts,
  breakage: Breakage | null,
): SampleApp => {
  const dockerfile = ["FROM node:22-slim", LABEL, "WORKDIR /app", "COPY . .", 'CMD ["node", "server.js"]', ""].join(
    "\n",
  );
  const manifest = JSON.stringify({
    name: "sample",
    version: "1.0.0",
    private: true,
    scripts: { start: "node server.js" },
  });
  const files = { Dockerfile: dockerfile, "package.json": manifest, "server.js": server };
  return named(name, runtime, { files, health: PATIENT }, parts, breakage);
};

const serve = (answer: string) => `
const http = require("node:http");
http.createServer((request, response) => { ${answer} }).listen(process.env.PORT, "0.0.0.0");
`;
const SHELL = (script: string) => `CMD ${JSON.stringify(["sh", "-c", script])}`;
const WEB = 'CMD ["httpd", "-f", "-p", "3000", "-h", "/app"]';
const PAGE = { "index.html": "welcome\n" };

const REGISTRY_404 = `
const { createServer } = require("node:http");
const { spawn } = require("node:child_process");
createServer((request, response) => response.writeHead(404, { "content-type": "application/json" }).end("{}"))
  .listen(0, "127.0.0.1", function () {
    const registry = "http://127.0.0.1:" + this.address().port;
    spawn("npm", ["install", "--registry", registry, "--fetch-retries", "0"], { stdio: "inherit" })
      .on("exit", (code) => process.exit(code));
  });
`;
const DEPENDS = JSON.stringify({ name: "sample", version: "1.0.0", dependencies: { "no-such-package-here": "1.0.0" } });
const NO_REGISTRY = "registry=http://registry.invalid/\nfetch-retries=0\n";

/** The header of a program for 64-bit ARM, as a file that a build can write. */
const ARM_PROGRAM = [
  ...("7f454c46020101000000000000000000".match(/../g) ?? []),
  ...("0200b700010000007800400000000000".match(/../g) ?? []),
]
  .map((byte) => `\\x${byte}`)
  .join("");

const DOCKER: SampleApp[] = [
  busybox("nothing-listens", [SHELL("echo waiting; sleep 600")], {}, [
    "nothing_listens",
    "settings",
    "config.health.startPeriodSeconds",
    /listens on: nothing/,
    /waiting/,
  ]),
  busybox("listens-elsewhere", ['CMD ["httpd", "-f", "-p", "8080", "-h", "/app"]'], { files: PAGE }, [
    "listens_elsewhere",
    "settings",
    "config.port",
    /port 8080/,
    /port 3000/,
  ]),
  busybox("on-loopback", ['CMD ["httpd", "-f", "-p", "127.0.0.1:3000", "-h", "/app"]'], { files: PAGE }, [
    "listens_on_loopback",
    "settings",
    "config.command",
    /127\.0\.0\.1:3000/,
  ]),
  busybox("not-http", [SHELL("while true; do nc -l -p 3000 -e echo hello; done")], {}, [
    "not_http",
    "settings",
    "config.health.kind",
    /does not speak HTTP/,
  ]),
  node(
    "too-slow",
    "docker",
    serve("setTimeout(() => response.end('late'), 1500)"),
    { health: { timeoutSeconds: 0.4 } },
    [
      "too_slow",
      "settings",
      "config.health.timeoutSeconds",
      /waits 0\.4 s/,
      /answered 200 after 1[5-9]\d\d ms|after [2-9]\d{3} ms/,
    ],
  ),
  busybox("wrong-path", [WEB], { files: PAGE, health: { path: "/healthz" } }, [
    "wrong_path",
    "settings",
    "config.health.path",
    /\/healthz/,
    /\/ answered 200/,
  ]),
  node("error-500", "docker", serve("response.writeHead(500).end('broken')"), {}, [
    "unexpected_answer",
    "app",
    null,
    /answered 500/,
  ]),
  node("asks-who", "docker", serve("response.writeHead(401).end()"), {}, [
    "unexpected_answer",
    "settings",
    "config.health.path",
    /answered 401/,
  ]),
  busybox("wrong-body", [WEB], { files: PAGE, health: { body: "all is well" } }, [
    "wrong_body",
    "settings",
    "config.health.body",
    /all is well/,
    /welcome/,
  ]),
  node(
    "refuses-host",
    "docker",
    serve("response.writeHead(request.headers.host.startsWith('localhost') ? 200 : 403).end()"),
    {},
    ["host_refused", "variables", null, /refuses-host\.localhost/, /403/],
  ),
  node(
    "redirects-for-ever",
    "docker",
    serve("response.writeHead(301, { location: 'https://' + request.headers.host + request.url }).end()"),
    {},
    ["redirects_to_https", "app", null, /https/],
  ),
  node(
    "knows-the-check",
    "docker",
    serve("response.writeHead(/Windlass-health/.test(request.headers['user-agent']) ? 200 : 500).end()"),
    {},
    ["not_through_router", "app", null, /500/],
  ),
  busybox(
    "command-fails",
    [SHELL("sleep 600")],
    {
      health: { kind: "command", command: ["sh", "-c", "echo not yet; exit 4"] },
    },
    ["check_command_failed", "settings", "config.health.command", /ended with 4/, /not yet/],
  ),
  busybox(
    "image-check-fails",
    ["HEALTHCHECK CMD echo no disk; exit 1", SHELL("sleep 600")],
    { health: { kind: "image" } },
    ["image_check_failed", "settings", "config.health.kind", /no disk/],
  ),
  busybox("no-image-check", [SHELL("sleep 600")], { health: { kind: "image" } }, [
    "image_check_missing",
    "settings",
    "config.health.kind",
    /image has none/,
  ]),
  busybox("crashes", [SHELL("echo about to crash; exit 3")], {}, [
    "crash_loop",
    "app",
    null,
    /exit code 3/i,
    /about to crash/,
  ]),
  busybox("crashes-without-check", [SHELL("sleep 0.3; exit 5")], { health: { kind: "uptime", seconds: 3 } }, [
    "crash_loop",
    "app",
    null,
    /exit code 5/i,
  ]),
  node("well-once", "docker", serve("response.end('ok', () => setTimeout(() => process.exit(9), 40))"), {}, [
    "crash_loop",
    "app",
    null,
    /exit code 9/i,
  ]),
  node(
    "takes-memory",
    "docker",
    "const held = []; setInterval(() => held.push(Buffer.alloc(8 << 20, 1)), 5);",
    { config: { resources: { memoryMb: 64, cpus: 1, processes: 64 } } },
    ["out_of_memory", "settings", "config.resources.memoryMb", /64 MB/],
  ),
  busybox("other-processor", [`RUN printf '${ARM_PROGRAM}' > /program && chmod 755 /program`, 'CMD ["/program"]'], {}, [
    "wrong_architecture",
    "settings",
    "config.build",
    /arm64/,
    /amd64/,
  ]),
  busybox("no-command", ['CMD ["/no/such/program"]'], {}, [
    "command_not_found",
    "settings",
    "config.command",
    /\/no\/such\/program/,
  ]),
  busybox("wrong-command", [WEB], { config: { command: ["serve-it", "now"] } }, [
    "command_not_found",
    "settings",
    "config.command",
    /serve-it/,
  ]),
  busybox("no-program", ['CMD ["/app/Dockerfile"]'], {}, [
    "command_not_executable",
    "settings",
    "config.command",
    /\/app\/Dockerfile/,
  ]),
  busybox("may-not-write", [SHELL("mkdir /data && httpd -f -p 3000")], {}, [
    "permission_denied",
    "settings",
    "config.build",
    /\/data/,
    /Permission denied/,
  ]),
  busybox(
    "disk-full",
    [SHELL("dd if=/dev/zero of=/dev/shm/fill bs=1M count=100 || exit 1; sleep 600")],
    {
      config: { resources: { memoryMb: 256, cpus: 1, processes: 64 } },
    },
    ["disk_full", "server", null, /No space left/],
  ),
  node(
    "unknown-host",
    "docker",
    'require("node:net").connect(5432, new URL(process.env.DATABASE_URL).hostname);',
    { variables: { DATABASE_URL: "postgres://app:pass@db.nowhere.invalid:5432/app" } },
    ["name_not_resolved", "variables", "DATABASE_URL", /db\.nowhere\.invalid/],
  ),
  busybox(
    "build-fails",
    ["# Two lines", "# of comment", "RUN echo compiling && \\", "  echo syntax error near x && exit 7", WEB],
    {},
    ["build_step_failed", "app", null, /line 6 of Dockerfile/, /exit code 7/, /syntax error near x/],
  ),
  busybox("build-fills-disk", ["RUN echo data > /dev/full", WEB], {}, [
    "disk_full",
    "server",
    null,
    /line 4/,
    /No space left/,
  ]),
  busybox("no-dockerfile", ["RUNN true"], {}, ["build_file_refused", "app", null, /RUNN/]),
  node(
    "no-registry",
    "docker",
    "",
    {
      files: {
        Dockerfile: ["FROM node:22-slim", LABEL, "WORKDIR /app", "COPY . .", "RUN npm install --no-audit", ""].join(
          "\n",
        ),
        "package.json": DEPENDS,
        ".npmrc": NO_REGISTRY,
      },
    },
    ["dependency_unreachable", "server", null, /line 5/, /registry\.invalid/],
  ),
  node(
    "no-package",
    "docker",
    "",
    {
      files: {
        Dockerfile: ["FROM node:22-slim", LABEL, "WORKDIR /app", "COPY . .", 'RUN ["node", "install.js"]', ""].join(
          "\n",
        ),
        "package.json": DEPENDS,
        "install.js": REGISTRY_404,
      },
    },
    ["dependency_missing", "app", null, /line 5/, /no-such-package-here/],
  ),

  busybox(
    "starts-slowly",
    [SHELL("sleep 2; exec httpd -f -p 3000 -h /app")],
    {
      files: PAGE,
      health: { startPeriodSeconds: 30, retries: 0 },
    },
    null,
  ),
  busybox(
    "ends-once",
    [SHELL("[ -f /tmp/x ] || { touch /tmp/x; exit 1; }; exec httpd -f -p 3000 -h /app")],
    { files: PAGE },
    null,
  ),
  busybox(
    "own-check",
    ["HEALTHCHECK CMD wget -q -O /dev/null http://127.0.0.1:3000/", WEB],
    {
      files: PAGE,
      health: { kind: "image" },
    },
    null,
  ),
  busybox(
    "command-check",
    [WEB],
    { files: PAGE, health: { kind: "command", command: ["test", "-f", "/app/index.html"] } },
    null,
  ),
  busybox(
    "worker",
    [SHELL("while true; do echo working; sleep 1; done")],
    { health: { kind: "uptime", seconds: 1 } },
    null,
  ),
  busybox(
    "speaks-otherwise",
    [SHELL("while true; do nc -l -p 3000 -e echo hello; done")],
    { health: { kind: "tcp" } },
    null,
  ),
  node(
    "redirect-is-well",
    "docker",
    serve("response.writeHead(301, { location: 'https://' + request.headers.host + request.url }).end()"),
    { health: { codes: "301" } },
    null,
  ),
  node(
    "only-over-https",
    "docker",
    serve(
      "const isSecure = request.headers['x-forwarded-proto'] === 'https'; response.writeHead(isSecure ? 200 : 301, isSecure ? {} : { location: 'https://' + request.headers.host + request.url }).end()",
    ),
    { health: { codes: "200" } },
    null,
  ),
  node(
    "asks-for-a-header",
    "docker",
    serve("response.writeHead(request.headers['x-key'] === 'let me in' ? 200 : 403).end('all is well')"),
    { health: { headers: { "x-key": "let me in" }, body: "all is well", codes: "200" } },
    null,
  ),
];

/** A port that the test holds while the app wants it. */
export const TAKEN_PORT = 20_999;

const PROCESS: SampleApp[] = [
  node("crashes", "process", 'console.error("about to crash"); process.exit(3);', {}, [
    "crash_loop",
    "app",
    null,
    /exit code 3/i,
    /about to crash/,
  ]),
  node("nothing-listens", "process", "setInterval(() => {}, 1000);", {}, [
    "nothing_listens",
    "settings",
    "config.health.startPeriodSeconds",
    /listens on: nothing/,
  ]),
  node("listens-elsewhere", "process", 'require("node:http").createServer().listen(20997, "127.0.0.1");', {}, [
    "listens_elsewhere",
    "app",
    null,
    /port 20997/,
  ]),
  node("port-taken", "process", `require("node:http").createServer().listen(${TAKEN_PORT}, "127.0.0.1");`, {}, [
    "port_taken",
    "app",
    null,
    new RegExp(`port ${TAKEN_PORT}`),
    /EADDRINUSE/,
  ]),
  node("may-not-write", "process", 'require("node:fs").mkdirSync("/data");', {}, [
    "permission_denied",
    "settings",
    "config.build",
    /\/data/,
  ]),
  node("wrong-command", "process", serve("response.end()"), { config: { command: ["serve-it"] } }, [
    "command_not_found",
    "settings",
    "config.command",
    /serve-it/,
  ]),
  node(
    "command-fails",
    "process",
    serve("response.end()"),
    {
      health: { kind: "command", command: ["node", "-e", "console.log(process.env.WHO); process.exit(4)"] },
      variables: { WHO: "asked by Ada" },
    },
    ["check_command_failed", "settings", "config.health.command", /ended with 4/, /asked by Ada/],
  ),
  node(
    "build-fails",
    "process",
    "",
    {
      files: {
        "package.json": JSON.stringify({
          name: "sample",
          version: "1.0.0",
          scripts: {
            build: "node -e \"console.log('syntax error near x'); process.exit(7)\"",
            start: "node server.js",
          },
        }),
      },
    },
    ["build_step_failed", "app", null, /npm run build/, /exit code 7/, /syntax error near x/],
  ),
  node("no-registry", "process", "", { files: { "package.json": DEPENDS, ".npmrc": NO_REGISTRY } }, [
    "dependency_unreachable",
    "server",
    null,
    /npm install/,
    /registry\.invalid/,
  ]),
  node("no-image-check", "process", serve("response.end()"), { health: { kind: "image" } }, [
    "image_check_missing",
    "settings",
    "config.health.kind",
    /process has no image/,
  ]),

  node(
    "starts-slowly",
    "process",
    `setTimeout(() => { ${serve("response.end()")} }, 1500);`,
    {
      health: { startPeriodSeconds: 30, retries: 0 },
    },
    null,
  ),
  node(
    "command-check",
    "process",
    serve("response.end()"),
    {
      health: { kind: "command", command: ["node", "-e", "process.exit(process.env.PORT ? 0 : 1)"] },
    },
    null,
  ),
];

export const SAMPLE_APPS: SampleApp[] = [...DOCKER, ...PROCESS];
