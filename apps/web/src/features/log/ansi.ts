// biome-ignore-all lint/suspicious/noControlCharactersInRegex: control characters are what it reads
import Anser, { type AnserJsonEntry } from "anser";

/** A piece of a line that looks one way. Only ever shown as text. */
export interface AnsiSpan {
  text: string;
  /** CSS colours, or undefined for the log's own */
  color?: string;
  background?: string;
  isBold?: boolean;
  isDim?: boolean;
  isItalic?: boolean;
  isUnderlined?: boolean;
  isStruck?: boolean;
}

const ESC = "\u001b";
/** Operating system commands (titles, links) and two-character escapes: they draw nothing. */
const SILENT = new RegExp(
  `${ESC}\\][^\\u0007${ESC}]*(?:\\u0007|${ESC}\\\\)|${ESC}[PX^_][^${ESC}]*${ESC}\\\\|${ESC}[^[]`,
  "g",
);
/** Control characters beside tab and escape. */
const CONTROL = /[\u0000-\u0008\u000a-\u001a\u001c-\u001f\u007f-\u009f]/g;
const NEEDS_WORK = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/;

/** What a terminal would show of a line that returns to its start: the last piece that was written. */
function lastDrawn(text: string): string {
  const drawn = text.replace(/\r+$/, "");
  const at = drawn.lastIndexOf("\r");
  return at < 0 ? drawn : drawn.slice(at + 1);
}

const prepare = (text: string): string => lastDrawn(text).replace(SILENT, "").replace(CONTROL, "");

/** The text alone. */
export function plainText(text: string): string {
  if (!NEEDS_WORK.test(text)) return text;
  return Anser.ansiToText(prepare(text)).replaceAll(ESC, "");
}

/** The line in pieces of one look each. Their texts together are `plainText`. */
export function splitAnsi(text: string): AnsiSpan[] {
  if (!NEEDS_WORK.test(text)) return [{ text }];
  const entries = Anser.ansiToJson(prepare(text), { json: true, remove_empty: true, use_classes: true });
  return entries.map(toSpan).filter((span) => span.text !== "");
}

function toSpan(entry: AnserJsonEntry): AnsiSpan {
  const has = (decoration: AnserJsonEntry["decoration"]) =>
    decoration !== null && entry.decorations.includes(decoration);
  const fg = foreground(entry.fg, entry.fg_truecolor);
  const bg = background(entry.bg, entry.bg_truecolor);
  const isReversed = has("reverse");
  return {
    text: entry.content.replaceAll(ESC, ""),
    color: isReversed ? undefined : fg,
    background: isReversed ? (background(entry.fg, entry.fg_truecolor) ?? tint("var(--foreground)")) : bg,
    isBold: has("bold") || undefined,
    isDim: has("dim") || undefined,
    isItalic: has("italic") || undefined,
    isUnderlined: has("underline") || undefined,
    isStruck: has("strikethrough") || undefined,
  };
}

/** Programs choose colours for a ground they do not know: those outside the theme are moved towards its text colour. */
const readable = (color: string): string => `color-mix(in oklab, ${color} 45%, var(--foreground))`;
const tint = (color: string): string => `color-mix(in oklab, ${color} 18%, var(--code))`;

function base(name: string | null, truecolor: string | null): { color: string; isTheme: boolean } | undefined {
  if (!name) return undefined;
  if (name === "ansi-truecolor") return truecolor ? { color: `rgb(${truecolor})`, isTheme: false } : undefined;
  const palette = /^ansi-palette-(\d+)$/.exec(name);
  if (palette) return { color: `rgb(${paletteColor(Number(palette[1]))})`, isTheme: false };
  return { color: `var(--${name.replace("bright-", "")})`, isTheme: true };
}

function foreground(name: string | null, truecolor: string | null): string | undefined {
  const found = base(name, truecolor);
  return found && (found.isTheme ? found.color : readable(found.color));
}

function background(name: string | null, truecolor: string | null): string | undefined {
  const found = base(name, truecolor);
  return found && tint(found.color);
}

const LEVELS = [0, 95, 135, 175, 215, 255];

/** xterm's 6×6×6 cube (16–231) and its greys (232–255), as "r, g, b". */
function paletteColor(index: number): string {
  if (index >= 232)
    return Array(3)
      .fill(8 + (index - 232) * 10)
      .join(", ");
  const cube = index - 16;
  return [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((level) => LEVELS[level] ?? 0).join(", ");
}
