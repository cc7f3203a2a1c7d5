import { createHash } from "node:crypto";
import { Notice, Target, TrafficHold } from "@windlass/domain";
import { z } from "zod";
import type { ServiceRecord } from "./draft-table.ts";

const HEADER = "windlass-router-table 1";

const StoredRecord = z.object({
  service: z.string(),
  token: z.int().nonnegative(),
  hosts: z.array(z.string()),
  target: Target.nullable(),
  notice: Notice.optional(),
  hold: TrafficHold.optional(),
  removed: z.literal(true).optional(),
});

/** Records never change in place, so their line is made once: a switch among 1,000 routes encodes one of them. */
const lines = new WeakMap<ServiceRecord, string>();

function lineOf(record: ServiceRecord): string {
  let line = lines.get(record);
  if (line === undefined) {
    line = JSON.stringify(record);
    lines.set(record, line);
  }
  return line;
}

const checksum = (text: string): string => createHash("sha256").update(text).digest("hex");

/** A header line, a JSON line for each service, and a line with the SHA-256 of everything before it. */
export function encodeTable(records: ReadonlyMap<string, ServiceRecord>): string {
  let text = `${HEADER}\n`;
  for (const record of records.values()) text += `${lineOf(record)}\n`;
  return `${text}sha256 ${checksum(text)}\n`;
}

/** Throws, with what is wrong, on anything that encodeTable did not write whole. */
export function decodeTable(text: string): Map<string, ServiceRecord> {
  const end = text.lastIndexOf("\nsha256 ");
  if (!text.startsWith(`${HEADER}\n`) || end === -1) throw new Error("the file is cut short or is not a router table");
  const body = text.slice(0, end + 1);
  if (text.slice(end + 1) !== `sha256 ${checksum(body)}\n`) throw new Error("the checksum does not match");
  const records = new Map<string, ServiceRecord>();
  for (const line of body.split("\n").slice(1, -1)) {
    const record = StoredRecord.parse(JSON.parse(line));
    records.set(record.service, record);
  }
  return records;
}
