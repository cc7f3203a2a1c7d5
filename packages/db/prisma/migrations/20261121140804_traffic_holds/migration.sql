-- AlterTable
ALTER TABLE "Deployment" ADD COLUMN     "lostRequests" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "Environment" ADD COLUMN     "heldAt" TIMESTAMPTZ(3),
ADD COLUMN     "heldBy" TEXT,
ADD COLUMN     "hold" JSONB,
ADD COLUMN     "holdApplied" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "holdVersion" INTEGER NOT NULL DEFAULT 0;

-- Who holds the traffic, and since when, is known as long as it is held.
ALTER TABLE "Environment"
  ADD CONSTRAINT "Environment_hold_is_told" CHECK (("hold" IS NULL) = ("heldAt" IS NULL) AND ("hold" IS NULL) = ("heldBy" IS NULL)),
  ADD CONSTRAINT "Environment_hold_applied" CHECK ("holdApplied" <= "holdVersion");

-- Holds that the router does not have yet: workers look for them when one is announced.
CREATE INDEX "Environment_hold_waiting" ON "Environment" ("id") WHERE "holdApplied" <> "holdVersion";

CREATE FUNCTION windlass_notify_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('windlass', 'hold');
  PERFORM pg_notify('windlass', 'hold:' || NEW."id");
  RETURN NULL;
END $$;
CREATE TRIGGER notify_hold AFTER UPDATE OF "holdVersion" ON "Environment" FOR EACH ROW EXECUTE FUNCTION windlass_notify_hold();
