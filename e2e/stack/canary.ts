import { randomBytes } from "node:crypto";

/** A secret that is looked for everywhere, in every spelling that a careless hand could give it. */
export interface Canary {
  name: string;
  value: string;
  spellings: readonly string[];
}

/** With characters that addresses and JSON spell otherwise. */
export const makeCanary = (name: string): Canary => canaryOf(name, `${name}/${randomBytes(12).toString("hex")}+&=%2F`);

/** What is shorter stands somewhere by chance. */
const SHORTEST = 12;

export function canaryOf(name: string, value: string): Canary {
  const json = JSON.stringify(value).slice(1, -1);
  const spellings = [
    value,
    json,
    encodeURIComponent(value),
    new URLSearchParams({ "": value }).toString().slice(1),
    Buffer.from(value).toString("hex"),
    ...[0, 1, 2].flatMap((shift) => base64Inside(value, shift)),
  ];
  return { name, value, spellings: [...new Set(spellings)].filter((spelling) => spelling.length >= SHORTEST) };
}

/** What base64 makes of the value when it stands `shift` bytes into a longer text; without the border's characters. */
function base64Inside(value: string, shift: number): string[] {
  const text = Buffer.concat([Buffer.alloc(shift), Buffer.from(value)]);
  const whole = text.subarray(0, text.length - (text.length % 3));
  const skipped = shift === 0 ? 0 : 4;
  return (["base64", "base64url"] as const).map((encoding) => whole.toString(encoding).slice(skipped));
}

/** Which canaries stand in a text, by name and spelling, with what stands around. */
export function findCanaries(canaries: readonly Canary[], place: string, text: string): string[] {
  return canaries.flatMap(({ name, spellings }) =>
    spellings.flatMap((spelling) => {
      const at = text.indexOf(spelling);
      return at < 0 ? [] : [`${name} in ${place}: ${text.slice(Math.max(0, at - 80), at + spelling.length + 20)}`];
    }),
  );
}
