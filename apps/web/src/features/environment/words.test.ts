import { expect, test } from "vitest";
import { joinWords, splitWords } from "./words";

test("words are separated by spaces and kept together by quotes", () => {
  expect(splitWords("  node  server.js --port=3000 ")).toEqual(["node", "server.js", "--port=3000"]);
  expect(splitWords(`sh -c "echo 'a b' && true"`)).toEqual(["sh", "-c", "echo 'a b' && true"]);
  expect(splitWords(String.raw`a\ b "c\"d" ''`)).toEqual(["a b", 'c"d', ""]);
  expect(splitWords("")).toEqual([]);
});

test("what was joined splits into the same words", () => {
  const words = ["sh", "-c", 'echo "it\'s" $HOME', "", "a\\b", "--flag=x y"];
  expect(splitWords(joinWords(words))).toEqual(words);
});
