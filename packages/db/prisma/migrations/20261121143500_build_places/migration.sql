-- Few leases are held for a deployment at a time, of as many as there are environments.
CREATE INDEX "Lease_at_work" ON "Lease" ("environmentId") WHERE "deploymentId" IS NOT NULL;

-- Asks for one of the places to build on the lease's server, and takes it when one is free and nobody comes before: the
-- team with the fewest builds there, then who asked first. Takers of one server take turns, so that each decides on what
-- the one before has left. A function, so that the turn is over with the statement, whatever becomes of who called it.
CREATE FUNCTION windlass_take_build_place(environment uuid, token bigint, places integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  machine text;
BEGIN
  -- Its own row first: in its turn it waits for nobody.
  UPDATE "Lease" SET "buildAskedAt" = coalesce("buildAskedAt", clock_timestamp())
    WHERE "environmentId" = environment AND "fencingToken" = token AND "expiresAt" > clock_timestamp()
    RETURNING "server" INTO machine;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('windlass build places'), hashtext(machine));
  WITH here AS (
    SELECT l."environmentId", l."isBuilding", l."buildAskedAt", e."teamId"
    FROM "Lease" l JOIN "Environment" e ON e."id" = l."environmentId"
    WHERE l."server" = machine AND l."deploymentId" IS NOT NULL AND l."buildAskedAt" IS NOT NULL AND l."expiresAt" > clock_timestamp()
  ), line AS (
    SELECT h."environmentId", row_number() OVER (
      ORDER BY (SELECT count(*) FROM here b WHERE b."isBuilding" AND b."teamId" = h."teamId"), h."buildAskedAt", h."environmentId"
    ) AS position
    FROM here h WHERE NOT h."isBuilding"
  )
  UPDATE "Lease" l SET "isBuilding" = true FROM line
    WHERE l."environmentId" = line."environmentId" AND l."environmentId" = environment AND l."fencingToken" = token
      AND line.position <= places - (SELECT count(*) FROM here WHERE here."isBuilding");
  RETURN FOUND;
END $$;

-- What happens in the line for build places is told to those who stand in it, on a topic of their own: not every worker
-- needs to look into the queue for it.
CREATE OR REPLACE FUNCTION windlass_notify_lease() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW."deploymentId" IS DISTINCT FROM OLD."deploymentId"
    OR (NEW."expiresAt" < OLD."expiresAt" AND EXISTS (
      SELECT 1 FROM "Deployment" WHERE "environmentId" = NEW."environmentId" AND "status" IN ('queued', 'running')
    ))
  THEN
    PERFORM pg_notify('windlass', 'queue');
  END IF;
  IF (NEW."buildAskedAt", NEW."isBuilding") IS DISTINCT FROM (OLD."buildAskedAt", OLD."isBuilding") THEN
    PERFORM pg_notify('windlass', 'builds');
  END IF;
  RETURN NULL;
END $$;
