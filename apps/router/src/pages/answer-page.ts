import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { ROUTER_PAGE_HEADER } from "@windlass/domain";
import { prefersJson } from "./prefers-json.ts";

/** What a person is told when the router itself has to answer. */
export interface Page {
  status: number;
  /** For programs: constant for a kind of page */
  error: string;
  title: string;
  text: string;
  requestId?: string;
  headers?: Record<string, string>;
}

const STYLE =
  ":root{color-scheme:light dark}body{margin:0;min-height:100vh;display:grid;place-items:center;" +
  "font:16px/1.5 system-ui,sans-serif;background:#fafafa;color:#18181b}main{max-width:34rem;padding:2rem}" +
  "h1{font-size:1.375rem;line-height:1.3;margin:0 0 .5rem;overflow-wrap:anywhere}p{margin:0 0 .5rem;color:#52525b}" +
  "code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}" +
  "@media(prefers-color-scheme:dark){body{background:#111113;color:#ededef}p{color:#a1a1aa}}";

const POLICY = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`;

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? "");

/** Each line of a text that a person wrote. */
const paragraphs = (text: string): string =>
  text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => `<p>${escapeHtml(line)}</p>`)
    .join("");

function html(page: Page): string {
  const id = page.requestId === undefined ? "" : `<p>Request <code>${escapeHtml(page.requestId)}</code></p>`;
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
    `<title>${escapeHtml(page.title)}</title><style>${STYLE}</style></head>` +
    `<body><main><h1>${escapeHtml(page.title)}</h1>${paragraphs(page.text)}${id}</main></body></html>\n`
  );
}

function json(page: Page): string {
  const { error, title, text, requestId } = page;
  const sentence = /[.!?…]$/.test(title) ? title : `${title}.`;
  return `${JSON.stringify({ error, message: `${sentence} ${text}`.trim(), requestId })}\n`;
}

/** A body that is still to come is read and dropped when it is this small; otherwise the connection ends. In bytes. */
const SMALL_REST = 64 * 1024;

/** Answers with a page for people, or with JSON when the request says that it prefers it. */
export function answerPage(req: IncomingMessage, res: ServerResponse, page: Page): void {
  const asJson = prefersJson(req.headers.accept);
  const body = Buffer.from(asJson ? json(page) : html(page));
  if (!req.complete && !(Number(req.headers["content-length"] ?? 0) <= SMALL_REST && !req.headers["transfer-encoding"]))
    res.shouldKeepAlive = false;
  res.writeHead(page.status, {
    "Content-Type": asJson ? "application/json; charset=utf-8" : "text/html; charset=utf-8",
    "Content-Length": body.length,
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    Vary: "Accept",
    [ROUTER_PAGE_HEADER]: page.error,
    ...(page.requestId === undefined ? {} : { "X-Request-Id": page.requestId }),
    ...page.headers,
  });
  res.end(body);
}
