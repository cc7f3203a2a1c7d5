import { BuildConfig } from "@windlass/domain";
import { describe, expect, it } from "vitest";
import { generateDockerfile } from "./generate-dockerfile.ts";

const generate = (build: object, entries: string[], manifest?: object) =>
  generateDockerfile(BuildConfig.parse(build), {
    entries,
    files: manifest === undefined ? {} : { "package.json": JSON.stringify(manifest) },
  });

describe("generateDockerfile", () => {
  it("writes a file that people would take over", () => {
    const { dockerfile, extraFiles } = generate({ kind: "node" }, ["package.json", "package-lock.json", ".npmrc"], {
      scripts: { build: "tsc", start: "node dist/server.js" },
    });
    expect(extraFiles).toEqual({});
    expect(dockerfile).toMatchInlineSnapshot(`
      "# Windlass made this for a Node.js app with a build script. To change how it is built, save this
      # file as "Dockerfile" in the repository: from then on it is used as you wrote it.

      # First stage: install everything and build.
      FROM node:22-slim AS build
      WORKDIR /app

      # Installed anew only when these files change.
      COPY package.json package-lock.json .npmrc ./
      RUN npm ci --no-audit --no-fund
      COPY . .

      RUN npm run build
      # Only what runs is taken along.
      RUN npm prune --omit=dev

      # Second stage: what is deployed.
      FROM node:22-slim
      ENV NODE_ENV=production \\
          PORT=3000
      WORKDIR /app
      COPY --from=build --chown=node:node /app ./

      # The app does not run as root.
      USER node
      EXPOSE 3000
      CMD ["node", "dist/server.js"]
      "
    `);
  });

  it("installs without development dependencies, in one stage, when nothing is built", () => {
    const { dockerfile } = generate({ kind: "node" }, ["package.json"], { scripts: { start: "node ." } });
    expect(dockerfile.match(/^FROM/gm)).toHaveLength(1);
    expect(dockerfile).toContain("RUN npm install --no-audit --no-fund --omit=dev");
    expect(dockerfile).toContain('CMD ["node", "."]');
  });

  it("copies the source first when installing needs it", () => {
    for (const manifest of [
      { scripts: { postinstall: "prisma generate" } },
      { workspaces: ["packages/*"] },
      { dependencies: { own: "file:./own" } },
    ]) {
      const { dockerfile } = generate({ kind: "node" }, ["package.json", "package-lock.json"], manifest);
      expect(dockerfile.indexOf("COPY . .")).toBeLessThan(dockerfile.indexOf("RUN npm ci"));
      expect(dockerfile.match(/^COPY \. \.$/gm)).toHaveLength(1);
    }
  });

  it("serves what a build makes with the small server, without the tools that made it", () => {
    const { dockerfile, extraFiles } = generate({ kind: "static", folder: "dist" }, ["package.json"], {
      scripts: { build: "vite build" },
    });
    expect(dockerfile).toContain("COPY --from=build /app/dist/ /site/");
    expect(extraFiles[".windlass/static-server.mjs"]).toContain("createServer");
  });

  it("serves files as they are without installing anything", () => {
    const { dockerfile } = generate({ kind: "static" }, ["index.html"]);
    expect(dockerfile).not.toContain("npm");
    expect(dockerfile).toContain("COPY . /site/");
  });

  it("never runs as root", () => {
    for (const kind of ["node", "static"]) {
      for (const scripts of [{ build: "x" }, {}]) {
        const { dockerfile } = generate({ kind }, ["package.json"], { scripts });
        expect(dockerfile.lastIndexOf("USER node")).toBeGreaterThan(dockerfile.lastIndexOf("FROM"));
      }
    }
  });

  it("keeps odd folder names from being read as options, patterns or variables", () => {
    const { dockerfile } = generate({ kind: "static", folder: 'a b/$HOME*/"[x]' }, ["index.html"]);
    expect(dockerfile).toContain('COPY ["a b/\\\\$HOME[*]/\\"[[]x]/", "/site/"]');
  });
});
