-- Who runs a deployment hears that it is to be cancelled, and not of every step that he wrote himself.
CREATE FUNCTION windlass_notify_cancel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('windlass', 'cancel:' || NEW."id");
  RETURN NULL;
END $$;
CREATE TRIGGER notify_cancel AFTER UPDATE OF "cancelRequestedAt" ON "Deployment" FOR EACH ROW
  WHEN (NEW."cancelRequestedAt" IS NOT NULL) EXECUTE FUNCTION windlass_notify_cancel();
