-- AlterTable
ALTER TABLE "Environment" ADD COLUMN     "logDays" INTEGER NOT NULL DEFAULT 14,
ADD COLUMN     "logMegabytes" INTEGER NOT NULL DEFAULT 200;

-- CreateTable
CREATE TABLE "RuntimeLog" (
    "environmentId" UUID NOT NULL,
    "holder" TEXT NOT NULL,
    "fencingToken" BIGINT NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "lastSeq" BIGINT NOT NULL DEFAULT 0,
    "bytes" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "RuntimeLog_pkey" PRIMARY KEY ("environmentId")
);

-- CreateTable
CREATE TABLE "RuntimeLogChunk" (
    "environmentId" UUID NOT NULL,
    "firstSeq" BIGINT NOT NULL,
    "lastSeq" BIGINT NOT NULL,
    "instance" TEXT NOT NULL,
    "releaseId" UUID NOT NULL,
    "fromAt" TIMESTAMPTZ(3) NOT NULL,
    "toAt" TIMESTAMPTZ(3) NOT NULL,
    "streams" INTEGER NOT NULL,
    "data" BYTEA NOT NULL,

    CONSTRAINT "RuntimeLogChunk_pkey" PRIMARY KEY ("environmentId","firstSeq")
);

-- CreateTable
CREATE TABLE "RuntimeLogPosition" (
    "environmentId" UUID NOT NULL,
    "instance" TEXT NOT NULL,
    "releaseId" UUID NOT NULL,
    "position" JSONB NOT NULL,
    "endedAt" TIMESTAMPTZ(3),

    CONSTRAINT "RuntimeLogPosition_pkey" PRIMARY KEY ("environmentId","instance")
);

-- CreateIndex
CREATE INDEX "RuntimeLogChunk_environmentId_toAt_idx" ON "RuntimeLogChunk"("environmentId", "toAt");

-- AddForeignKey
ALTER TABLE "RuntimeLog" ADD CONSTRAINT "RuntimeLog_environmentId_fkey" FOREIGN KEY ("environmentId") REFERENCES "Environment"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RuntimeLogChunk" ADD CONSTRAINT "RuntimeLogChunk_environmentId_fkey" FOREIGN KEY ("environmentId") REFERENCES "RuntimeLog"("environmentId") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RuntimeLogPosition" ADD CONSTRAINT "RuntimeLogPosition_environmentId_fkey" FOREIGN KEY ("environmentId") REFERENCES "RuntimeLog"("environmentId") ON DELETE CASCADE ON UPDATE CASCADE;

-- Invariants that Prisma's schema cannot say.

ALTER TABLE "Environment"
  ADD CONSTRAINT "Environment_log_budget" CHECK ("logMegabytes" > 0 AND "logDays" > 0);

ALTER TABLE "RuntimeLog"
  ADD CONSTRAINT "RuntimeLog_positive" CHECK ("fencingToken" > 0 AND "lastSeq" >= 0 AND "bytes" >= 0);

ALTER TABLE "RuntimeLogChunk"
  ADD CONSTRAINT "RuntimeLogChunk_range" CHECK ("firstSeq" > 0 AND "lastSeq" >= "firstSeq"),
  -- Packed already: Postgres need not try again.
  ALTER COLUMN "data" SET STORAGE EXTERNAL;

CREATE FUNCTION windlass_notify_runtime_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('windlass', 'runtime-log:' || NEW."environmentId");
  RETURN NULL;
END $$;
CREATE TRIGGER notify_runtime_log AFTER INSERT ON "RuntimeLogChunk" FOR EACH ROW EXECUTE FUNCTION windlass_notify_runtime_log();

-- For the workers, who look after the instances of all environments.
CREATE FUNCTION windlass_notify_instances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('windlass', 'instances');
  RETURN NULL;
END $$;
CREATE TRIGGER notify_instances AFTER INSERT OR UPDATE ON "Instance" FOR EACH ROW EXECUTE FUNCTION windlass_notify_instances();
