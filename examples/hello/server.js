// One page that says which version answers, without dependencies. Listens on PORT; /health is for the health gate.
const { createServer } = require("node:http");
const { hostname } = require("node:os");
const { version } = require("./package.json");

const port = Number(process.env.PORT || 3000);
const commit = (process.env.WINDLASS_COMMIT || process.env.COMMIT || "").slice(0, 7);
const startedAt = new Date();

const escapeHtml = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const facts = { Version: version, Commit: commit || "not told", Host: hostname(), Node: process.version };
const rows = Object.entries(facts).map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`);

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Hello from Windlass</title>
<link rel="icon" href="data:,">
<style>
  :root { --paper: #f7f8f8; --card: #fff; --ink: #14201f; --soft: #5b6b69; --line: #dde4e3; --accent: #0f766e; --glow: #0f766e14; }
  @media (prefers-color-scheme: dark) {
    :root { --paper: #0c1211; --card: #121a19; --ink: #e8efee; --soft: #93a4a2; --line: #233130; --accent: #2dd4bf; --glow: #2dd4bf14; }
  }
  * { box-sizing: border-box; }
  body {
    margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 24px; color: var(--ink);
    background: radial-gradient(60rem 30rem at 50% -8rem, var(--glow), transparent), var(--paper);
    font: 15px/1.6 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  }
  main { width: min(440px, 100%); padding: 32px; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
  .live { display: inline-flex; align-items: center; gap: 8px; font-size: 13px; color: var(--accent); }
  .live::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: var(--accent); box-shadow: 0 0 0 4px var(--glow); }
  h1 { margin: 16px 0 8px; font-size: 26px; line-height: 1.25; letter-spacing: -0.015em; text-wrap: balance; }
  p { margin: 0; color: var(--soft); }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: 8px 24px; margin: 24px 0 0; padding-top: 24px; border-top: 1px solid var(--line); }
  dt { color: var(--soft); }
  dd { margin: 0; text-align: right; font: 13px/1.85 ui-monospace, SFMono-Regular, Menlo, monospace; overflow-wrap: anywhere; }
</style>
</head>
<body>
<main>
  <span class="live">Live</span>
  <h1>Hello from your first release</h1>
  <p>It was fetched from git, built, checked for health, and only then given this address.</p>
  <dl>${rows.join("")}</dl>
</main>
</body>
</html>
`;

const server = createServer((request, response) => {
  const [pathname] = request.url.split("?");
  if (pathname === "/health") return answer(response, 200, "text/plain; charset=utf-8", "ok\n");
  if (pathname === "/") return answer(response, 200, "text/html; charset=utf-8", page);
  answer(response, 404, "text/plain; charset=utf-8", "There is nothing here. The page is at /.\n");
});

function answer(response, status, type, body) {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
  response.end(body);
}

server.listen(port, () => {
  process.stdout.write(`hello ${version} listens on port ${port} since ${startedAt.toISOString()}\n`);
});

// Open requests are finished before the process ends.
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.once(signal, () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}
