import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Address,
  DomainError,
  type DrainResult,
  DrainResult as DrainResultSchema,
  RouterRefusal,
  RouterTable,
  SwitchResult,
  type TableQuery,
} from "@windlass/domain";
import { z } from "zod";
import type { Router } from "../ports.ts";

const AGAIN_AFTER_MS = 50;
const ATTEMPTS = 10;
const COMMAND_TIMEOUT_MS = 10_000;

/** The router process over its control socket. Rejects with router_unavailable, or lease_lost for a stale token. */
export function createRouterClient(options: { controlSocket: string; entry: Address }): Router {
  const { controlSocket, entry } = options;

  async function ask<T>(
    method: string,
    path: string,
    body: unknown,
    output: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const { status, text } = await sendAgain(controlSocket, method, path, body, signal);
    if (status === 200) return output.parse(text === "" ? {} : JSON.parse(text));
    const refusal = RouterRefusal.safeParse(safeJson(text)).data;
    // The connection was made to the router before; a new one soon leads to its successor.
    if (refusal?.error === "taken_over") {
      await sleep(AGAIN_AFTER_MS, undefined, { signal });
      return ask(method, path, body, output, signal);
    }
    if (refusal?.error === "stale_token") {
      throw new DomainError("lease_lost", "Another worker has taken this environment over.", { fault: "platform" });
    }
    // The router's message names the other environment, which may be another team's.
    if (refusal?.error === "host_taken") {
      const message = "One of these host names leads to another environment. Remove it there first.";
      throw new DomainError("conflict", message, { field: "hosts" });
    }
    throw new DomainError("router_unavailable", refusal?.message ?? `The router answered ${status}.`, {
      fault: "platform",
      retryable: refusal?.error === "failed",
    });
  }
  const soon = () => AbortSignal.timeout(COMMAND_TIMEOUT_MS);

  return {
    entry,
    apply: async (command) => void (await ask("POST", "/apply", command, z.unknown(), soon())),
    hold: async (command) => void (await ask("POST", "/hold", command, z.unknown(), soon())),
    switch: (command) => ask("POST", "/switch", command, SwitchResult, soon()),
    drain: (command, signal): Promise<DrainResult> => ask("POST", "/drain", command, DrainResultSchema, signal),
    remove: async (command) => void (await ask("POST", "/remove", command, z.unknown(), soon())),
    table: (query = {}) => ask("GET", `/table${queryOf(query)}`, undefined, RouterTable, soon()),
  };
}

/** Between a router and its successor a connection may be refused or cut. Commands are safe to send twice. */
async function sendAgain(...request: Parameters<typeof send>): ReturnType<typeof send> {
  const signal = request[4];
  for (let attempt = 1; ; attempt++) {
    try {
      return await send(...request);
    } catch (error) {
      if (signal.aborted || attempt === ATTEMPTS) throw error;
      await sleep(AGAIN_AFTER_MS);
    }
  }
}

function send(
  socketPath: string,
  method: string,
  path: string,
  body: unknown,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? "" : JSON.stringify(body);
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(payload) };
    const request = http.request({ socketPath, method, path, signal, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      response.on("error", fail);
    });
    const fail = (cause: Error) => {
      const message = "The router does not answer its control socket. It is started again by itself; try once more.";
      reject(new DomainError("router_unavailable", message, { fault: "platform", retryable: true, cause }));
    };
    request.on("error", fail);
    request.end(payload);
  });
}

function queryOf({ service, windowSeconds }: TableQuery): string {
  const query = new URLSearchParams();
  if (service !== undefined) query.set("service", service);
  if (windowSeconds !== undefined) query.set("windowSeconds", String(windowSeconds));
  return query.size > 0 ? `?${query}` : "";
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
