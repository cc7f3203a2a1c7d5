import { StringDecoder } from "node:string_decoder";
import { stripVTControlCharacters } from "node:util";
import { LONGEST_RAW_LINE } from "../log/split-long-line.ts";

/** One message of the engine's progress streams (build, pull). */
export interface ProgressMessage {
  stream?: string;
  status?: string;
  id?: string;
  error?: string;
  errorDetail?: { code?: number; message?: string };
  aux?: { ID?: string; Digest?: string };
}

/** The messages of a progress stream, one JSON object a line; a slow reader slows the engine down. */
export async function* progressMessages(stream: NodeJS.ReadableStream): AsyncGenerator<ProgressMessage> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const part of stream) {
    const lines = (rest + decoder.write(part as Buffer)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield JSON.parse(line) as ProgressMessage;
  }
  if (rest.trim() !== "") yield JSON.parse(rest) as ProgressMessage;
}

export interface BuildLine {
  stream: "stdout" | "stderr" | "system";
  text: string;
}

const RED = "\u001b[91m";
const PLAIN = "\u001b[0m";
const STEP = /^Step (\d+)\/(\d+) : (.*)$/;
const NOISE =
  /^(?: ---> |Removing intermediate container |Successfully (?:built|tagged) |\[Warning\] One or more build-args)/;

/**
 * Turns the classic builder's text into lines of the log, and remembers the instruction that runs. The builder writes
 * what a RUN command sends to stderr in red, which is the only way to tell it from stdout.
 */
export class BuildOutput {
  step: { number: number; of: number; instruction: string } | undefined;
  imageId: string | undefined;
  /** The last lines of the app's own output, for the evidence of a failure */
  readonly tail: string[] = [];
  #rest = "";

  read(message: ProgressMessage): BuildLine[] {
    if (message.aux?.ID !== undefined) this.imageId = message.aux.ID;
    if (message.status !== undefined) return pullLine(message).map((text) => ({ stream: "system", text }));
    if (message.stream === undefined) return [];
    const lines = (this.#rest + message.stream).split("\n");
    this.#rest = lines.pop() ?? "";
    // A command that never ends its line would fill the memory: the rest of such a line is left out.
    if (this.#rest.length > LONGEST_RAW_LINE) this.#rest = this.#rest.slice(0, LONGEST_RAW_LINE);
    return lines.flatMap((line) => this.#line(line));
  }

  end(): BuildLine[] {
    const rest = this.#rest;
    this.#rest = "";
    return rest === "" ? [] : this.#line(rest);
  }

  #line(raw: string): BuildLine[] {
    const isStderr = raw.includes(RED);
    const plain = raw.startsWith(PLAIN) ? raw.slice(PLAIN.length) : raw;
    const text = lastOfProgress(isStderr ? plain.replaceAll(RED, "").replaceAll(PLAIN, "") : plain);
    const step = STEP.exec(text);
    if (step) {
      this.step = { number: Number(step[1]), of: Number(step[2]), instruction: step[3] ?? "" };
      return [{ stream: "system", text }];
    }
    if (text === " ---> Using cache") return [{ stream: "system", text: "  unchanged since an earlier build" }];
    if (text.trim() === "" || NOISE.test(text)) return [];
    this.tail.push(stripVTControlCharacters(text));
    if (this.tail.length > 40) this.tail.shift();
    return [{ stream: isStderr ? "stderr" : "stdout", text }];
  }
}

/** A terminal would show only what was written after the last return to the line's start. */
function lastOfProgress(text: string): string {
  const line = text.replace(/\r+$/, "");
  return line.slice(line.lastIndexOf("\r") + 1);
}

/** Of a pull's many progress messages those worth keeping: one line for each layer, and the end. */
export function pullLine({ status, id }: ProgressMessage): string[] {
  if (status === undefined) return [];
  if (status === "Pull complete" || status === "Already exists") return [`${id}: ${status.toLowerCase()}`];
  return /^(?:Pulling from|Digest:|Status:)/.test(status)
    ? [id !== undefined && !status.startsWith("Digest") ? `${id}: ${status}` : status]
    : [];
}
