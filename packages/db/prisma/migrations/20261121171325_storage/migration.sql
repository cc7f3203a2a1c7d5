-- CreateEnum
CREATE TYPE "CleanUpStatus" AS ENUM ('waiting', 'running', 'ended');

-- CreateTable
CREATE TABLE "StorageReport" (
    "server" TEXT NOT NULL,
    "picture" JSONB NOT NULL,
    "takenAt" TIMESTAMPTZ(3) NOT NULL,
    "askedAt" TIMESTAMPTZ(3),

    CONSTRAINT "StorageReport_pkey" PRIMARY KEY ("server")
);

-- CreateTable
CREATE TABLE "CleanUp" (
    "id" UUID NOT NULL,
    "server" TEXT NOT NULL,
    "status" "CleanUpStatus" NOT NULL DEFAULT 'waiting',
    "items" JSONB NOT NULL,
    "outcomes" JSONB,
    "holder" TEXT,
    "expiresAt" TIMESTAMPTZ(3),
    "actorKind" "ActorKind" NOT NULL,
    "actorId" UUID,
    "actorName" TEXT NOT NULL,
    "askedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "endedAt" TIMESTAMPTZ(3),

    CONSTRAINT "CleanUp_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "CleanUp_server_id_idx" ON "CleanUp"("server", "id" DESC);

ALTER TABLE "CleanUp"
  ADD CONSTRAINT "CleanUp_end_is_told" CHECK (("status" = 'ended') = ("endedAt" IS NOT NULL) AND ("status" = 'ended') = ("outcomes" IS NOT NULL)),
  ADD CONSTRAINT "CleanUp_is_held" CHECK (("status" = 'running') <= ("holder" IS NOT NULL AND "expiresAt" IS NOT NULL));
-- One at a time on a server, and few to look through for those that wait or were left behind.
CREATE UNIQUE INDEX "CleanUp_one_at_a_time" ON "CleanUp" ("server") WHERE "status" <> 'ended';

CREATE FUNCTION windlass_notify_storage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('windlass', 'storage');
  RETURN NULL;
END $$;
CREATE TRIGGER notify_storage AFTER INSERT OR UPDATE OR DELETE ON "StorageReport" FOR EACH ROW EXECUTE FUNCTION windlass_notify_storage();
CREATE TRIGGER notify_clean_up AFTER INSERT OR UPDATE OF "status" ON "CleanUp" FOR EACH ROW EXECUTE FUNCTION windlass_notify_storage();

-- What a worker is to do, on a topic of its own.
CREATE FUNCTION windlass_notify_storage_work() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('windlass', 'storage-work');
  RETURN NULL;
END $$;
CREATE TRIGGER notify_storage_asked AFTER UPDATE OF "askedAt" ON "StorageReport" FOR EACH ROW
  WHEN (NEW."askedAt" IS DISTINCT FROM OLD."askedAt") EXECUTE FUNCTION windlass_notify_storage_work();
CREATE TRIGGER notify_clean_up_asked AFTER INSERT ON "CleanUp" FOR EACH ROW EXECUTE FUNCTION windlass_notify_storage_work();
