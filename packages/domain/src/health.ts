import { z } from "zod";
import { Argv, seconds } from "./bounds.ts";
import { isStorable, UrlPath } from "./names.ts";

// How a release shows that it can serve. A check belongs to the release: a rollback brings its own back.

const HttpCodes = z
  .string()
  .max(100)
  .regex(/^[1-5]\d\d(?:-[1-5]\d\d)?(?:,[1-5]\d\d(?:-[1-5]\d\d)?)*$/, "Codes are written like 200-299 or 200,204,301.");

/** Headers that belong to the connection, or that a request without a body cannot have. */
const OWN_HEADERS = /^(?:connection|content-length|expect|keep-alive|te|trailer|transfer-encoding|upgrade)$/;

const HeaderName = z
  .string()
  .min(1, "A header has a name.")
  .max(100, "Use at most 100 characters.")
  .regex(/^[a-z0-9!#$%&'*+.^_`|~-]+$/, "A header's name is lower case, without spaces.")
  .refine((name) => !OWN_HEADERS.test(name), "This header belongs to the connection and cannot be set.");

const HeaderValue = z
  .string()
  .max(1000, "Use at most 1000 characters.")
  .regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, "A header's value has printable characters on one line.");

const Headers = z
  .record(HeaderName, HeaderValue)
  .refine((headers) => Object.keys(headers).length <= 20, "Use at most 20 headers.");

const timing = {
  /** Between two checks */
  intervalSeconds: seconds(0.1, 60).default(1),
  /** Of one check */
  timeoutSeconds: seconds(0.1, 60).default(5),
  /** Failed checks after the start period until the release is given up */
  retries: z.int().min(0, "At least 0.").max(100, "At most 100.").default(10),
  /** Failed checks do not count while the app may still be starting */
  startPeriodSeconds: seconds(0, 600).default(20),
  /** For how long a release that is new has to be well, without a restart, before it is given the traffic */
  steadySeconds: seconds(0, 300).default(0.1),
};

/** What an HTTP check asks for, and which answer is good. Redirects are answers: an expected code says so. */
const HttpCheck = z.object({
  /** Checks stored before there were other kinds may lack it */
  kind: z.literal("http").default("http"),
  path: UrlPath.default("/"),
  codes: HttpCodes.default("200-399"),
  /** Text that has to be in the answer's first megabyte */
  body: z.string().min(1, "Give some text, or leave it out.").max(1000).refine(isStorable).optional(),
  /** Sent along; `host` instead of the environment's own host name. Readable by everybody in the team */
  headers: Headers.default({}),
  ...timing,
});
export type HttpCheck = z.infer<typeof HttpCheck>;

export const HealthCheck = z.discriminatedUnion("kind", [
  HttpCheck,
  /** The port accepts a connection */
  z.object({ kind: z.literal("tcp"), ...timing }),
  /** A program, run inside the instance, ends with 0 */
  z.object({ kind: z.literal("command"), command: Argv, ...timing }),
  /** The HEALTHCHECK that the image itself brings */
  z.object({ kind: z.literal("image"), ...timing }),
  /** It has run for a time without a restart: for what cannot be asked */
  z.object({ kind: z.literal("uptime"), seconds: seconds(1, 600).default(10), ...timing }),
]);
export type HealthCheck = z.infer<typeof HealthCheck>;
export type HealthKind = HealthCheck["kind"];

/** The codes of a check as ranges, low and high included. */
const rangesOf = (codes: string): [number, number][] =>
  codes.split(",").map((part) => {
    const [low = 0, high = low] = part.split("-").map(Number);
    return [low, high];
  });

/** True when a status code is one of those the check was told to accept. */
export const isExpectedCode = (codes: string, status: number): boolean =>
  rangesOf(codes).some(([low, high]) => status >= low && status <= high);

/** True when the check names redirects by themselves, as in 301 or 300-399, and not as part of a wide range. */
export const isRedirectWanted = (codes: string, status: number): boolean =>
  rangesOf(codes).some(([low, high]) => low >= 300 && status >= low && status <= high);
