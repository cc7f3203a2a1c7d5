import http from "node:http";
import { measure } from "./harness/measure.ts";
import { report, say } from "./harness/report.ts";
import { startStack } from "./harness/start-stack.ts";

/**
 * The script that the first page names for someone signed in, as it comes over the wire, compressed. What a page loads
 * later by itself, when it shows a chart or a log, is not named in it.
 */
const BAR_BYTES = 260_000;

interface Answer {
  status: number;
  /** As sent, compressed or not */
  bytes: number;
  encoding: string;
  text: string;
}

await measure(async (stack) => {
  const { url, cookie } = await startStack(stack, { docker: false });
  const page = await get(`${url}/`, cookie, "identity");
  if (page.status !== 200) throw new Error(`The first page answered ${page.status}.`);
  const tags = [...page.text.matchAll(/<script[^>]*>/g)].map(([tag]) => tag);
  // Those for browsers without modules are never fetched by others.
  const named = tags.filter((tag) => !/nomodule/i.test(tag)).map((tag) => /src="([^"]+)"/.exec(tag)?.[1]);
  const modern = [...new Set(named)].filter((name) => name !== undefined);
  const scripts = await Promise.all(modern.map((name) => get(new URL(name, url).href, cookie, "br, gzip")));
  const failed = scripts.filter(({ status }) => status !== 200).length;
  if (failed > 0 || scripts.length === 0) throw new Error(`${failed} of ${scripts.length} scripts did not come.`);
  const plain = await Promise.all(modern.map((name) => get(new URL(name, url).href, cookie, "identity")));
  const sum = (answers: Answer[]) => answers.reduce((total, { bytes }) => total + bytes, 0);
  const encodings = [...new Set(scripts.map(({ encoding }) => encoding || "none"))].join(", ");
  report("Script of the first page, signed in", [
    {
      figure: `over the wire (${encodings})`,
      value: `${(sum(scripts) / 1000).toFixed(0)} kB`,
      spread: `${scripts.length} files, the largest ${(Math.max(...scripts.map(({ bytes }) => bytes)) / 1000).toFixed(0)} kB`,
      against: `${(sum(plain) / 1000).toFixed(0)} kB uncompressed`,
      ratio: `${(sum(scripts) / sum(plain)).toFixed(2)} ×`,
      bar: { text: `≤ ${BAR_BYTES / 1000} kB`, isMet: sum(scripts) <= BAR_BYTES },
    },
  ]);
  if (sum(scripts) > BAR_BYTES) {
    const largest = modern
      .map((name, i) => ({ name, bytes: scripts[i]?.bytes ?? 0 }))
      .sort((a, b) => b.bytes - a.bytes);
    for (const { name, bytes } of largest.slice(0, 5)) say(`  ${(bytes / 1000).toFixed(0).padStart(4)} kB  ${name}`);
  }
});

/** node:http and not fetch, which would unpack the answer. */
function get(url: string, cookie: string, encodings: string): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const headers = { cookie, accept: "*/*", "accept-encoding": encodings };
  http
    .get(url, { headers }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        const body = Buffer.concat(parts);
        const encoding = response.headers["content-encoding"] ?? "";
        resolve({ status: response.statusCode ?? 0, bytes: body.length, encoding, text: body.toString("utf8") });
      });
    })
    .on("error", reject);
  return promise;
}
