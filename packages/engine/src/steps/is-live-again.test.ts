import { type Artifact, EnvironmentConfig } from "@windlass/domain";
import { expect, it } from "vitest";
import { makeLabels } from "../testing/runtime-contract.ts";
import type { ReleaseRequest } from "./deploy-request.ts";
import { isLiveAgain } from "./is-live-again.ts";

const image = (imageId: string, tag = "one"): Artifact => ({ kind: "image", imageId, tag, origin: "Dockerfile" });
const folder: Artifact = { kind: "folder", path: "/releases/1", command: ["node", "."], origin: "node" };
const config = EnvironmentConfig.parse({ build: { kind: "node" } });
const live = {
  releaseId: "one",
  artifact: image("sha256:1"),
  instances: [],
  config,
  commitSha: null,
  variableDigests: { A: "1" },
};
const request: ReleaseRequest = {
  deploymentId: "two",
  labels: makeLabels("test"),
  fencingToken: 1,
  hosts: [],
  ordinals: [1],
  config: { ...config, instances: 4 },
  variables: {},
  variableDigests: { A: "1" },
  live,
  notice: null,
};

it("is the live image under another name, with as many instances as may be", () => {
  expect(isLiveAgain(request, image("sha256:1", "two"))).toBe(true);
});

it("is not when anything differs that it could fail by", () => {
  const same = image("sha256:1");
  expect(isLiveAgain({ ...request, live: null }, same)).toBe(false);
  expect(isLiveAgain(request, image("sha256:2"))).toBe(false);
  expect(isLiveAgain({ ...request, config: { ...config, command: ["other"] } }, same)).toBe(false);
  expect(isLiveAgain({ ...request, variableDigests: { A: "2" } }, same)).toBe(false);
  expect(isLiveAgain({ ...request, variableDigests: {} }, same)).toBe(false);
  // Whether two folders hold the same, nobody has looked.
  expect(isLiveAgain({ ...request, live: { ...live, artifact: folder } }, folder)).toBe(false);
});
