import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import {
  ApplyCommand,
  DrainCommand,
  HoldCommand,
  LONGEST_WINDOW_SECONDS,
  RemoveCommand,
  type RouterRefusal,
  type RouterTable,
  SwitchCommand,
  type SwitchResult,
} from "@windlass/domain";
import type { Logger } from "pino";
import { z } from "zod";
import { Refusal } from "../table/draft-table.ts";
import { NotSaved, type TableKeeper } from "../table/table-keeper.ts";
import { drainTargets } from "../traffic/drain-targets.ts";
import type { LiveTable } from "../traffic/live-table.ts";

/** A command of 100 hosts and 100 addresses has some 40 kB. */
const LARGEST_COMMAND = 256 * 1024;

const STATUS: Record<Refusal["code"], number> = {
  invalid_input: 400,
  not_found: 404,
  stale_token: 409,
  host_taken: 409,
  failed: 500,
};

interface ControlOptions {
  table: LiveTable;
  keeper: TableKeeper;
  log: Logger;
  probeKey: string;
  /** Commands that come before wait for it */
  opened: Promise<void>;
}

type Command = (body: unknown, arrivedAt: number) => Promise<unknown>;

const round = (ms: number): number => Math.round(ms * 100) / 100;

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (!result.success) throw new Refusal("invalid_input", z.prettifyError(result.error));
  return result.data;
}

/** The control protocol of packages/domain/src/router-control.ts, for a unix socket that only the worker may open. */
export function createControlServer({ table, keeper, log, probeKey, opened }: ControlOptions): Server {
  const commands: Record<string, Command> = {
    async "/apply"(body) {
      const command = parse(ApplyCommand, body);
      await keeper.change((draft) => draft.apply(command));
      return table.services.get(command.service)?.state();
    },

    async "/switch"(body, arrivedAt): Promise<SwitchResult> {
      const command = parse(SwitchCommand, body);
      const previous = await keeper.change((draft) => draft.switch(command));
      const switchMs = round(performance.now() - arrivedAt);
      const { service, target } = command;
      log.info({ service, target: target.id, previous: previous?.id, switchMs }, "traffic switched");
      return { previous, switchMs };
    },

    async "/drain"(body) {
      const { service, token, targetId, ...limits } = parse(DrainCommand, body);
      await keeper.change((draft) => draft.fence(service, token));
      const live = table.services.get(service);
      const retired = live?.retired.filter((one) => one.target.id === targetId) ?? [];
      if (retired.length === 0 && live?.current?.target.id === targetId)
        throw new Refusal(
          "invalid_input",
          `${targetId} is what ${service} serves now. Switch it to another target first.`,
        );
      const result = await drainTargets(retired, limits);
      live?.forgetEnded();
      log.info({ service, target: targetId, ...result }, "target drained");
      return result;
    },

    async "/hold"(body) {
      const command = parse(HoldCommand, body);
      await keeper.change((draft) => draft.hold(command));
      log.info({ service: command.service, hold: command.hold?.kind ?? "none" }, "traffic held or opened");
      return {};
    },

    async "/remove"(body) {
      const { service, token } = parse(RemoveCommand, body);
      await keeper.change((draft) => draft.remove(service, token));
      return {};
    },
  };

  const readTable = (query: URLSearchParams): RouterTable => {
    const name = query.get("service");
    const seconds = query.has("windowSeconds") ? Number(query.get("windowSeconds")) : undefined;
    if (seconds !== undefined && !(Number.isInteger(seconds) && seconds >= 1 && seconds <= LONGEST_WINDOW_SECONDS))
      throw new Refusal("invalid_input", `windowSeconds is a whole number from 1 to ${LONGEST_WINDOW_SECONDS}.`);
    const one = name === null ? undefined : table.services.get(name);
    const services = name === null ? [...table.services.values()] : one === undefined ? [] : [one];
    return {
      services: services.filter(({ record }) => !record.removed).map((service) => service.state(seconds)),
      probeKey,
    };
  };

  const answer = async (req: IncomingMessage, arrivedAt: number): Promise<unknown> => {
    await opened;
    if (req.method === "GET" && req.url === "/health") return { ok: true, hosts: table.hostCount };
    const [path, query] = (req.url ?? "").split("?", 2);
    if (req.method === "GET" && path === "/table") return readTable(new URLSearchParams(query));
    const command =
      req.method === "POST" && Object.hasOwn(commands, req.url ?? "") ? commands[req.url ?? ""] : undefined;
    if (command === undefined) throw new Refusal("not_found", "The router has no such command.");
    return command(await readJson(req), arrivedAt);
  };

  return createServer((req, res) => {
    const arrivedAt = performance.now();
    answer(req, arrivedAt).then(
      (result) => send(res, 200, result),
      (cause: unknown) => {
        if (cause instanceof Refusal) {
          if (cause.code !== "not_found")
            log.warn({ command: req.url, code: cause.code, reason: cause.message }, "command refused");
          return send(res, STATUS[cause.code], { error: cause.code, message: cause.message });
        }
        log.error({ err: cause, command: req.url }, "command failed");
        const message = cause instanceof NotSaved ? cause.message : "The router failed. Its log says why.";
        const failed: RouterRefusal = { error: "failed", message };
        return send(res, 500, failed);
      },
    );
  });
}

function send(res: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  res.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) }).end(text);
}

async function readJson(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req) {
    size += (chunk as Buffer).length;
    if (size > LARGEST_COMMAND) throw new Refusal("invalid_input", "The command is too large.");
    chunks.push(chunk as Buffer);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new Refusal("invalid_input", "The command is not JSON.");
  }
}
