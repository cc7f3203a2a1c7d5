import { type Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from "node:http";

export interface Fetched {
  status: number;
  headers: IncomingHttpHeaders;
  rawHeaders: string[];
  trailers: NodeJS.Dict<string>;
  body: string;
}

export interface FetchOptions {
  method?: string;
  path?: string;
  headers?: OutgoingHttpHeaders;
  body?: string | Buffer;
  agent?: Agent | false;
  socketPath?: string;
}

/** One request for a host, with its whole answer. Rejects when the answer is cut short. */
export function fetchThrough(port: number, host: string, options: FetchOptions = {}): Promise<Fetched> {
  const { promise, resolve, reject } = Promise.withResolvers<Fetched>();
  const { method = "GET", path = "/", headers, body, agent = false, socketPath } = options;
  const where = socketPath === undefined ? { host: "127.0.0.1", port } : { socketPath };
  const req = request({ ...where, method, path, agent, headers: { host, ...headers } }, async (res) => {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of res) chunks.push(chunk as Buffer);
      resolve({
        status: res.statusCode ?? 0,
        headers: res.headers,
        rawHeaders: res.rawHeaders,
        trailers: res.trailers,
        body: Buffer.concat(chunks).toString("latin1"),
      });
    } catch (cause) {
      reject(cause);
    }
  });
  req.on("error", reject).end(body);
  return promise;
}
