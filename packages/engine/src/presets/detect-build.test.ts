import { describe, expect, it } from "vitest";
import { detectBuild } from "./detect-build.ts";
import { findExposedPort } from "./find-exposed-port.ts";

const detect = (entries: string[], manifest?: unknown, dockerfile?: string) =>
  detectBuild({
    entries: [
      ...entries,
      ...(manifest === undefined ? [] : ["package.json"]),
      ...(dockerfile === undefined ? [] : ["Dockerfile"]),
    ],
    files: {
      ...(manifest === undefined
        ? {}
        : { "package.json": typeof manifest === "string" ? manifest : JSON.stringify(manifest) }),
      ...(dockerfile === undefined ? {} : { Dockerfile: dockerfile }),
    },
  });

describe("detectBuild", () => {
  it("takes the team's own Dockerfile before anything else, with the port that it exposes", () => {
    const found = detect(["index.html"], { scripts: { start: "node x" } }, "FROM scratch\nEXPOSE 8080\n");
    expect(found).toMatchObject({ build: { kind: "dockerfile", dockerfile: "Dockerfile" }, port: 8080 });
  });

  it.each([
    [{ scripts: { start: "node server.js" } }, [], "node server.js"],
    [{ scripts: { start: "next start", build: "next build" }, dependencies: { next: "16" } }, [], "npm start"],
    [{ scripts: { start: "NODE_ENV=x node a.js" } }, [], "npm start"],
    [{ scripts: { start: "node a.js && echo $HOME" } }, [], "npm start"],
    [{ scripts: { start: "node a.js", prestart: "echo" } }, [], "npm start"],
    [{ main: "./app.js" }, ["app.js"], "node app.js"],
    [{ main: "dist/app.js", scripts: { build: "tsc" } }, [], "node dist/app.js"],
    [{}, ["server.js"], "node server.js"],
    [{}, ["index.js", "index.html"], "node index.js"],
  ])("starts a Node.js app by what its package.json says: %j", (manifest, entries, command) => {
    const found = detect(entries, manifest);
    expect(found).toMatchObject({ build: { kind: "node" }, port: null });
    expect("why" in found && found.why).toContain(`starts with ${command}.`);
  });

  it.each([
    ["vite", "vite build", "dist"],
    ["react-scripts", "react-scripts build", "build"],
    ["next", "next build && next export", "out"],
    ["gatsby", "gatsby build", "public"],
  ])("serves what %s builds when there is no start script", (tool, build, folder) => {
    const found = detect(["index.html"], { scripts: { build }, devDependencies: { [tool]: "1" } });
    expect(found).toMatchObject({ build: { kind: "static", folder } });
  });

  it("runs an app that has a start script, whatever bundles it", () => {
    const found = detect([], { scripts: { build: "vite build", start: "node s.js" }, devDependencies: { vite: "8" } });
    expect(found).toMatchObject({ build: { kind: "node" } });
  });

  it("serves a folder with index.html as it is", () => {
    expect(detect(["index.html", "style.css"])).toMatchObject({ build: { kind: "static", folder: "." } });
    expect(detect(["index.html"], { devDependencies: { prettier: "3" } })).toMatchObject({ build: { kind: "static" } });
  });

  it("says what was looked for and what to add when nothing fits", () => {
    expect(detect(["README.md"])).toEqual({
      problem: expect.stringMatching(/Dockerfile.*package\.json.*index\.html.*README\.md/),
    });
    expect(detect([], { name: "library" })).toEqual({ problem: expect.stringContaining("start script") });
    expect(detect([], "{ not json")).toEqual({ problem: expect.stringContaining("not valid JSON") });
    expect(detect([], "[]")).toEqual({ problem: expect.stringContaining("package.json") });
  });

  it("does not stumble over fields of the wrong shape", () => {
    expect(detect(["index.js"], { scripts: "x", main: 7, dependencies: [1] })).toMatchObject({
      build: { kind: "node" },
    });
    expect(detect([], { main: "../../etc/passwd" })).toHaveProperty("problem");
  });
});

describe("findExposedPort", () => {
  it.each([
    ["EXPOSE 3000", 3000],
    ["expose 53/udp 8080/tcp", 8080],
    ["ENV PORT=4000\nEXPOSE $PORT", 4000],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as a Dockerfile has it
    ["ARG PORT=5000\nEXPOSE ${PORT}", 5000],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as a Dockerfile has it
    ["EXPOSE ${PORT:-6000}", 6000],
    ["ENV PORT 7000\nEXPOSE \\\n  $PORT", 7000],
    ["FROM a AS build\nEXPOSE 1\nFROM b\nEXPOSE 2", 2],
    ["FROM a AS build\nEXPOSE 1\nFROM b", null],
    ["# EXPOSE 80", null],
    ["EXPOSE $UNKNOWN 99999", null],
    ["", null],
  ])("reads %j as %s", (text, port) => {
    expect(findExposedPort(text)).toBe(port);
  });
});
