-- CreateEnum
CREATE TYPE "BakeState" AS ENUM ('watching', 'reverting', 'reverted', 'passed', 'kept', 'ended');

-- CreateTable
CREATE TABLE "Bake" (
    "deploymentId" UUID NOT NULL,
    "environmentId" UUID NOT NULL,
    "releaseId" UUID NOT NULL,
    "previousReleaseId" UUID NOT NULL,
    "state" "BakeState" NOT NULL DEFAULT 'watching',
    "before" JSONB,
    "seen" JSONB NOT NULL DEFAULT '{}',
    "reason" TEXT NOT NULL DEFAULT '',
    "revertId" UUID,
    "startedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "endsAt" TIMESTAMPTZ(3) NOT NULL,
    "lookedAt" TIMESTAMPTZ(3),
    "endedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Bake_pkey" PRIMARY KEY ("deploymentId")
);

-- CreateIndex
CREATE INDEX "Bake_environmentId_idx" ON "Bake"("environmentId");

-- AddForeignKey
ALTER TABLE "Bake" ADD CONSTRAINT "Bake_deploymentId_fkey" FOREIGN KEY ("deploymentId") REFERENCES "Deployment"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- The worker's watch reads nothing else.
CREATE INDEX "Bake_open" ON "Bake" ("lookedAt") WHERE "endedAt" IS NULL;
ALTER TABLE "Bake"
  ADD CONSTRAINT "Bake_end_is_told" CHECK (("state" IN ('watching', 'reverting')) = ("endedAt" IS NULL));

CREATE FUNCTION windlass_notify_bake() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('windlass', 'deployment:' || NEW."deploymentId");
  IF TG_OP = 'INSERT' THEN
    PERFORM pg_notify('windlass', 'bake');
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER notify_bake AFTER INSERT OR UPDATE ON "Bake" FOR EACH ROW EXECUTE FUNCTION windlass_notify_bake();
