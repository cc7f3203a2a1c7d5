import type { Notice } from "@windlass/domain";
import type { Page } from "./answer-page.ts";

export const badRequest = (status: number, reason: string): Page => ({
  status,
  error: "bad_request",
  title: "This request cannot be served",
  text: reason,
  ...(status === 405 ? { headers: { Allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" } } : {}),
});

export const unknownHost = (host: string): Page => ({
  status: 404,
  error: "unknown_host",
  title: `No app answers at ${host}`,
  text: "Check the address. If this is your app, add this domain to one of its environments.",
});

export const notDeployed = (host: string): Page => ({
  status: 503,
  error: "not_deployed",
  title: `${host} is not deployed yet`,
  text: "The app has this address, but no release is live. It will answer here after its first deployment.",
  headers: { "Retry-After": "10" },
});

/** Nothing serves there on purpose: the app was stopped. */
export const stopped = (notice: Notice): Page => ({
  status: 503,
  error: "stopped",
  ...notice,
  headers: { "Retry-After": "60" },
});

export const maintenance = (notice: Notice, retryAfterSeconds: number): Page => ({
  status: 503,
  error: "maintenance",
  ...notice,
  headers: { "Retry-After": String(retryAfterSeconds) },
});

export const paused = (host: string): Page => ({
  status: 503,
  error: "paused",
  title: `${host} is paused for a moment`,
  text: "It is being worked on. Try again shortly.",
  headers: { "Retry-After": "5" },
});

export const noAnswer = (requestId: string): Page => ({
  status: 502,
  error: "no_answer",
  title: "The app does not answer",
  text: "It is deployed, but could not be reached or broke off. Try again in a moment.",
  requestId,
});

export const tooSlow = (requestId: string): Page => ({
  status: 504,
  error: "too_slow",
  title: "The app takes too long to answer",
  text: "It is deployed, but did not answer in time. Try again in a moment.",
  requestId,
});

export const cutOff = (requestId: string): Page => ({
  status: 503,
  error: "cut_off",
  title: "The app was replaced before it answered",
  text: "A new release is live. Try again.",
  requestId,
  headers: { "Retry-After": "1", Connection: "close" },
});
