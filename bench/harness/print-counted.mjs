import { writeSync } from "node:fs";

/** Prints so many numbered lines as quickly as it can. Run in the container that `log-intake.ts` follows. */
const count = Number(process.argv[2]);
const pad = "x".repeat(80);
for (let i = 0; i < count; ) {
  let text = "";
  for (const end = Math.min(count, i + 500); i < end; i++) text += `line ${i} ${pad}\n`;
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}
