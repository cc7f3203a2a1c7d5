import { z } from "zod";

// Branded names. Each constructor refuses what could be read as a flag, a path or a control sequence further in, so the
// engine, which takes only brands, has nothing to escape.

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it must find
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff]/;

/** True when the text holds a control, zero-width or direction-changing character. */
export const hasControlCharacter = (text: string): boolean => CONTROL.test(text);

/** What Postgres can store as text and as JSON: no null character, no half of a surrogate pair. */
export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes("\u0000");

/** A name that people give to things: 1–80 characters on one line, nothing invisible. */
export const DisplayName = z
  .string()
  .trim()
  .min(1, "Give it a name.")
  .max(80, "Use at most 80 characters.")
  .refine((s) => isStorable(s) && !hasControlCharacter(s), "Use visible characters on one line.");

const slug = (what: string, max: number) =>
  z
    .string()
    .max(max, `Use at most ${max} characters.`)
    .regex(
      /^[a-z](?:[a-z0-9-]*[a-z0-9])?$/,
      `${what} starts with a letter and has only a–z, 0–9 and single hyphens inside.`,
    )
    .refine((s) => !s.includes("--"), `${what} cannot have two hyphens in a row.`);

/** Part of host names, image tags and network names: DNS label rules (RFC 1035), at most 40 so that suffixes fit in 63. */
export const AppSlug = slug("An app's name in addresses", 40).brand<"AppSlug">();
export type AppSlug = z.infer<typeof AppSlug>;

export const EnvironmentSlug = slug("An environment's name in addresses", 20).brand<"EnvironmentSlug">();
export type EnvironmentSlug = z.infer<typeof EnvironmentSlug>;

/** A lower-case name for addresses made from a person's words, or undefined when nothing usable is left. */
export function slugFrom(words: string): AppSlug | undefined {
  const text = words
    .normalize("NFKD")
    .toLowerCase()
    .replace(/\p{M}/gu, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "")
    .slice(0, 40)
    .replace(/-+$/, "");
  return AppSlug.safeParse(text).data;
}

/** A branch, tag or commit as git-check-ref-format(1) allows it, and never one that starts with a hyphen. */
export const GitRef = z
  .string()
  .min(1, "Name a branch, tag or commit.")
  .max(200, "Use at most 200 characters.")
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9._/+@#=,-]*$/,
    "A branch, tag or commit has only letters, digits and . _ / + @ # = , -",
  )
  .refine(
    (s) => !/\.\.|\/\/|@\{|\.lock(\/|$)|\/\.|\.$|\/$/.test(s),
    "This is not a name that git allows for a branch or tag.",
  )
  .brand<"GitRef">();
export type GitRef = z.infer<typeof GitRef>;

export const CommitSha = z
  .string()
  .regex(/^[0-9a-f]{40}$/, "A commit is 40 hexadecimal digits.")
  .brand<"CommitSha">();
export type CommitSha = z.infer<typeof CommitSha>;

/** An image reference as the distribution project defines it: [host[:port]/]path[:tag][@sha256:…]. */
export const ImageRef = z
  .string()
  .min(1, "Name an image.")
  .max(400, "Use at most 400 characters.")
  .regex(
    /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?\/)?[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/,
    "An image is named like nginx:1.27, ghcr.io/team/app:v2 or app@sha256:….",
  )
  .brand<"ImageRef">();
export type ImageRef = z.infer<typeof ImageRef>;

/** A path inside a repository: relative, no `..`, no leading hyphen or slash, printable. "." is the root. */
export const RepoPath = z
  .string()
  .min(1, "Name a path; . is the root of the repository.")
  .max(400, "Use at most 400 characters.")
  .refine((s) => isStorable(s) && !hasControlCharacter(s), "Use visible characters on one line.")
  .refine((s) => !s.startsWith("/") && !s.startsWith("-") && !s.includes("\\"), "Use a path inside the repository.")
  .refine(
    (s) => s === "." || s.split("/").every((part) => part !== ".." && part !== "." && part !== "" && part !== ".git"),
    "Use a plain path inside the repository, without .. or .git.",
  )
  .brand<"RepoPath">();
export type RepoPath = z.infer<typeof RepoPath>;

/** An environment variable's name (POSIX), without those that change how programs are loaded or how Windlass runs them. */
export const EnvKey = z
  .string()
  .max(128, "Use at most 128 characters.")
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "A variable's name has letters, digits and _ and does not start with a digit.")
  .refine((s) => !/^(LD_|DYLD_|WINDLASS_)/.test(s), "Names that start with LD_, DYLD_ or WINDLASS_ are reserved.")
  .refine((s) => s !== "PORT", "PORT is set by Windlass. Change the app's port in its settings instead.")
  .brand<"EnvKey">();
export type EnvKey = z.infer<typeof EnvKey>;

/** A host name in lower case (RFC 1123), at most 253 characters; or an IPv4 address, for the route of last resort. */
export const HostName = z
  .string()
  .max(253, "Use at most 253 characters.")
  .regex(
    /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/,
    "A host name looks like app.example.com.",
  )
  .brand<"HostName">();
export type HostName = z.infer<typeof HostName>;

export const Port = z
  .int("A port is a whole number.")
  .min(1, "A port is between 1 and 65535.")
  .max(65535, "A port is between 1 and 65535.");

/** The path of a request: starts with /, printable ASCII, no fragment. */
export const UrlPath = z
  .string()
  .max(1000, "Use at most 1000 characters.")
  .regex(/^\/[\x21-\x22\x24-\x7e]*$/, "A path starts with / and has no spaces.");

export const Email = z
  .email("This is not an e-mail address.")
  .max(200, "Use at most 200 characters.")
  .transform((s) => s.toLowerCase());

/** NIST SP 800-63B: length counts, composition rules do not. */
export const Password = z.string().min(12, "Use at least 12 characters.").max(200, "Use at most 200 characters.");

export const Id = z.uuid("This is not an id.");
