import { DomainError, type ErrorDetail, type GitUrl } from "@windlass/domain";

export interface GitFailure {
  url: GitUrl;
  hasToken: boolean;
  /** The last lines that git wrote, redacted */
  lines: readonly string[];
}

/** What git said, as an error that the person who deploys can act on. Read with LC_ALL=C. */
export function translateGitError({ url, hasToken, lines }: GitFailure): DomainError {
  const said = lines.join("\n");
  const where = url.kind === "file" ? url.path : url.host;
  const evidence = lines.filter((line) => line.trim() !== "").slice(-10);
  const unreachable = (message: string) =>
    new DomainError("source_unreachable", message, { fault: "server", retryable: true, evidence });
  const refused = (message: string, detail: ErrorDetail = {}) =>
    new DomainError("source_refused", message, { evidence, ...detail });
  const denied = (message: string) =>
    new DomainError("source_denied", message, {
      field: url.kind === "ssh" ? "deployKey" : "repositoryToken",
      evidence,
    });

  if (/No space left on device|Disk quota exceeded/.test(said)) {
    return new DomainError("disk_full", "The disk is full. Free some space on the server and try again.", {
      fault: "server",
      retryable: true,
      evidence,
    });
  }
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed|No \S+ host key is known/.test(said)) {
    return refused(
      `${where} shows a different host key than the one that was confirmed. Somebody may be listening in. If the server was set up anew, remove the old key from the source's settings and confirm the new one.`,
      { field: "sshHostKeys" },
    );
  }
  if (/Could not resolve host|Name or service not known|Temporary failure in name resolution/.test(said)) {
    return unreachable(`The host ${where} cannot be found. Check the repository's address and the server's DNS.`);
  }
  if (/Connection refused|Failed to connect|Couldn't connect/.test(said)) {
    return unreachable(`${where} refuses the connection. Check the address and its port, or try again later.`);
  }
  if (/timed out|Operation too slow|Timeout|No route to host|Network is unreachable/i.test(said)) {
    return unreachable(`${where} did not answer in time. Try again later, or check the server's network.`);
  }
  if (/SSL|certificate|TLS/.test(said)) {
    return unreachable(
      `The certificate of ${where} is not trusted here. If a proxy signs it, give Windlass the proxy's CA file.`,
    );
  }
  if (/Load key .*(invalid format|error in libcrypto|incorrect passphrase)/.test(said)) {
    return denied("The deploy key cannot be read. Paste the whole private key, one without a passphrase.");
  }
  if (/Permission denied \(|Too many authentication failures/.test(said)) {
    return denied(`${where} does not accept the deploy key. Add its public half to the repository.`);
  }
  if (
    /Authentication failed|could not read (Username|Password)|returned error: (401|403)|HTTP Basic: Access denied/.test(
      said,
    )
  ) {
    return denied(
      hasToken
        ? `${where} does not accept the access token. It may have expired, or lack the right to read this repository.`
        : `${where} asks for a sign-in. If the address is right, the repository is private: add an access token.`,
    );
  }
  if (/returned error: 404|repository '.*' not found|Repository not found/i.test(said)) {
    return denied(
      hasToken
        ? `There is no such repository on ${where}, or the access token may not read it.`
        : `There is no such repository on ${where}, or it is private. Check the address, or add an access token.`,
    );
  }
  if (/returned error: 30\d|unable to update url base from redirection/.test(said)) {
    return refused(`${where} sends this address on to another one. Use the repository's present address.`, {
      field: "source.url",
    });
  }
  if (/returned error: (429|5\d\d)/.test(said)) return unreachable(`${where} has trouble answering. Try again later.`);
  if (/fsck error|fsckObjects|fsck: |hasDotgit|gitmodules|invalid path/i.test(said)) {
    return refused("The repository holds something that git itself warns of, so it was not taken. Run git fsck on it.");
  }
  if (/dubious ownership/.test(said)) {
    return refused(`The repository in ${where} belongs to another user of this server. Change its owner.`);
  }
  if (/transport '.*' not allowed/.test(said)) {
    return refused("This kind of address is not allowed here.", { field: "source.url" });
  }
  if (
    /does not appear to be a git repository|not a git repository|not valid: is this a git repository|no such file or directory|invalid gitfile/i.test(
      said,
    )
  ) {
    return refused(`There is no git repository at ${url.kind === "file" ? where : url.url}. Check the address.`, {
      field: "source.url",
    });
  }
  if (
    /hung up unexpectedly|early EOF|unexpected disconnect|Connection reset|Connection closed|RPC failed|Empty reply/i.test(
      said,
    )
  ) {
    return unreachable(`The connection to ${where} broke. Try again.`);
  }
  return new DomainError("source_unreachable", `git could not read from ${where}: ${lastWords(lines)}`, {
    fault: "server",
    retryable: true,
    evidence,
  });
}

const lastWords = (lines: readonly string[]): string =>
  [...lines].reverse().find((line) => /^(fatal|error):/.test(line)) ?? lines.at(-1) ?? "it gave no reason";
