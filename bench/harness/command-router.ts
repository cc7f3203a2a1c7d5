import { request } from "node:http";

/** Sends one command to a router's control socket. Rejects when it is refused. */
export function commandRouter<T>(socketPath: string, path: string, body?: unknown): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const req = request({ socketPath, path, method: body === undefined ? "GET" : "POST" }, async (res) => {
    let text = "";
    for await (const chunk of res.setEncoding("utf8")) text += chunk;
    if (res.statusCode === 200) resolve(JSON.parse(text) as T);
    else reject(new Error(`${path}: ${res.statusCode} ${text}`));
  });
  req.on("error", reject).end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}
