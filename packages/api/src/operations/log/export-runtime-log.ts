import type { RuntimeLogFilter, RuntimeLogLine } from "@windlass/domain";
import type { Services } from "../../services.ts";
import { type LoggedEnvironment, readRuntimeLog } from "./read-runtime-log.ts";

const LINES_AT_ONCE = 2000;

/** All lines that a filter lets through, oldest first, up to what was there when it began; as fast as they are taken. */
export async function* exportRuntimeLog(
  services: Pick<Services, "db">,
  environment: LoggedEnvironment,
  filter: RuntimeLogFilter,
  signal: AbortSignal,
): AsyncGenerator<RuntimeLogLine[], void, undefined> {
  let end: number | undefined;
  for (let after: number | null = 0; after !== null && !signal.aborted; ) {
    const page = await readRuntimeLog(services, environment, { filter, after, limit: LINES_AT_ONCE });
    end ??= page.lastSeq;
    const until = end;
    yield page.lines.filter(({ seq }) => seq <= until);
    after = page.next !== null && page.next < end ? page.next : null;
  }
}
