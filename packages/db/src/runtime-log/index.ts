/** How the lines of runtime logs are packed. Their writer has an entry of its own: searching threads load only this. */
export { packLines, splitText, unpackLines } from "./pack-lines.ts";
