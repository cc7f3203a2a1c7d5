import { expect, test } from "vitest";
import { looksLikeEnv, parseEnv, soundsSecret } from "./parse-env";

const read = (text: string) => Object.fromEntries(parseEnv(text).map(({ key, value }) => [key, value]));

test("reads plain lines, comments, exports and spaces", () => {
  expect(read("# comment\n\nA=1\nexport B = two words \r\nC=\n not a line\nD=a=b#c #note")).toEqual({
    A: "1",
    B: "two words",
    C: "",
    D: "a=b#c",
  });
});

test("quotes keep spaces and hashes; double quotes know escapes", () => {
  expect(read(`A="x # y"\nB='it\\n'\nC="line\\nnext \\"q\\""\nD=\`b\``)).toEqual({
    A: "x # y",
    B: "it\\n",
    C: 'line\nnext "q"',
    D: "b",
  });
});

test("a quoted value goes over lines, as keys do", () => {
  expect(read('KEY="-----BEGIN\nabc\n-----END"\nNEXT=1')).toEqual({ KEY: "-----BEGIN\nabc\n-----END", NEXT: "1" });
});

test("a quote that never closes is part of the value, and loses nothing after it", () => {
  expect(read(`A="open\nB=2`)).toEqual({ A: '"open', B: "2" });
});

test("nothing is expanded, and the last of two counts", () => {
  expect(read("A=$HOME/x\nB=1\nA=2")).toEqual({ B: "1", A: "2" });
  expect(read("A=$HOME/x")).toEqual({ A: "$HOME/x" });
});

test("tells a pasted file from a pasted value", () => {
  expect(looksLikeEnv("A=1\nB=2")).toBe(true);
  expect(looksLikeEnv("just words")).toBe(false);
});

test("guesses which names hold secrets", () => {
  expect(["DB_PASSWORD", "API_KEY", "DATABASE_URL", "STRIPE_SECRET"].every(soundsSecret)).toBe(true);
  expect(["PUBLIC_URL", "NODE_ENV", "KEYBOARD"].some(soundsSecret)).toBe(false);
});
