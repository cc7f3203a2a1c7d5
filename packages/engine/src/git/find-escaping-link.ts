const MAX_HOPS = 40;

/**
 * The first link of a tree that leads out of it, or undefined. `links` are path → target, all paths relative to the root;
 * targets are followed through other links as the kernel would (path_resolution(7)). Absolute targets lead out.
 */
export function findEscapingLink(links: ReadonlyMap<string, string>): { path: string; target: string } | undefined {
  for (const [path, target] of links) if (leadsOut(path, links)) return { path, target };
  return undefined;
}

function leadsOut(path: string, links: ReadonlyMap<string, string>): boolean {
  const at: string[] = [];
  const ahead = path.split("/").reverse();
  let hops = 0;
  while (ahead.length > 0) {
    const part = ahead.pop() as string;
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (at.pop() === undefined) return true;
      continue;
    }
    at.push(part);
    const target = links.get(at.join("/"));
    if (target === undefined) continue;
    if (target.startsWith("/") || target.includes("\0")) return true;
    // A loop leads nowhere, the kernel gives up at the same count.
    if (++hops > MAX_HOPS) return false;
    at.pop();
    ahead.push(...target.split("/").reverse());
  }
  return false;
}
