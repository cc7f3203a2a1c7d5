import { z } from "zod";
import { hasControlCharacter, ImageRef } from "./names.ts";

/** Parsed git addresses. `file` is allowed only below folders that the operator configured. */
export type GitUrl =
  | { kind: "https"; url: string; host: string }
  | { kind: "ssh"; url: string; user: string; host: string; port: number; path: string }
  | { kind: "file"; url: string; path: string };

const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/;

/**
 * Reads a git address: https://host/path, http://host/path (only where the operator allows plain http),
 * ssh://user@host[:port]/path, user@host:path, file:///path or an absolute path. Returns a sentence when it is refused.
 * Credentials inside an address are refused: they would be stored and shown with it.
 */
export function parseGitUrl(text: string): GitUrl | { problem: string } {
  if (text.length > 1000) return { problem: "Use at most 1000 characters." };
  if (hasControlCharacter(text) || /\s/.test(text)) return { problem: "An address has no spaces or line breaks." };
  if (text.startsWith("-")) return { problem: "An address does not start with a hyphen." };
  if (text.startsWith("/")) return parseFile(text);
  if (text.startsWith("file://")) return parseFile(text.slice("file://".length));
  const scp = /^([A-Za-z0-9_][A-Za-z0-9._-]*)@([^:/]+):(?!\/\/)(.+)$/.exec(text);
  if (scp && !text.includes("://")) return parseSsh(scp[1] as string, scp[2] as string, 22, scp[3] as string);
  if (!/^(https?|ssh):\/\//.test(text)) {
    return { problem: "Use an address like https://host/team/app.git or git@host:team/app.git." };
  }
  if (!URL.canParse(text)) return { problem: "This address cannot be read." };
  const url = new URL(text);
  if (url.protocol === "ssh:") {
    if (url.password) return { problem: "Take the password out of the address; use a deploy key." };
    return parseSsh(url.username || "git", url.hostname, url.port ? Number(url.port) : 22, url.pathname);
  }
  if (url.username || url.password) {
    return { problem: "Take the user name and token out of the address and put the token in the access token field." };
  }
  if (url.hash || url.search) return { problem: "A repository's address has no ? or # part." };
  if (url.pathname.length < 2) return { problem: "The address has no repository path." };
  return { kind: "https", url: url.href, host: url.hostname };
}

function parseFile(path: string): GitUrl | { problem: string } {
  if (!path.startsWith("/") || path.split("/").includes("..")) return { problem: "Use an absolute path without .." };
  return { kind: "file", url: `file://${path}`, path };
}

function parseSsh(user: string, host: string, port: number, path: string): GitUrl | { problem: string } {
  if (!HOST.test(host)) return { problem: "This host name cannot be read." };
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(user)) return { problem: "This user name cannot be read." };
  const clean = path.replace(/^\/+/, "/");
  if (clean.replace("/", "").startsWith("-") || clean.length < 2 || !/^[A-Za-z0-9._~/+@-]+$/.test(clean)) {
    return { problem: "This repository path cannot be read." };
  }
  const absolute = clean.startsWith("/") ? clean : `/${clean}`;
  return { kind: "ssh", url: `ssh://${user}@${host}:${port}${absolute}`, user, host, port, path: absolute };
}

export const GitAddress = z
  .string()
  .trim()
  .min(1, "Paste the repository's address.")
  .superRefine((text, ctx) => {
    const parsed = parseGitUrl(text);
    if ("problem" in parsed) ctx.addIssue({ code: "custom", message: parsed.problem });
  })
  .transform((text) => (parseGitUrl(text) as GitUrl).url)
  .brand<"GitAddress">();
export type GitAddress = z.infer<typeof GitAddress>;

export const AppSource = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("git"), url: GitAddress }),
  z.object({ kind: z.literal("image"), image: ImageRef }),
]);
export type AppSource = z.infer<typeof AppSource>;

/** A name for an app, from what its source is called. */
export function nameFromSource(address: string): string {
  const last = address
    .replace(/[/]+$/, "")
    .replace(/\.git$/, "")
    .replace(/@sha256:.*$/, "")
    .split("/")
    .pop();
  return (last ?? "").replace(/:[^:]*$/, "").replace(/[^A-Za-z0-9._-]/g, "");
}
