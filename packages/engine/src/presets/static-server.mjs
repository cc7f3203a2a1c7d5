// Serves one folder over HTTP: plain Node.js (18 or newer), no dependencies, nothing to configure.
//
//   node static-server.mjs <folder> [--spa]
//
// PORT and HOST come from the environment. With --spa, paths that are no file answer with index.html, for apps that
// route in the browser. Names that start with a dot are never served, except .well-known (RFC 8615).
import { createReadStream } from "node:fs";
import { open, realpath, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, resolve, sep } from "node:path";

const TYPES = {
  ".avif": "image/avif",
  ".css": "text/css; charset=utf-8",
  ".csv": "text/csv; charset=utf-8",
  ".gif": "image/gif",
  ".htm": "text/html; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".jpeg": "image/jpeg",
  ".jpg": "image/jpeg",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".md": "text/markdown; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".mp3": "audio/mpeg",
  ".mp4": "video/mp4",
  ".ogg": "audio/ogg",
  ".otf": "font/otf",
  ".pdf": "application/pdf",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".ttf": "font/ttf",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webm": "video/webm",
  ".webmanifest": "application/manifest+json",
  ".webp": "image/webp",
  ".woff": "font/woff",
  ".woff2": "font/woff2",
  ".xml": "application/xml",
  ".zip": "application/zip",
};

const args = process.argv.slice(2);
const isSpa = args.includes("--spa");
const root = await realpath(resolve(args.find((arg) => !arg.startsWith("--")) ?? "."));

/** The file's real path and facts when it is a file of the folder, links followed only inside it. */
async function findFile(path) {
  try {
    const real = await realpath(path);
    if (real !== root && !real.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined;
    const hidden = real.slice(root.length).split(sep).some(isHidden);
    const facts = await stat(real);
    return hidden ? undefined : { path: real, facts };
  } catch {
    return undefined;
  }
}

const isHidden = (name) => name.startsWith(".") && name !== ".well-known";

/** The path of a request as names, or undefined when it cannot be one of ours. */
function readNames(url) {
  try {
    const names = decodeURIComponent(url.split(/[?#]/, 1)[0]).split("/").filter(Boolean);
    const isOdd = (name) => name === ".." || isHidden(name) || /[\\\0]/.test(name);
    return names.some(isOdd) ? undefined : names;
  } catch {
    return undefined;
  }
}

/** RFC 9110, one range only; "none" when nothing of it can be satisfied. */
function readRange(header, size) {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (!found || (found[1] === "" && found[2] === "")) return undefined;
  const start = found[1] === "" ? Math.max(0, size - Number(found[2])) : Number(found[1]);
  const end = found[1] === "" || found[2] === "" ? size - 1 : Math.min(Number(found[2]), size - 1);
  if (found[1] !== "" && found[2] !== "" && Number(found[2]) < start) return undefined;
  return start > end ? "none" : { start, end };
}

function isUnchanged(request, etag, modified) {
  const asked = request.headers["if-none-match"];
  if (asked !== undefined)
    return asked === "*" || asked.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag);
  const since = Date.parse(request.headers["if-modified-since"] ?? "");
  return !Number.isNaN(since) && Math.floor(modified / 1000) * 1000 <= since;
}

async function sendFile(request, response, { path, facts }, status = 200) {
  const etag = `"${facts.size.toString(16)}-${Math.floor(facts.mtimeMs).toString(16)}"`;
  const headers = {
    "content-type": TYPES[extname(path).toLowerCase()] ?? "application/octet-stream",
    "last-modified": facts.mtime.toUTCString(),
    "cache-control": "public, max-age=0, must-revalidate",
    "x-content-type-options": "nosniff",
    etag,
  };
  if (status === 200 && isUnchanged(request, etag, facts.mtimeMs)) return response.writeHead(304, headers).end();
  let range;
  if (status === 200) {
    headers["accept-ranges"] = "bytes";
    const condition = request.headers["if-range"];
    const isSame = condition === undefined || condition === etag || condition === headers["last-modified"];
    range = isSame ? readRange(request.headers.range, facts.size) : undefined;
  }
  if (range === "none") return response.writeHead(416, { "content-range": `bytes */${facts.size}` }).end();
  const { start, end } = range ?? { start: 0, end: facts.size - 1 };
  if (range) headers["content-range"] = `bytes ${start}-${end}/${facts.size}`;
  headers["content-length"] = end - start + 1;
  if (request.method === "HEAD" || facts.size === 0) return response.writeHead(range ? 206 : status, headers).end();
  // Opened before the headers are sent, so that a file that vanished is still a 404.
  const handle = await open(path);
  response.writeHead(range ? 206 : status, headers);
  const stream = createReadStream(path, { fd: handle, start, end });
  stream.on("error", () => response.destroy());
  response.on("close", () => stream.destroy());
  stream.pipe(response);
}

async function answer(request, response) {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { allow: "GET, HEAD", "content-type": "text/plain" }).end("Only GET and HEAD.\n");
    return;
  }
  const url = request.url ?? "/";
  const names = readNames(url);
  if (names) {
    const asked = join(root, ...names);
    const isFolderPath = url.split(/[?#]/, 1)[0].endsWith("/");
    const found = await findFile(asked);
    if (found?.facts.isFile() && !isFolderPath) return sendFile(request, response, found);
    if (found?.facts.isDirectory()) {
      const index = await findFile(join(asked, "index.html"));
      if (index?.facts.isFile()) {
        if (isFolderPath) return sendFile(request, response, index);
        // Built from the names alone: a path that starts with // would lead to another host.
        const location = `/${names.map(encodeURIComponent).join("/")}/${/\?.*$/.exec(url)?.[0] ?? ""}`;
        return response.writeHead(301, { location }).end();
      }
    }
    const page = names.length > 0 && !isFolderPath ? await findFile(`${asked}.html`) : undefined;
    if (page?.facts.isFile()) return sendFile(request, response, page);
    const start = isSpa ? await findFile(join(root, "index.html")) : undefined;
    if (start?.facts.isFile()) return sendFile(request, response, start);
  }
  const missing = await findFile(join(root, "404.html"));
  if (missing?.facts.isFile()) return sendFile(request, response, missing, 404);
  const text = "Not found\n";
  response.writeHead(404, { "content-type": "text/plain; charset=utf-8", "content-length": text.length });
  response.end(request.method === "HEAD" ? undefined : text);
}

const server = createServer((request, response) => {
  answer(request, response).catch(() => {
    if (!response.headersSent) response.writeHead(500);
    response.end();
  });
});

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.once(signal, () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}

server.listen(Number(process.env.PORT ?? 3000), process.env.HOST ?? "0.0.0.0", () => {
  process.stdout.write(`Serving ${root} on port ${server.address().port}\n`);
});
