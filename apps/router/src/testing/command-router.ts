import { request } from "node:http";
import type { DrainResult, RouterTable, ServiceState, SwitchResult, Target, TrafficHold } from "@windlass/domain";

export interface CommandAnswer {
  status: number;
  body: Record<string, unknown>;
}

/** Sends one command to a router's control socket. */
export function sendCommand(socketPath: string, path: string, body?: unknown): Promise<CommandAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<CommandAnswer>();
  const req = request({ socketPath, path, method: body === undefined ? "GET" : "POST" }, async (res) => {
    let text = "";
    for await (const chunk of res.setEncoding("utf8")) text += chunk;
    resolve({ status: res.statusCode ?? 0, body: JSON.parse(text) });
  });
  req.on("error", reject).end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}

/** The commands as a worker sends them, which throw when they are refused. */
export function commandRouter(socketPath: string) {
  const must = async <T>(path: string, body?: unknown): Promise<T> => {
    const answer = await sendCommand(socketPath, path, body);
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as T;
  };
  return {
    apply: (service: string, hosts: string[], target: Target | null, token = 1) =>
      must<ServiceState>("/apply", { service, token, hosts, target }),
    switch: (service: string, target: Target, token = 1) => must<SwitchResult>("/switch", { service, token, target }),
    drain: (service: string, targetId: string, timeoutMs: number, streamGraceMs?: number, token = 1) =>
      must<DrainResult>("/drain", { service, token, targetId, timeoutMs, streamGraceMs }),
    hold: (service: string, hold: TrafficHold | null, token = 1) =>
      must<Record<string, never>>("/hold", { service, token, hold }),
    remove: (service: string, token = 1) => must<Record<string, never>>("/remove", { service, token }),
    table: (query = "") => must<RouterTable>(`/table${query}`),
    health: () => must<{ ok: boolean; hosts: number }>("/health"),
  };
}
