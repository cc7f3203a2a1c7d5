import type { CommitSummary } from "@windlass/domain";

// Reads what git prints. Every separator is NUL or a line break that the field before it cannot hold.

export interface RemoteRefs {
  /** Branch that HEAD points to, as a full ref name */
  head: string | null;
  /** Full ref name → object id; annotated tags by what they point at */
  refs: Map<string, string>;
}

/** git ls-remote --symref */
export function parseRemoteRefs(output: string): RemoteRefs {
  const refs = new Map<string, string>();
  const peeled = new Map<string, string>();
  let head: string | null = null;
  for (const line of output.split("\n")) {
    const [left = "", name] = line.split("\t");
    if (name === undefined) continue;
    if (left.startsWith("ref: ")) {
      if (name === "HEAD") head = left.slice("ref: ".length);
    } else if (name.endsWith("^{}")) peeled.set(name.slice(0, -3), left);
    else refs.set(name, left);
  }
  return { head, refs: new Map([...refs, ...peeled]) };
}

export interface TreeEntry {
  mode: string;
  type: string;
  id: string;
  size: number;
  path: string;
}

export const isLink = (entry: TreeEntry): boolean => entry.mode === "120000";
export const isFile = (entry: TreeEntry): boolean => entry.type === "blob" && !isLink(entry);
export const isSubmodule = (entry: TreeEntry): boolean => entry.type === "commit";

/** git ls-tree -z --long */
export function parseTree(output: string): TreeEntry[] {
  return output.split("\0").flatMap((record) => {
    const tab = record.indexOf("\t");
    if (tab < 0) return [];
    const [mode = "", type = "", id = "", size = "0"] = record.slice(0, tab).split(/ +/);
    return [{ mode, type, id, size: Number.parseInt(size, 10) || 0, path: record.slice(tab + 1) }];
  });
}

/** A commit, and what names its files: the same id in every commit that has the same files. */
export interface KnownCommit {
  commit: CommitSummary;
  tree: string;
}

/** git log -z with our format */
export function parseCommits(output: string): KnownCommit[] {
  return output.split("\0").flatMap((record) => {
    const [sha = "", tree = "", author = "", committedAt = "", ...message] = record.split("\n");
    if (sha === "") return [];
    const words = { author: visible(author), message: visible(message.join(" ")).slice(0, 500) };
    return [{ commit: { sha, committedAt, ...words }, tree }];
  });
}

/** git log -z with our format and a mark before each: those of the second side, and how many the first has. */
export function parseSides(output: string): { onlyFirst: number; second: KnownCommit[] } {
  const records = output.split("\0");
  const second = records.flatMap((record) => (record.startsWith(">") ? parseCommits(record.slice(1)) : []));
  return { onlyFirst: records.filter((record) => record.startsWith("<")).length, second };
}

/** git cat-file --batch: contents in the order they were asked for; null for what is missing */
export function parseObjects(output: Buffer): (Buffer | null)[] {
  const objects: (Buffer | null)[] = [];
  for (let at = 0; at < output.length; ) {
    const end = output.indexOf(10, at);
    const header = output.toString("latin1", at, end).split(" ");
    if (header[1] === "missing") {
      objects.push(null);
      at = end + 1;
      continue;
    }
    const size = Number(header[2]);
    objects.push(output.subarray(end + 1, end + 1 + size));
    at = end + 1 + size + 1;
  }
  return objects;
}

/** A commit's words come from strangers and are shown in terminals and logs. */
const visible = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
  text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, " ").trim();
