import { CannotStart } from "./cannot-start.ts";

/** Where a TCP server listens. */
export interface ListenAddress {
  host: string;
  port: number;
}

/** Reads "host:port"; an IPv6 host stands in brackets. Throws CannotStart. */
export function parseListen(name: string, text: string): ListenAddress {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]]+):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port > 65535)
    throw new CannotStart(`${name} is "${text}". Write it as host:port, for example 0.0.0.0:80.`);
  return { host: match[1].replace(/^\[|\]$/g, ""), port };
}
