import type { RuntimesOut } from "../../schemas.ts";
import type { Services } from "../../services.ts";

const REPORT_IS_FRESH_MS = 30_000;

/** What the workers that reported lately can run. */
export async function readRuntimes({ db }: Pick<Services, "db">): Promise<RuntimesOut> {
  const reports = await db.workerReport.findMany({
    where: { seenAt: { gt: new Date(Date.now() - REPORT_IS_FRESH_MS) } },
  });
  const withDocker = reports.find((report) => report.docker);
  const note = (report: (typeof reports)[number] | undefined) =>
    (report?.detail as { docker?: string } | undefined)?.docker;
  const hasDocker = withDocker !== undefined;
  return {
    workers: reports.length,
    docker: {
      available: hasDocker,
      note: note(withDocker) ?? note(reports[0]) ?? "No worker has reported yet.",
    },
    process: {
      available: reports.length > 0,
      note: "Runs the app as a process on this server. For trying out and development.",
    },
    default: hasDocker ? "docker" : "process",
  };
}
