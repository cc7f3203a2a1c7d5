import { createServer, type Server } from "node:http";
import type { LiveTable } from "../traffic/live-table.ts";
import { parseHost } from "../traffic/parse-host.ts";

/**
 * Answers Caddy's question before it obtains a certificate: GET /ask?domain=x, 200 for a host that the table knows and
 * 404 for any other, so that nobody can make us request certificates for names that are not ours.
 */
export function createAskServer(table: LiveTable): Server {
  return createServer((req, res) => {
    const [path, query] = (req.url ?? "").split("?", 2);
    const domain = path === "/ask" ? new URLSearchParams(query).get("domain") : null;
    const host = domain === null ? undefined : parseHost(domain);
    res.writeHead(host !== undefined && table.find(host) !== undefined ? 200 : 404, { "Content-Length": 0 }).end();
  });
}
