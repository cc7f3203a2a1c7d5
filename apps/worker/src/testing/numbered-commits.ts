import { type CommitSummary, DomainError } from "@windlass/domain";
import type { SourceRepository } from "@windlass/engine";

/** A commit of a made-up repository: its place on a line that a forced push starts anew. */
export interface NumberedCommit {
  line: number;
  place: number;
  /** Its build fails */
  isBroken: boolean;
}

export function shaOf({ line, place, isBroken }: NumberedCommit): string {
  const hex = (n: number, digits: number) => n.toString(16).padStart(digits, "0");
  return `${hex(isBroken ? 1 : 0, 4)}${hex(line, 18)}${hex(place, 18)}`;
}

export const commitOf = (sha: string): NumberedCommit => ({
  isBroken: sha.startsWith("0001"),
  line: Number.parseInt(sha.slice(4, 22), 16),
  place: Number.parseInt(sha.slice(22), 16),
});

/** Whether the commit is one that the other follows from. */
export const isBefore = (a: NumberedCommit, b: NumberedCommit): boolean => a.line === b.line && a.place < b.place;

const summaryOf = (sha: string): CommitSummary => ({
  sha,
  message: sha,
  author: "Ada",
  committedAt: new Date(0).toISOString(),
});

/** Repositories that hold nothing but commits; `heads` says where the branch of each address is. */
export function createNumberedRepositories(
  heads: ReadonlyMap<string, NumberedCommit>,
  write: (commit: NumberedCommit, folder: string) => Promise<void>,
): SourceRepository {
  return {
    async resolve({ source }, ref) {
      const head = source.kind === "git" ? heads.get(source.url) : undefined;
      if (!head) throw new DomainError("ref_not_found", "There is no such branch.");
      const sha = ref === "main" ? shaOf(head) : ref;
      return { kind: "git", commit: summaryOf(sha), tree: sha };
    },
    fetch: (_access, sha, folder) => write(commitOf(sha), folder),
    async history(_access, from, to) {
      const isOlder = isBefore(commitOf(to), commitOf(from));
      const isBackwards = from !== to && !isBefore(commitOf(from), commitOf(to));
      return { commits: isOlder ? [] : [summaryOf(to)], omitted: 0, isBackwards };
    },
    forget: async () => {},
    branches: async () => ({ branches: ["main"], defaultBranch: "main" }),
    read: async () => ({ files: {}, entries: [] }),
  };
}
