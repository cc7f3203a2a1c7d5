import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import {
  ApplyCommand,
  DrainCommand,
  type DrainResult,
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
import { type DraftTable, Refusal } from "../table/draft-table.ts";
import { NotSaved, type TableKeeper } from "../table/table-keeper.ts";
import { drainTargets } from "../traffic/drain-targets.ts";
import type { LiveTable } from "../traffic/live-table.ts";
import type { Predecessor } from "./predecessor.ts";

/** A command of 100 hosts and 100 addresses has some 40 kB. */
const LARGEST_COMMAND = 256 * 1024;

const STATUS: Record<Refusal["code"], number> = {
  invalid_input: 400,
  not_found: 404,
  stale_token: 409,
  host_taken: 409,
  taken_over: 503,
  failed: 500,
};

interface ControlOptions {
  table: LiveTable;
  keeper: TableKeeper;
  log: Logger;
  probeKey: string;
  /** Commands that come before wait for it */
  opened: Promise<void>;
  /** The router that this one took over from, while it finishes what it has */
  predecessor(): Predecessor | undefined;
  /** Reads the table again, as a router that was taken over from */
  follow(): Promise<void>;
}

type Command = (body: unknown, arrivedAt: number) => Promise<unknown>;

const round = (ms: number): number => Math.round(ms * 100) / 100;

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (!result.success) throw new Refusal("invalid_input", z.prettifyError(result.error));
  return result.data;
}

const addDrains = (a: DrainResult, b: DrainResult): DrainResult => ({
  drained: a.drained + b.drained,
  closed: a.closed + b.closed,
  cutOff: a.cutOff + b.cutOff,
  waitedMs: Math.max(a.waitedMs, b.waitedMs),
});

/** The control protocol of packages/domain/src/router-control.ts, for a unix socket that only the worker may open. */
export function createControlServer(options: ControlOptions): Server {
  const { table, keeper, log, probeKey, opened } = options;
  /** A router that was taken over from has no say any more. */
  let isFollowing = false;

  async function change<T>(plan: (draft: DraftTable) => T): Promise<T> {
    if (isFollowing) throw new Refusal("taken_over", "Another router has taken over. Open a new connection.");
    const result = await keeper.change(plan);
    await options.predecessor()?.follow();
    return result;
  }

  async function drainHere({ service, targetId, ...limits }: DrainCommand): Promise<DrainResult> {
    const live = table.services.get(service);
    const retired = live?.retired.filter((one) => one.target.id === targetId) ?? [];
    if (retired.length === 0 && live?.current?.target.id === targetId)
      throw new Refusal(
        "invalid_input",
        `${targetId} is what ${service} serves now. Switch it to another target first.`,
      );
    const result = await drainTargets(retired, limits);
    live?.forgetEnded();
    return result;
  }

  const commands: Record<string, Command> = {
    async "/apply"(body) {
      const command = parse(ApplyCommand, body);
      await change((draft) => draft.apply(command));
      return table.services.get(command.service)?.state();
    },

    async "/switch"(body, arrivedAt): Promise<SwitchResult> {
      const command = parse(SwitchCommand, body);
      const previous = await change((draft) => draft.switch(command));
      const switchMs = round(performance.now() - arrivedAt);
      const { service, target } = command;
      log.info({ service, target: target.id, previous: previous?.id, switchMs }, "traffic switched");
      return { previous, switchMs };
    },

    async "/drain"(body) {
      const command = parse(DrainCommand, body);
      const { service, token, targetId } = command;
      await change((draft) => draft.fence(service, token));
      const [here, before] = await Promise.all([drainHere(command), options.predecessor()?.drain(command)]);
      const result = before === undefined ? here : addDrains(here, before);
      log.info({ service, target: targetId, ...result }, "target drained");
      return result;
    },

    /** Asked by the router that takes over. */
    async "/hand-over"() {
      isFollowing = true;
      await keeper.settled();
      return {};
    },

    async "/follow"() {
      await options.follow();
      await options.predecessor()?.follow();
      return {};
    },

    async "/drain-here"(body) {
      const command = parse(DrainCommand, body);
      const [here, before] = await Promise.all([drainHere(command), options.predecessor()?.drain(command)]);
      return before === undefined ? here : addDrains(here, before);
    },

    async "/hold"(body) {
      const command = parse(HoldCommand, body);
      await change((draft) => draft.hold(command));
      log.info({ service: command.service, hold: command.hold?.kind ?? "none" }, "traffic held or opened");
      return {};
    },

    async "/remove"(body) {
      const { service, token } = parse(RemoveCommand, body);
      await change((draft) => draft.remove(service, token));
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
