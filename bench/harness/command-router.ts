import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const AGAIN_AFTER_MS = 20;
const ATTEMPTS = 100;

/** Sends one command to a router's control socket, again while routers take turns there. Rejects when it is refused. */
export async function commandRouter<T>(socketPath: string, path: string, body?: unknown): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send<T>(socketPath, path, body);
    } catch (error) {
      const isBetweenTwo = /taken_over|ECONNRESET|EPIPE|ECONNREFUSED|ENOENT|socket hang up/.test(String(error));
      if (!isBetweenTwo || attempt === ATTEMPTS) throw error;
      await sleep(AGAIN_AFTER_MS);
    }
  }
}

function send<T>(socketPath: string, path: string, body?: unknown): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  // A connection that is kept would lead to the router before.
  const options = { socketPath, path, method: body === undefined ? "GET" : "POST", agent: false };
  const req = request(options, async (res) => {
    let text = "";
    for await (const chunk of res.setEncoding("utf8")) text += chunk;
    if (res.statusCode === 200) resolve(JSON.parse(text) as T);
    else reject(new Error(`${path}: ${res.statusCode} ${text}`));
  });
  req.on("error", reject).end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}
