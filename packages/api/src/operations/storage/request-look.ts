import type { Services } from "../../services.ts";

/** Asks the workers to look at their disks again, when what they told is older than that. */
export async function requestLook({ db }: Pick<Services, "db">): Promise<void> {
  await db.$executeRaw`
    update "StorageReport" set "askedAt" = clock_timestamp() where "askedAt" is null or "askedAt" <= "takenAt"`;
}
