import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DomainError, type GitUrl } from "@windlass/domain";
import type { SourceAccess } from "../ports.ts";
import { sshConfig } from "./git-environment.ts";
import { withPrivateFolder } from "./private-folder.ts";
import { hostKey, knownHostName, parseHostKey, scanHostKeys } from "./scan-host-keys.ts";

type SshUrl = Extract<GitUrl, { kind: "ssh" }>;

interface SessionOptions {
  signal: AbortSignal;
  path: string;
  /** Where the host is, as the egress guard found it */
  address: string;
}

/**
 * Calls `work` with the path of an ssh_config that uses the deploy key and trusts only the confirmed host keys. The key
 * lies in a folder of ours alone while `work` runs, and is removed on every way out.
 */
export async function withSshSession<T>(
  cacheFolder: string,
  url: SshUrl,
  access: SourceAccess,
  options: SessionOptions,
  work: (configPath: string) => Promise<T>,
): Promise<T> {
  const { deployKey } = access;
  if (deployKey === null) {
    throw new DomainError(
      "source_denied",
      `Addresses of this kind need a deploy key. Make one for this app, and add its public half on ${url.host}.`,
      { field: "deployKey" },
    );
  }
  const knownHosts = confirmedKeys(url, access.sshHostKeys);
  if (knownHosts.length === 0) throw await unknownHostKey(url, options);

  const { address } = options;
  return withPrivateFolder(cacheFolder, "ssh", async (folder) => {
    const files = { config: join(folder, "config"), key: join(folder, "key"), knownHosts: join(folder, "known_hosts") };
    const key = `${deployKey.reveal().replace(/\r\n?/g, "\n").trim()}\n`;
    await writeFile(files.key, key, { mode: 0o600, flag: "wx" });
    await writeFile(files.knownHosts, `${knownHosts.join("\n")}\n`, { mode: 0o600, flag: "wx" });
    await writeFile(files.config, sshConfig({ ...files, address, hostName: knownHostName(url.host, url.port) }), {
      mode: 0o600,
      flag: "wx",
    });
    return await work(files.config);
  });
}

/** Lines are written anew with this host's name, so that a confirmed line can never speak for more than this host. */
function confirmedKeys(url: SshUrl, lines: readonly string[]): string[] {
  const name = knownHostName(url.host, url.port);
  return lines
    .flatMap((line) => line.split(/[\r\n]+/))
    .filter((line) =>
      line
        .trim()
        .split(/[ \t]+/)[0]
        ?.split(",")
        .includes(name),
    )
    .flatMap((line) => {
      const key = parseHostKey(line);
      return key ? [hostKey(name, key).knownHostsLine] : [];
    });
}

/** Evidence is, for each key in turn, its known_hosts line and its fingerprint. */
async function unknownHostKey(url: SshUrl, options: SessionOptions): Promise<DomainError> {
  const keys = await scanHostKeys(url.host, url.port, options);
  return new DomainError(
    "host_key_unknown",
    `Nobody has confirmed yet that ${url.host} is who it says. Compare its fingerprint with the one that ${url.host} publishes, then confirm it.`,
    { field: "sshHostKeys", evidence: keys.flatMap((key) => [key.knownHostsLine, key.fingerprint]) },
  );
}
