import { DomainError } from "@windlass/domain";

const OWN_BUILD = /^(?:(?:index\.)?docker\.io\/)?windlass\//i;
/** The engine takes any unambiguous beginning of an id for the image, before it asks a registry. */
const ID = /^(?:sha256:[0-9a-z]*|[0-9a-f]+)$/i;

const MOST_CHARACTERS = 2 ** 20;

/** Whether a name may lead to what Windlass built for somebody: by the name it gave, or by an image's id. */
export const isForeignImage = (name: string): boolean => OWN_BUILD.test(name) || ID.test(name);

export function refuseForeignImage(name: string): void {
  if (!isForeignImage(name)) return;
  throw new DomainError(
    "image_unavailable",
    `${name} names an image on this server by its id, or one that Windlass built. Name an image of a registry, such as nginx:1.27 or docker.io/library/${/^\w+$/.test(name) ? name : "app"}.`,
  );
}

/**
 * Rejects with build_failed when a Dockerfile begins with, or copies from, an image that Windlass built: the engine is
 * shared, and knows no teams. The engine's grammar has quotes, escapes, arguments and continued lines, so a file is read
 * in every way it can be, and refused when one of them names such an image.
 */
export function refuseForeignBases(dockerfile: string, buildArguments: Record<string, string> = {}): void {
  if (dockerfile.length > MOST_CHARACTERS) {
    throw new DomainError("build_failed", "The Dockerfile has more than a million characters. Make it shorter.", {
      field: "config.build.dockerfile",
    });
  }
  const text = dockerfile.replace(/^\ufeff/, "").replace(/^[ \t]*(?:#.*)?\r?\n/gm, "");
  const readings = [text, text.replace(/\\[ \t]*\r?\n/g, ""), text.replace(/`[ \t]*\r?\n/g, "")].map(split);
  const stages = readings.map(stagesOf);
  const isStage = (name: string) => stages.every(({ names }) => names.has(name.toLowerCase()));
  const count = Math.min(...stages.map(({ count }) => count));
  for (const lines of readings) {
    const values = argumentsOf(lines, buildArguments);
    for (const line of lines) {
      const bases = /^FROM\s/i.test(line) ? baseWords(line).flatMap((word) => expand(word, values)) : [];
      const copied = /^(?:ONBUILD\s+)?COPY\s/i.test(line) ? copiedFrom(line) : [];
      const isEarlier = (name: string) => /^\d{1,3}$/.test(name) && Number(name) < count;
      const foreign =
        bases.find((name) => isForeignImage(name) && !isStage(name)) ??
        copied.find((name) => isForeignImage(name) && !isStage(name) && !isEarlier(name));
      if (foreign !== undefined) {
        throw new DomainError(
          "build_failed",
          `The Dockerfile takes ${foreign}, which names an image on this server by its id, or one that Windlass built. Name an image of a registry, such as node:22-slim, or a stage of this file.`,
          { field: "config.build.dockerfile", evidence: [line] },
        );
      }
    }
  }
}

/** Its instructions, as the engine sees them once quotes and escapes are gone. */
const split = (text: string): string[] => text.split(/\r?\n/).map((line) => line.replace(/['"\\`]/g, "").trim());

function stagesOf(lines: string[]): { names: Set<string>; count: number } {
  const from = lines.filter((line) => /^FROM\s/i.test(line));
  const names = from.flatMap((line) => /\sAS\s+(\S+)$/i.exec(line)?.[1]?.toLowerCase() ?? []);
  return { names: new Set(names), count: from.length };
}

const baseWords = (line: string): string[] =>
  line
    .replace(/\sAS\s+\S+$/i, "")
    .split(/\s+/)
    .slice(1)
    .filter((word) => !word.startsWith("--"));

const copiedFrom = (line: string): string[] => [...line.matchAll(/--from=(\S*)/gi)].map((found) => found[1] ?? "");

/** Every value that an argument may have where FROM uses it: none, what was given, each default. */
function argumentsOf(lines: string[], given: Record<string, string>): Map<string, Set<string>> {
  const values = new Map<string, Set<string>>();
  for (const line of lines.filter((one) => /^ARG\s/i.test(one))) {
    for (const word of line.split(/\s+/).slice(1)) {
      const [, name = "", fallback = ""] = /^([A-Za-z_]\w*)(?:=(.*))?$/.exec(word) ?? [];
      const known = values.get(name) ?? new Set(["", given[name] ?? ""]);
      for (const value of expand(fallback, values)) known.add(value);
      values.set(name, known);
    }
  }
  return values;
}

const MOST_READINGS = 500;

/** What a word may become. What is not understood counts as an id, so that it is refused. */
function expand(word: string, values: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  let read = [""];
  for (const [part, braced, fallback, bare] of word.matchAll(
    /\$\{(\w+)(?::?-([^${}]*))?\}|\$(\w+)|[^$]+|\$/g,
  ) as Iterable<[string, string?, string?, string?]>) {
    const name = braced ?? bare;
    if (name === undefined && part === "$") return ["sha256:"];
    const known = name === undefined ? [part] : [...(values.get(name) ?? [""]), ...(fallback ? [fallback] : [])];
    read = read.flatMap((before) => known.map((value) => before + value));
    if (read.length > MOST_READINGS) return ["sha256:"];
  }
  return read;
}
