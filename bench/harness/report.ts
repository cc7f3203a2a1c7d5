/** One measured figure, in words ready to print. */
export interface Row {
  figure: string;
  /** The figure that counts, with its unit */
  value: string;
  /** How it varied */
  spread?: string;
  /** What it is compared with, measured in the same run */
  against?: string;
  ratio?: string;
  /** From the speed table; absent where there is none */
  bar?: { text: string; isMet: boolean };
}

export interface RowsMessage {
  type: "rows";
  title: string;
  rows: Row[];
}

export const say = (line = ""): void => void process.stdout.write(`${line}\n`);

/** Prints a table, and hands it to `run.ts` when that started this measurement. */
export function report(title: string, rows: Row[], notes: string[] = []): void {
  say(`\n${title}\n`);
  printTable(
    ["", "measured", "spread", "against", "ratio", "bar", ""],
    rows.map(({ figure, value, spread = "", against = "", ratio = "", bar }) => [
      figure,
      value,
      spread,
      against,
      ratio,
      bar?.text ?? "",
      bar ? (bar.isMet ? "met" : "MISSED") : "",
    ]),
  );
  for (const note of notes) say(`  ${note}`);
  process.send?.({ type: "rows", title, rows } satisfies RowsMessage);
}

/** Columns as wide as they need to be; those without any content are left out. */
export function printTable(head: string[], rows: string[][]): void {
  const used = head.map((_, column) => rows.some((row) => (row[column] ?? "") !== ""));
  const all = [head, ...rows].map((row) => row.filter((_, column) => used[column]));
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  for (const row of all)
    say(
      `  ${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("   ")
        .trimEnd()}`,
    );
}
