import { createHmac } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Credentials } from "@windlass/api";
import { decode } from "next-auth/jwt";
import { sessionCookie } from "../auth/session-cookie.ts";

/** The key that signs the session cookie: its own, made from the instance's, so that neither tells the other. */
export const sessionSecret = (instanceKey: string): string =>
  createHmac("sha256", Buffer.from(instanceKey, "hex")).update("windlass session cookie").digest("hex");

/** Who a request says it is: a personal token in the Authorization header, else the session cookie. Not yet looked up. */
export async function readCredentials(headers: IncomingHttpHeaders, secret: string): Promise<Credentials> {
  const bearer = /^Bearer +(\S{1,200})$/i.exec(headers.authorization ?? "");
  if (headers.authorization !== undefined) return bearer?.[1] ? { kind: "token", token: bearer[1] } : null;
  const cookies = parseCookies(headers.cookie);
  for (const isHttps of [true, false]) {
    const sealed = cookies.get(sessionCookie(isHttps));
    const claims = sealed ? await decode({ token: sealed, secret }).catch(() => null) : null;
    if (typeof claims?.sid === "string") return { kind: "session", sessionId: claims.sid };
  }
  return null;
}

function parseCookies(header: string | undefined): Map<string, string> {
  const pairs = (header ?? "").split(";").map((pair): [string, string] => {
    const at = pair.indexOf("=");
    return at < 0 ? [pair.trim(), ""] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
  });
  return new Map(pairs.map(([name, value]) => [name, decodeCookie(value)]));
}

function decodeCookie(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
