// git's arguments, apart from running them. Refs and paths come branded or resolved; `--` or `--end-of-options` stands
// before every positional all the same.

export type GitCommand = string[];

export const initMirror = (mirror: string): GitCommand => ["init", "--quiet", "--bare", "--template=", "--", mirror];

/** Patterns match any ref that ends so; the reader takes exact names only. */
export const listRemote = (url: string, patterns: readonly string[]): GitCommand => [
  "ls-remote",
  "--symref",
  "--",
  url,
  ...patterns,
];

export interface FetchOptions {
  mirror: string;
  url: string;
  refspecs: readonly string[];
  history: "tip" | "all" | "as it is";
}

export const fetchRefs = ({ mirror, url, refspecs, history }: FetchOptions): GitCommand => [
  inMirror(mirror),
  "fetch",
  "--quiet",
  "--no-tags",
  "--no-auto-maintenance",
  "--no-recurse-submodules",
  "--no-write-fetch-head",
  "--force",
  ...(history === "tip" ? ["--depth=1"] : []),
  ...(history === "all" ? ["--unshallow"] : []),
  "--",
  url,
  ...refspecs,
];

const COMMIT_FIELDS = "%H%n%T%n%an%n%cI%n%s";
const COMMIT_FORMAT = `--format=${COMMIT_FIELDS}`;

/** Exits with 128 when there is none of this name. */
export const showCommit = (mirror: string, name: string): GitCommand => [
  inMirror(mirror),
  "log",
  "-z",
  "--max-count=1",
  "--no-mailmap",
  "--no-show-signature",
  COMMIT_FORMAT,
  "--end-of-options",
  `${name}^{commit}`,
  "--",
];

export const listCommits = (mirror: string, from: string, to: string, limit: number): GitCommand => [
  inMirror(mirror),
  "log",
  "-z",
  `--max-count=${limit}`,
  "--no-mailmap",
  "--no-show-signature",
  COMMIT_FORMAT,
  "--end-of-options",
  `${from}..${to}`,
  "--",
];

/** The newest commits that only one of the two has, each with a mark before it: < for the first's, > for the second's. */
export const listSides = (mirror: string, first: string, second: string, limit: number): GitCommand => [
  inMirror(mirror),
  "log",
  "-z",
  `--max-count=${limit}`,
  "--left-right",
  "--no-mailmap",
  "--no-show-signature",
  `--format=%m${COMMIT_FIELDS}`,
  "--end-of-options",
  `${first}...${second}`,
  "--",
];

/** How many commits only the first has, and how many only the second: the first contains the second when that has none. */
export const countCommits = (mirror: string, from: string, to: string): GitCommand => [
  inMirror(mirror),
  "rev-list",
  "--left-right",
  "--count",
  "--end-of-options",
  `${from}...${to}`,
  "--",
];

/** Everything in a commit, with sizes: what will be written is known before it is. */
export const listTree = (mirror: string, commit: string): GitCommand => [
  inMirror(mirror),
  "ls-tree",
  "-r",
  "-z",
  "--long",
  "--full-tree",
  commit,
];

export const listFolder = (mirror: string, commit: string, folder: string): GitCommand => [
  inMirror(mirror),
  "ls-tree",
  "-z",
  "--long",
  "--full-tree",
  folder === "." ? commit : `${commit}:${folder}`,
];

/** The entries of these names; also of a folder that another one lies in. */
export const listPaths = (mirror: string, commit: string, paths: readonly string[]): GitCommand => [
  inMirror(mirror),
  "ls-tree",
  "-t",
  "-z",
  "--long",
  "--full-tree",
  commit,
  "--",
  ...paths,
];

/** Object ids on stdin, their contents on stdout. */
export const catObjects = (mirror: string): GitCommand => [inMirror(mirror), "cat-file", "--batch"];

/** Writes a commit's files into GIT_WORK_TREE, by the index that GIT_INDEX_FILE names; runs no hook and no filter, for none is configured. */
export const writeTree = (mirror: string, commit: string): GitCommand => [
  inMirror(mirror),
  "read-tree",
  "--reset",
  "-u",
  commit,
];

const inMirror = (mirror: string): string => `--git-dir=${mirror}`;
