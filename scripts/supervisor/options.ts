import path from "node:path";
import { parseArgs } from "node:util";
import { StartFailure } from "./start-failure.ts";

export interface Options {
  host: string;
  port: number;
  routerPort: number;
  /** Absolute */
  dataFolder: string;
  wantsSample: boolean;
}

export const HELP = `Usage: npm start -- [options]

  --port <number>         the console's port              (3000, or WINDLASS_PORT)
  --router-port <number>  the port apps are reached at    (8080, or WINDLASS_ROUTER_PORT)
  --host <address>        the address both listen on      (127.0.0.1, or WINDLASS_HOST)
  --data-dir <folder>     where everything is kept        (./data, or WINDLASS_DATA_DIR)
  --no-sample             do not deploy the sample app on the first run
  --help                  show this

Settings are also read from .env in this folder; .env.example lists them.
`;

const FLAGS = {
  port: { type: "string" },
  "router-port": { type: "string" },
  host: { type: "string" },
  "data-dir": { type: "string" },
  "no-sample": { type: "boolean" },
  help: { type: "boolean" },
} as const;

/** Flags, then the environment, then defaults. `npm start --port 4000`, without the two hyphens between, works too. */
export function readOptions(argv: string[], env: NodeJS.ProcessEnv, root: string): Options | "help" {
  const flags = parseFlags(argv);
  if (flags.help) return "help";
  // Node's own npm hands flags it does not know on as npm_config_….
  const setting = (flag: "port" | "router-port" | "host" | "data-dir") => {
    const name = flag.replace("-", "_");
    return flags[flag] ?? (env[`npm_config_${name}`] || env[`WINDLASS_${name.toUpperCase()}`] || undefined);
  };
  const port = readPort("--port", setting("port") ?? "3000");
  const routerPort = readPort("--router-port", setting("router-port") ?? "8080");
  if (port === routerPort) {
    throw usage(`The console and the apps cannot share port ${port}.`, "Give --port and --router-port two numbers.");
  }
  const host = setting("host") ?? "127.0.0.1";
  if (!/^[A-Za-z0-9.:-]+$/.test(host)) {
    throw usage(`--host ${host} is not an address.`, "Use 127.0.0.1, 0.0.0.0 or an address of this machine.");
  }
  return {
    host,
    port,
    routerPort,
    dataFolder: path.resolve(root, setting("data-dir") ?? "data"),
    wantsSample: !flags["no-sample"] && env.npm_config_sample !== "" && env.npm_config_sample !== "false",
  };
}

function parseFlags(argv: string[]) {
  try {
    return parseArgs({ args: argv, options: FLAGS, strict: true, allowPositionals: false }).values;
  } catch {
    const { tokens } = parseArgs({ args: argv, options: FLAGS, strict: false, allowPositionals: true, tokens: true });
    for (const token of tokens) {
      if (token.kind === "positional") throw usage(`Windlass does not take "${token.value}".`);
      if (token.kind !== "option") continue;
      if (!(token.name in FLAGS)) throw usage(`Windlass does not know the option ${token.rawName}.`);
      const needsValue = FLAGS[token.name as keyof typeof FLAGS].type === "string";
      if (needsValue && !token.value) throw usage(`The option ${token.rawName} needs a value.`);
      if (!needsValue && token.value) throw usage(`The option ${token.rawName} takes no value.`);
    }
    throw usage("These options cannot be read.");
  }
}

function readPort(flag: string, text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) {
    throw usage(`${flag} ${text} is not a port.`, "A port is a number between 1 and 65535.");
  }
  return port;
}

function usage(message: string, todo = "npm start -- --help lists the options."): StartFailure {
  return new StartFailure(message, todo, { exitCode: 2 });
}
