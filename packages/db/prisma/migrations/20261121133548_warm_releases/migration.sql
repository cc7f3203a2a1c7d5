-- AlterEnum
ALTER TYPE "InstanceStatus" ADD VALUE 'warm';

-- AlterTable
ALTER TABLE "Instance" ADD COLUMN     "warmUntil" TIMESTAMPTZ(3),
ADD COLUMN     "warmedAt" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "Release" ADD COLUMN     "hosts" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- An instance is warm from a moment until a moment, and only while it is. (A new value of an enum cannot be named in the
-- transaction that adds it; its text can.)
ALTER TABLE "Instance"
  ADD CONSTRAINT "Instance_warm_is_bounded" CHECK (
    ("status"::text = 'warm') = ("warmUntil" IS NOT NULL) AND ("warmUntil" IS NULL) = ("warmedAt" IS NULL)
  );

CREATE INDEX "Instance_warm" ON "Instance" ("warmUntil") WHERE "warmUntil" IS NOT NULL;

-- Whoever cools warm instances looks when they are due again.
CREATE FUNCTION windlass_notify_warm() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('windlass', 'warm');
  RETURN NULL;
END $$;
CREATE TRIGGER notify_warm AFTER INSERT OR UPDATE OF "warmUntil" ON "Instance" FOR EACH ROW
  WHEN (NEW."warmUntil" IS NOT NULL) EXECUTE FUNCTION windlass_notify_warm();
