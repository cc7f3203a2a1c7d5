import { expect, test } from "vitest";
import { measureImages } from "./measure-images.ts";

const image = (Id: string, ParentId: string, Size: number, ...RepoTags: string[]) => ({ Id, ParentId, Size, RepoTags });
const isOurs = (tag: string) => tag.startsWith("ours/");

const ALL = [
  image("base", "", 200, "node:22"),
  image("install", "base", 260),
  image("first", "install", 265, "ours/app:1"),
  image("second", "install", 267, "ours/app:2"),
  image("stage", "base", 300, "<none>:<none>"),
  image("pulled", "", 50, "ours/app:3", "nginx:1"),
];

test("what releases share counts once, for the newest, and what is somebody else's not at all", () => {
  expect(measureImages(ALL, ["second", "first", "stage"], isOurs)).toEqual([67, 5, 100]);
  expect(measureImages(ALL, ["first", "second"], isOurs)).toEqual([65, 7]);
});

test("an image with several names of ours counts once", () => {
  expect(measureImages(ALL, ["second", "second"], isOurs)).toEqual([67, 0]);
});

test("one that is gone meanwhile takes nothing", () => {
  expect(measureImages(ALL, ["gone"], isOurs)).toEqual([0]);
});
