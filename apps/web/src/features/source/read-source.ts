import type { AppSource } from "@windlass/domain";

export type SourceText = { kind: "empty" } | { kind: "git"; url: string } | { kind: "image"; image: string };

const FORGES = /^(?:www\.)?(github\.com|gitlab\.com|bitbucket\.org|codeberg\.org)\/[^/\s]+\/[^/\s]+/;

/** What a person means by what was pasted: a repository or an image. The server judges whether it is well written. */
export function readSource(text: string): SourceText {
  const trimmed = text.trim();
  if (trimmed === "") return { kind: "empty" };
  if (FORGES.test(trimmed)) return { kind: "git", url: repositoryOf(`https://${trimmed}`) };
  if (/^[a-z]+:\/\//i.test(trimmed)) return { kind: "git", url: repositoryOf(trimmed) };
  if (trimmed.startsWith("/") || /^[\w.-]+@[^/\s]+:/.test(trimmed) || trimmed.endsWith(".git")) {
    return { kind: "git", url: trimmed };
  }
  return { kind: "image", image: trimmed };
}

/** A page of a forge, as it stands in the address bar, names the repository it shows. */
function repositoryOf(url: string): string {
  const page =
    /^(https?:\/\/(?:www\.)?(?:github\.com|codeberg\.org)\/[^/]+\/[^/?#]+)\/(?:tree|blob|pulls?|issues|actions|src)\b.*$/;
  const gitlab = /^(https?:\/\/gitlab\.com\/.+?)\/-\/.*$/;
  return url
    .replace(page, "$1")
    .replace(gitlab, "$1")
    .replace(/[?#].*$/, "")
    .replace(/\/+$/, "");
}

export const isSsh = (source: SourceText): boolean =>
  source.kind === "git" && (source.url.startsWith("ssh://") || /^[\w.-]+@[^/\s]+:/.test(source.url));

/** As the procedures take it. */
export const toAppSource = (source: Exclude<SourceText, { kind: "empty" }>) => source as unknown as AppSource;
