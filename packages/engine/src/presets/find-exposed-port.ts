/**
 * The first TCP port that the last stage of a Dockerfile exposes, with ENV and ARG defaults put in; null when it exposes
 * none that can be told.
 */
export function findExposedPort(dockerfile: string): number | null {
  const values = new Map<string, string>();
  let port: number | null = null;
  for (const line of dockerfile.replace(/\\[ \t]*\r?\n/g, " ").split(/\r?\n/)) {
    const [, instruction = "", rest = ""] = /^\s*([A-Za-z]+)\s+(.*)$/.exec(line) ?? [];
    switch (instruction.toUpperCase()) {
      case "FROM":
        port = null;
        break;
      case "ENV":
      case "ARG":
        for (const [name, value] of assignments(rest)) values.set(name, value);
        break;
      case "EXPOSE":
        port ??= firstTcpPort(rest, values);
        break;
    }
  }
  return port;
}

/** NAME=value … , or the older ENV NAME value */
function assignments(text: string): [string, string][] {
  const pairs = [...text.matchAll(/([A-Za-z_]\w*)=("[^"]*"|'[^']*'|\S*)/g)].map(
    ([, name = "", value = ""]): [string, string] => [name, value.replace(/^["']|["']$/g, "")],
  );
  const older = /^([A-Za-z_]\w*)\s+(\S+)$/.exec(text.trim());
  return pairs.length === 0 && older ? [[older[1] ?? "", older[2] ?? ""]] : pairs;
}

function firstTcpPort(text: string, values: ReadonlyMap<string, string>): number | null {
  for (const word of text.split(/\s+/)) {
    const filled = word.replace(
      /\$(?:\{(\w+)(?::-(\w*))?\}|(\w+))/g,
      (_, braced: string | undefined, fallback: string | undefined, bare: string | undefined) =>
        values.get(braced ?? bare ?? "") ?? fallback ?? "",
    );
    const found = /^(\d{1,5})(?:\/tcp)?$/i.exec(filled);
    const port = Number(found?.[1]);
    if (port >= 1 && port <= 65_535) return port;
  }
  return null;
}
