import type { RuntimesOut } from "../../schemas.ts";
import type { Services } from "../../services.ts";

interface Report {
  holder: string;
  docker: boolean;
  detail: { docker?: string };
  places: number;
  teamPlaces: number;
  server: string;
  buildPlaces: number;
}

/** Of the workers that reported lately, by the database's clock. */
export function readFreshReports(db: Services["db"]): Promise<Report[]> {
  return db.$queryRaw`
    select "holder", "docker", "detail", "places", "teamPlaces", "server", "buildPlaces" from "WorkerReport"
    where "seenAt" > now() - interval '30 seconds' order by "holder"`;
}

/** What the workers that reported lately can run. */
export async function readRuntimes({ db }: Pick<Services, "db">): Promise<RuntimesOut> {
  const reports = await readFreshReports(db);
  const withDocker = reports.find((report) => report.docker);
  const note = (report: Report | undefined) => report?.detail.docker;
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
