import { createHash } from "node:crypto";
import { isIPv6 } from "node:net";
import type { GitUrl } from "@windlass/domain";

// Everything git is told apart from its arguments. It inherits nothing: no user's or system's configuration, no helper,
// no hook, no prompt, and only the one transport that the address needs.

export interface GitEnvironmentOptions {
  path: string;
  url: GitUrl;
  /** Access token for https; goes as a header, so it is in no argument and in no file */
  token: string | null;
  /** Where the https host is, as the egress guard found it; null otherwise */
  address: string | null;
  /** Certificate authorities instead of git's own; for proxies that sign again */
  caFile: string | null;
  /** ssh_config file with the key, known hosts and strictness; null without ssh */
  sshConfig: string | null;
  /** git configuration file that trusts a file source's folder whoever owns it; null otherwise */
  trustFile: string | null;
}

const HARDENING: readonly (readonly [string, string])[] = [
  ["core.hooksPath", "/dev/null"],
  ["core.fsmonitor", "false"],
  ["core.symlinks", "true"],
  ["core.protectHFS", "true"],
  ["core.protectNTFS", "true"],
  ["core.autocrlf", "false"],
  ["credential.helper", ""],
  ["fetch.recurseSubmodules", "false"],
  ["submodule.recurse", "false"],
  ["gc.auto", "0"],
  ["maintenance.auto", "false"],
  ["http.followRedirects", "false"],
  ["http.lowSpeedLimit", "1000"],
  ["http.lowSpeedTime", "20"],
  ["protocol.ext.allow", "never"],
  ["safe.bareRepository", "explicit"],
  ["uploadpack.packObjectsHook", ""],
  ["transfer.fsckObjects", "true"],
  // Slips of old tools in the history of many honest repositories; none of them reaches the file system.
  ...[
    "zeroPaddedFilemode",
    "badTimezone",
    "missingSpaceBeforeDate",
    "missingEmail",
    "missingNameBeforeEmail",
    "badEmail",
  ].map((slip) => [`fetch.fsck.${slip}`, "ignore"] as const),
];

/** The token's header, as GitHub, GitLab and Gitea take it: the user name does not matter to them. */
const authorization = (token: string): string =>
  `Authorization: Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`;

/** What must not be printed of a token: itself, and the form it takes in the header. */
export const tokenForms = (token: string): string[] => [
  token,
  Buffer.from(`x-access-token:${token}`).toString("base64"),
  encodeURIComponent(token),
];

export const transportOf = (url: GitUrl): string =>
  url.kind === "https" ? (url.url.split(":")[0] ?? "https") : url.kind;

export function gitEnvironment(options: GitEnvironmentOptions): Record<string, string> {
  const { url, token } = options;
  const config = [...HARDENING];
  if (token !== null && url.kind === "https") config.push([`http.${url.url}.extraHeader`, authorization(token)]);
  if (options.address !== null && url.kind === "https")
    config.push(["http.curloptResolve", pin(url.url, options.address)]);
  return {
    PATH: options.path,
    HOME: "/nonexistent",
    LC_ALL: "C",
    GIT_ALLOW_PROTOCOL: transportOf(url),
    GIT_ASKPASS: "/bin/false",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: options.trustFile ?? "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_LFS_SKIP_SMUDGE: "1",
    GIT_LITERAL_PATHSPECS: "1",
    GIT_NO_LAZY_FETCH: "1",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_PROTOCOL_FROM_USER: "0",
    GIT_TERMINAL_PROMPT: "0",
    SSH_ASKPASS: "/bin/false",
    SSH_ASKPASS_REQUIRE: "never",
    // A shell reads GIT_SSH_COMMAND, so it is a constant: the shell itself puts the one path in, quoted.
    ...(options.sshConfig === null
      ? { GIT_SSH_COMMAND: "/bin/false" }
      : {
          GIT_SSH_COMMAND: 'ssh -F "$WINDLASS_SSH_CONFIG"',
          GIT_SSH_VARIANT: "ssh",
          WINDLASS_SSH_CONFIG: options.sshConfig,
        }),
    ...(options.caFile === null ? {} : { GIT_SSL_CAINFO: options.caFile }),
    GIT_CONFIG_COUNT: String(config.length),
    ...Object.fromEntries(
      config.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}

/** CURLOPT_RESOLVE: the name leads to this address and no other, whatever a name server says by now. */
function pin(url: string, address: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === "http:" ? 80 : 443)}:${isIPv6(address) ? `[${address}]` : address}`;
}

/** Configuration that lets git read one folder whoever owns it (safe.directory; only honoured outside repositories). */
export function trustConfig(folder: string): string {
  const quoted = [folder, `${folder}/.git`].map((path) => `"${path.replace(/[\\"]/g, "\\$&")}"`);
  return `[safe]\n${quoted.map((path) => `\tdirectory = ${path}\n`).join("")}`;
}

/** ssh_config(5) for one fetch, which goes to `address` and knows it as `hostName`. Paths are ours; `%` starts a token there. */
export function sshConfig(files: { key: string; knownHosts: string; address: string; hostName: string }): string {
  const quote = (path: string) => `"${path.replaceAll("%", "%%")}"`;
  return [
    "Host *",
    `  HostName ${files.address}`,
    `  HostKeyAlias ${files.hostName}`,
    "  BatchMode yes",
    "  StrictHostKeyChecking yes",
    `  UserKnownHostsFile ${quote(files.knownHosts)}`,
    "  GlobalKnownHostsFile /dev/null",
    "  UpdateHostKeys no",
    "  CheckHostIP no",
    "  IdentitiesOnly yes",
    `  IdentityFile ${quote(files.key)}`,
    "  IdentityAgent none",
    "  PreferredAuthentications publickey",
    "  ClearAllForwardings yes",
    "  ForwardAgent no",
    "  PermitLocalCommand no",
    "  ControlMaster no",
    "  ControlPath none",
    "  ConnectTimeout 15",
    "  ServerAliveInterval 5",
    "  ServerAliveCountMax 3",
    "  LogLevel ERROR",
    "",
  ].join("\n");
}

/** A mirror belongs to an address and a credential: who may not read a repository does not meet its objects either. */
export function mirrorName(url: string, credential: string | null): string {
  return `${createHash("sha256")
    .update(`${url}\n${credential ?? ""}`)
    .digest("hex")
    .slice(0, 32)}.git`;
}
