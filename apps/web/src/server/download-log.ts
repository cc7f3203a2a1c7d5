import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { TRPCError } from "@trpc/server";
import { getHTTPStatusCodeFromError } from "@trpc/server/http";
import { appRouter, type Services } from "@windlass/api";
import { RuntimeLogFilter } from "@windlass/domain";
import type { Logger } from "pino";
import { readCredentials } from "./credentials.ts";

export const DOWNLOAD_PATH = "/api/logs/";

/**
 * GET /api/logs/<environment>?format=text|ndjson&filter=<JSON>: a runtime log as a file, sent as fast as it is taken.
 * The procedure behind it says who may have it.
 */
export async function serveLogDownload(
  services: Services,
  { secret, log }: { secret: string; log: Logger },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = "", search = ""] = (request.url ?? "").split("?");
  const query = new URLSearchParams(search);
  const environmentId = path.slice(DOWNLOAD_PATH.length);
  const isJson = query.get("format") === "ndjson";
  const ended = new AbortController();
  response.once("close", () => ended.abort());
  try {
    const caller = appRouter.createCaller(
      {
        ...services,
        credentials: await readCredentials(request.headers, secret),
        request: { address: request.socket.remoteAddress ?? "", userAgent: request.headers["user-agent"] ?? "" },
        onUnexpected: (error, procedure) => log.error({ err: error, path: procedure }, "procedure failed"),
      },
      { signal: ended.signal },
    );
    const batches = await caller.log.export({ environmentId, filter: readFilter(query.get("filter")) });
    for await (const lines of batches) {
      if (!response.headersSent) {
        response.writeHead(200, {
          "content-type": isJson ? "application/x-ndjson; charset=utf-8" : "text/plain; charset=utf-8",
          "content-disposition": `attachment; filename="${environmentId}.${isJson ? "ndjson" : "log"}"`,
          "cache-control": "no-store",
          "x-content-type-options": "nosniff",
        });
      }
      const text = lines.map(
        isJson
          ? (line) => `${JSON.stringify({ ...line, at: new Date(line.at).toISOString(), matches: undefined })}\n`
          : (line) => `${new Date(line.at).toISOString()} ${line.stream} ${line.text}\n`,
      );
      if (!response.write(text.join(""))) await once(response, "drain", { signal: ended.signal });
    }
    response.end();
  } catch (error) {
    if (ended.signal.aborted) return;
    if (response.headersSent) return void response.destroy();
    const known = error instanceof TRPCError ? error : new TRPCError({ code: "INTERNAL_SERVER_ERROR" });
    response.writeHead(getHTTPStatusCodeFromError(known), { "content-type": "text/plain; charset=utf-8" });
    response.end(known.code === "INTERNAL_SERVER_ERROR" ? "The log could not be read. Try again." : known.message);
  }
}

/** What is not a filter is refused by the procedure. */
function readFilter(text: string | null): RuntimeLogFilter {
  try {
    return text === null ? RuntimeLogFilter.parse({}) : JSON.parse(text);
  } catch {
    return { text: null } as unknown as RuntimeLogFilter;
  }
}
