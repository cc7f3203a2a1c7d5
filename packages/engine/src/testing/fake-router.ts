import http from "node:http";
import type { AddressInfo } from "node:net";
import {
  type Address,
  DomainError,
  type Notice,
  type RouterTable,
  type TableQuery,
  type Target,
  type TrafficHold,
} from "@windlass/domain";
import type { Router } from "../ports.ts";

interface Service {
  token: number;
  hosts: string[];
  target: Target | null;
  notice?: Notice | null | undefined;
  hold?: TrafficHold | null;
}

/** A router in memory with a real entrance, so that probes through it mean something. It keeps the fencing rule. */
export class FakeRouter implements Router {
  readonly services = new Map<string, Service>();
  entry: Address = { host: "127.0.0.1", port: 0 };
  /** The next switch meets this error after the pointer was swapped */
  failAfterSwitch: Error | undefined;
  #turn = 0;
  readonly #server = http.createServer((request, response) => {
    const host = (request.headers.host ?? "").split(":")[0];
    const target = [...this.services.values()].find((service) => service.hosts.includes(host ?? ""))?.target;
    const address = target?.addresses[this.#turn++ % target.addresses.length];
    if (!address) return void response.writeHead(503).end();
    const onward = http.request({ ...address, path: request.url, method: request.method, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502);
      answer.pipe(response);
    });
    onward.on("error", () => response.writeHead(502).end());
    request.pipe(onward);
  });

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.entry = { host: "127.0.0.1", port: (this.#server.address() as AddressInfo).port };
    return this;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #claim(name: string, token: number): Service {
    const service = this.services.get(name) ?? { token, hosts: [], target: null };
    if (token < service.token) throw new DomainError("lease_lost", "Another worker has taken this environment over.");
    service.token = token;
    this.services.set(name, service);
    return service;
  }

  apply: Router["apply"] = async ({ service, token, hosts, target, notice }) => {
    const found = this.#claim(service, token);
    Object.assign(found, { hosts: [...hosts], target, notice: target ? null : (notice ?? found.notice) });
  };

  hold: Router["hold"] = async ({ service, token, hold }) => {
    this.#claim(service, token).hold = hold;
  };

  switch: Router["switch"] = async ({ service, token, target }) => {
    const found = this.#claim(service, token);
    const previous = found.target;
    found.target = target;
    const failure = this.failAfterSwitch;
    this.failAfterSwitch = undefined;
    if (failure) throw failure;
    return { previous: previous?.id === target.id ? null : previous, switchMs: 0.1 };
  };

  drain: Router["drain"] = async ({ service, token }) => {
    this.#claim(service, token);
    return { drained: 0, closed: 0, cutOff: 0, waitedMs: 0 };
  };

  remove: Router["remove"] = async ({ service, token }) => {
    this.#claim(service, token);
    this.services.delete(service);
  };

  table = async (query: TableQuery = {}): Promise<RouterTable> => ({
    services: [...this.services]
      .filter(([service]) => query.service === undefined || query.service === service)
      .map(([service, { notice = null, hold = null, ...state }]) => ({
        ...{ service, ...state, notice, hold, waiting: 0, counts: [] },
      })),
    probeKey: "probe",
  });
}
