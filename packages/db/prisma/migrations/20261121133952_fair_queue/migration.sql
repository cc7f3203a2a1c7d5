-- AlterTable
ALTER TABLE "Deployment" ADD COLUMN     "allowOlder" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "followsBranch" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "Lease" ADD COLUMN     "buildAskedAt" TIMESTAMPTZ(6),
ADD COLUMN     "deploymentId" UUID,
ADD COLUMN     "isBuilding" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "server" TEXT NOT NULL DEFAULT '';

-- AlterTable
ALTER TABLE "WorkerReport" ADD COLUMN     "buildPlaces" INTEGER NOT NULL DEFAULT 1,
ADD COLUMN     "places" INTEGER NOT NULL DEFAULT 1,
ADD COLUMN     "server" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "teamPlaces" INTEGER NOT NULL DEFAULT 1;

-- Whoever builds has asked before; and only who works on a deployment builds.
ALTER TABLE "Lease"
  ADD CONSTRAINT "Lease_builds_for_deployment" CHECK (
    (NOT "isBuilding" OR "buildAskedAt" IS NOT NULL) AND ("buildAskedAt" IS NULL OR "deploymentId" IS NOT NULL)
  );

-- The topic `queue`: something came into the line, left it, or may start now. It wakes every worker that has a free
-- place, and the pages that show what waits. Renewals, and leases for upkeep where nothing waits, are not told.
CREATE FUNCTION windlass_notify_queue() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('windlass', 'queue');
  RETURN NULL;
END $$;
CREATE TRIGGER notify_queue AFTER INSERT OR UPDATE OF "status" ON "Deployment" FOR EACH ROW EXECUTE FUNCTION windlass_notify_queue();

CREATE FUNCTION windlass_notify_lease() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW."deploymentId", NEW."buildAskedAt", NEW."isBuilding") IS DISTINCT FROM (OLD."deploymentId", OLD."buildAskedAt", OLD."isBuilding")
    OR (NEW."expiresAt" < OLD."expiresAt" AND EXISTS (
      SELECT 1 FROM "Deployment" WHERE "environmentId" = NEW."environmentId" AND "status" IN ('queued', 'running')
    ))
  THEN
    PERFORM pg_notify('windlass', 'queue');
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER notify_lease AFTER UPDATE ON "Lease" FOR EACH ROW EXECUTE FUNCTION windlass_notify_lease();
