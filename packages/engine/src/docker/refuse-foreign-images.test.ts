// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a Dockerfile writes its arguments so
import { describe, expect, it } from "vitest";
import { isForeignImage, refuseForeignBases } from "./refuse-foreign-images.ts";

const REFUSED = /names an image on this server by its id/;

describe("isForeignImage", () => {
  it.each(["b2c6", "4", "sha256:b2c6", `sha256:${"a".repeat(64)}`, "windlass/a/b:c", "index.docker.io/windlass/a/b:c"])(
    "finds %s",
    (name) => expect(isForeignImage(name)).toBe(true),
  );
  it.each([
    "node:22",
    "docker.io/library/cafe",
    "cafe:1",
    `app@sha256:${"a".repeat(64)}`,
    "ghcr.io/windlass/app",
    "scratch",
  ])("leaves %s", (name) => expect(isForeignImage(name)).toBe(false));
});

describe("refuseForeignBases", () => {
  it.each([
    "FROM b2c6",
    "from\tsha256:b2c6ad58",
    'FROM b"2c"6',
    "FROM b2\\\nc6",
    "FROM \\\n# a comment\n\n  b2c6",
    "# escape=`\nFR`\nOM b2c6",
    "# escape=`\nRUN echo \\\nFROM b2c6",
    '\ufeffFROM --platform="linux zz" b2c6',
    "ARG BASE=b2c6\nFROM $BASE",
    "ARG A=b2\nARG B=${A}c6\nFROM ${B}",
    "FROM ${NOTHING:-b2c6}",
    "ARG A=x\nFROM ${A:+b2c6}",
    "ARG A=zb2c6\nFROM ${A#z}",
    "FROM node:22\nCOPY --chown=1 --from=b2c6 / /",
    'FROM node:22\nCOPY --fr"om"=b2c6 / /',
    "FROM node:22\nCOPY --from=1 / /",
    "FROM node:22\nRUN echo \\\nFROM node AS b2c6\nCOPY --from=b2c6 / /",
    "FROM node:22\nONBUILD COPY --from=b2c6 / /",
    "FROM windlass/0123456789/shop-production-0123456789:x",
  ])("refuses %j", (text) => expect(() => refuseForeignBases(text)).toThrow(REFUSED));

  it("refuses what a build argument names", () => {
    expect(() => refuseForeignBases("ARG BASE\nFROM $BASE", { BASE: "b2c6" })).toThrow(REFUSED);
  });

  it.each([
    "FROM node:22-slim AS fe\nRUN npm ci\nFROM nginx:1.27\nCOPY --from=fe /a /b\nCOPY --from=0 /c /d",
    "ARG VERSION=22\nARG BASE=node:${VERSION}\nFROM --platform=linux/amd64 ${BASE} AS build\nFROM build",
    "FROM ${REGISTRY:-docker.io}/library/node:22",
    'FROM "node:22"\nRUN pipx --from=abc run',
    "FROM scratch\nCOPY app /",
    "FROM node:22@sha256:0123456789012345678901234567890123456789012345678901234567890123",
  ])("takes %j", (text) => expect(() => refuseForeignBases(text)).not.toThrow());
});
