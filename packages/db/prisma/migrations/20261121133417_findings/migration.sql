-- CreateEnum
CREATE TYPE "FindingState" AS ENUM ('repairing', 'needs_you', 'noted', 'repaired', 'gone');

-- CreateTable
CREATE TABLE "Finding" (
    "id" UUID NOT NULL,
    "environmentId" UUID NOT NULL,
    "teamId" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "state" "FindingState" NOT NULL,
    "seen" TEXT NOT NULL,
    "outcome" TEXT NOT NULL DEFAULT '',
    "evidence" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "tries" INTEGER NOT NULL DEFAULT 0,
    "foundAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "nextTryAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "endedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Finding_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Finding_environmentId_id_idx" ON "Finding"("environmentId", "id" DESC);

-- CreateIndex
CREATE INDEX "Finding_teamId_id_idx" ON "Finding"("teamId", "id" DESC);

-- AddForeignKey
ALTER TABLE "Finding" ADD CONSTRAINT "Finding_environmentId_fkey" FOREIGN KEY ("environmentId") REFERENCES "Environment"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- One open finding for each thing: two workers that see it at once write it once.
CREATE UNIQUE INDEX "Finding_one_open" ON "Finding" ("environmentId", "kind", "subject") WHERE "endedAt" IS NULL;
ALTER TABLE "Finding"
  ADD CONSTRAINT "Finding_end_is_told" CHECK (("state" IN ('repaired', 'gone')) = ("endedAt" IS NOT NULL));

CREATE FUNCTION windlass_notify_finding() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('windlass', 'environment:' || NEW."environmentId");
  PERFORM pg_notify('windlass', 'team:' || NEW."teamId");
  RETURN NULL;
END $$;
CREATE TRIGGER notify_finding AFTER INSERT OR UPDATE ON "Finding" FOR EACH ROW EXECUTE FUNCTION windlass_notify_finding();
