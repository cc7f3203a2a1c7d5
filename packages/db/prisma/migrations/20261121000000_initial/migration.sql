-- CreateEnum
CREATE TYPE "Role" AS ENUM ('owner', 'admin', 'developer', 'viewer');

-- CreateEnum
CREATE TYPE "RuntimeKind" AS ENUM ('docker', 'process');

-- CreateEnum
CREATE TYPE "DeploymentStatus" AS ENUM ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'superseded');

-- CreateEnum
CREATE TYPE "DeploymentKind" AS ENUM ('deploy', 'redeploy', 'rollback');

-- CreateEnum
CREATE TYPE "ActorKind" AS ENUM ('user', 'token', 'system');

-- CreateEnum
CREATE TYPE "StepStatus" AS ENUM ('running', 'succeeded', 'failed', 'cancelled');

-- CreateEnum
CREATE TYPE "InstanceStatus" AS ENUM ('running', 'stopped');

-- CreateTable
CREATE TABLE "User" (
    "id" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "passwordHash" TEXT NOT NULL,
    "mustChangePassword" BOOLEAN NOT NULL DEFAULT false,
    "isAdministrator" BOOLEAN NOT NULL DEFAULT false,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "suspendedAt" TIMESTAMPTZ(3),

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Session" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "userAgent" TEXT NOT NULL DEFAULT '',
    "address" TEXT NOT NULL DEFAULT '',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "endedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "SetupLink" (
    "id" UUID NOT NULL,
    "hash" TEXT NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "usedAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SetupLink_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "SignInFailure" (
    "key" TEXT NOT NULL,
    "failures" INTEGER NOT NULL,
    "lastAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "SignInFailure_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "Team" (
    "id" UUID NOT NULL,
    "slug" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Team_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Membership" (
    "teamId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "role" "Role" NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Membership_pkey" PRIMARY KEY ("teamId","userId")
);

-- CreateTable
CREATE TABLE "Token" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "teamId" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "hint" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3),
    "lastUsedAt" TIMESTAMPTZ(3),
    "revokedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Token_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "App" (
    "id" UUID NOT NULL,
    "teamId" UUID NOT NULL,
    "slug" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "source" JSONB NOT NULL,
    "repositoryToken" BYTEA,
    "deployKey" BYTEA,
    "deployKeyPublic" TEXT,
    "sshHostKeys" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "App_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Environment" (
    "id" UUID NOT NULL,
    "appId" UUID NOT NULL,
    "teamId" UUID NOT NULL,
    "slug" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "branch" TEXT NOT NULL,
    "runtime" "RuntimeKind" NOT NULL,
    "config" JSONB NOT NULL,
    "variablesVersion" INTEGER NOT NULL DEFAULT 1,
    "currentReleaseId" UUID,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Environment_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Variable" (
    "id" UUID NOT NULL,
    "environmentId" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "value" TEXT,
    "secret" BYTEA,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Variable_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Route" (
    "id" UUID NOT NULL,
    "environmentId" UUID NOT NULL,
    "host" TEXT NOT NULL,
    "isAlias" BOOLEAN NOT NULL DEFAULT true,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Route_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Deployment" (
    "id" UUID NOT NULL,
    "environmentId" UUID NOT NULL,
    "teamId" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "kind" "DeploymentKind" NOT NULL,
    "status" "DeploymentStatus" NOT NULL DEFAULT 'queued',
    "endReason" TEXT,
    "endDetail" JSONB,
    "actorKind" "ActorKind" NOT NULL,
    "actorId" UUID,
    "actorName" TEXT NOT NULL,
    "trigger" TEXT NOT NULL,
    "ref" TEXT NOT NULL DEFAULT '',
    "commitSha" TEXT,
    "commitMessage" TEXT,
    "commitAuthor" TEXT,
    "committedAt" TIMESTAMPTZ(3),
    "plan" JSONB,
    "proof" JSONB,
    "releaseId" UUID,
    "warnings" JSONB NOT NULL DEFAULT '[]',
    "cancelRequestedAt" TIMESTAMPTZ(3),
    "cancelRequestedBy" TEXT,
    "committedToTraffic" BOOLEAN NOT NULL DEFAULT false,
    "queuedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startedAt" TIMESTAMPTZ(3),
    "endedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Deployment_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Step" (
    "deploymentId" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "status" "StepStatus" NOT NULL,
    "attempt" INTEGER NOT NULL DEFAULT 1,
    "result" JSONB,
    "error" TEXT,
    "startedAt" TIMESTAMPTZ(3) NOT NULL,
    "endedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Step_pkey" PRIMARY KEY ("deploymentId","name")
);

-- CreateTable
CREATE TABLE "LogChunk" (
    "deploymentId" UUID NOT NULL,
    "firstSeq" INTEGER NOT NULL,
    "lastSeq" INTEGER NOT NULL,
    "lines" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "LogChunk_pkey" PRIMARY KEY ("deploymentId","firstSeq")
);

-- CreateTable
CREATE TABLE "Release" (
    "id" UUID NOT NULL,
    "environmentId" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "runtime" "RuntimeKind" NOT NULL,
    "artifact" JSONB NOT NULL,
    "config" JSONB NOT NULL,
    "variables" BYTEA NOT NULL,
    "variableDigests" JSONB NOT NULL,
    "variablesVersion" INTEGER NOT NULL,
    "commitSha" TEXT,
    "commitMessage" TEXT,
    "commitAuthor" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "removedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Release_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Instance" (
    "id" UUID NOT NULL,
    "releaseId" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "status" "InstanceStatus" NOT NULL,
    "startedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "stoppedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Instance_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Lease" (
    "environmentId" UUID NOT NULL,
    "holder" TEXT NOT NULL,
    "fencingToken" BIGINT NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Lease_pkey" PRIMARY KEY ("environmentId")
);

-- CreateTable
CREATE TABLE "AuditEntry" (
    "id" UUID NOT NULL,
    "teamId" UUID,
    "actorKind" "ActorKind" NOT NULL,
    "actorId" UUID,
    "actorName" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "detail" JSONB NOT NULL DEFAULT '{}',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "AuditEntry_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "WorkerReport" (
    "holder" TEXT NOT NULL,
    "docker" BOOLEAN NOT NULL,
    "detail" JSONB NOT NULL,
    "seenAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "WorkerReport_pkey" PRIMARY KEY ("holder")
);

-- CreateIndex
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");

-- CreateIndex
CREATE INDEX "Session_userId_idx" ON "Session"("userId");

-- CreateIndex
CREATE UNIQUE INDEX "SetupLink_hash_key" ON "SetupLink"("hash");

-- CreateIndex
CREATE UNIQUE INDEX "Team_slug_key" ON "Team"("slug");

-- CreateIndex
CREATE INDEX "Membership_userId_idx" ON "Membership"("userId");

-- CreateIndex
CREATE UNIQUE INDEX "Token_hash_key" ON "Token"("hash");

-- CreateIndex
CREATE INDEX "Token_userId_idx" ON "Token"("userId");

-- CreateIndex
CREATE INDEX "Token_teamId_idx" ON "Token"("teamId");

-- CreateIndex
CREATE UNIQUE INDEX "App_slug_key" ON "App"("slug");

-- CreateIndex
CREATE INDEX "App_teamId_name_idx" ON "App"("teamId", "name");

-- CreateIndex
CREATE UNIQUE INDEX "Environment_currentReleaseId_key" ON "Environment"("currentReleaseId");

-- CreateIndex
CREATE INDEX "Environment_teamId_idx" ON "Environment"("teamId");

-- CreateIndex
CREATE UNIQUE INDEX "Environment_appId_slug_key" ON "Environment"("appId", "slug");

-- CreateIndex
CREATE UNIQUE INDEX "Variable_environmentId_key_key" ON "Variable"("environmentId", "key");

-- CreateIndex
CREATE UNIQUE INDEX "Route_host_key" ON "Route"("host");

-- CreateIndex
CREATE INDEX "Route_environmentId_idx" ON "Route"("environmentId");

-- CreateIndex
CREATE INDEX "Deployment_teamId_id_idx" ON "Deployment"("teamId", "id" DESC);

-- CreateIndex
CREATE INDEX "Deployment_environmentId_id_idx" ON "Deployment"("environmentId", "id" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "Deployment_environmentId_number_key" ON "Deployment"("environmentId", "number");

-- CreateIndex
CREATE UNIQUE INDEX "Step_deploymentId_position_key" ON "Step"("deploymentId", "position");

-- CreateIndex
CREATE UNIQUE INDEX "Release_environmentId_number_key" ON "Release"("environmentId", "number");

-- CreateIndex
CREATE UNIQUE INDEX "Instance_name_key" ON "Instance"("name");

-- CreateIndex
CREATE INDEX "Instance_releaseId_idx" ON "Instance"("releaseId");

-- CreateIndex
CREATE INDEX "AuditEntry_teamId_id_idx" ON "AuditEntry"("teamId", "id" DESC);

-- AddForeignKey
ALTER TABLE "Session" ADD CONSTRAINT "Session_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Membership" ADD CONSTRAINT "Membership_teamId_fkey" FOREIGN KEY ("teamId") REFERENCES "Team"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Membership" ADD CONSTRAINT "Membership_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Token" ADD CONSTRAINT "Token_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Token" ADD CONSTRAINT "Token_teamId_fkey" FOREIGN KEY ("teamId") REFERENCES "Team"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "App" ADD CONSTRAINT "App_teamId_fkey" FOREIGN KEY ("teamId") REFERENCES "Team"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Environment" ADD CONSTRAINT "Environment_appId_fkey" FOREIGN KEY ("appId") REFERENCES "App"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Environment" ADD CONSTRAINT "Environment_currentReleaseId_fkey" FOREIGN KEY ("currentReleaseId") REFERENCES "Release"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Variable" ADD CONSTRAINT "Variable_environmentId_fkey" FOREIGN KEY ("environmentId") REFERENCES "Environment"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Route" ADD CONSTRAINT "Route_environmentId_fkey" FOREIGN KEY ("environmentId") REFERENCES "Environment"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Deployment" ADD CONSTRAINT "Deployment_environmentId_fkey" FOREIGN KEY ("environmentId") REFERENCES "Environment"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Deployment" ADD CONSTRAINT "Deployment_releaseId_fkey" FOREIGN KEY ("releaseId") REFERENCES "Release"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Step" ADD CONSTRAINT "Step_deploymentId_fkey" FOREIGN KEY ("deploymentId") REFERENCES "Deployment"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "LogChunk" ADD CONSTRAINT "LogChunk_deploymentId_fkey" FOREIGN KEY ("deploymentId") REFERENCES "Deployment"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Release" ADD CONSTRAINT "Release_environmentId_fkey" FOREIGN KEY ("environmentId") REFERENCES "Environment"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Instance" ADD CONSTRAINT "Instance_releaseId_fkey" FOREIGN KEY ("releaseId") REFERENCES "Release"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Lease" ADD CONSTRAINT "Lease_environmentId_fkey" FOREIGN KEY ("environmentId") REFERENCES "Environment"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AuditEntry" ADD CONSTRAINT "AuditEntry_teamId_fkey" FOREIGN KEY ("teamId") REFERENCES "Team"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- Invariants that Prisma's schema cannot say.

-- One active deployment for each environment.
CREATE UNIQUE INDEX "Deployment_one_running" ON "Deployment" ("environmentId") WHERE "status" = 'running';

-- What is waiting or being worked on: the worker's sweep reads nothing else.
CREATE INDEX "Deployment_active" ON "Deployment" ("environmentId", "id") WHERE "status" IN ('queued', 'running');

ALTER TABLE "Deployment"
  ADD CONSTRAINT "Deployment_end_is_told" CHECK (
    ("status" IN ('queued', 'running')) = ("endReason" IS NULL) AND ("endReason" IS NULL) = ("endedAt" IS NULL)
  ),
  ADD CONSTRAINT "Deployment_number_positive" CHECK ("number" > 0);

ALTER TABLE "Variable"
  ADD CONSTRAINT "Variable_value_or_secret" CHECK (("value" IS NULL) <> ("secret" IS NULL));

ALTER TABLE "Step"
  ADD CONSTRAINT "Step_end_is_told" CHECK (("status" = 'running') = ("endedAt" IS NULL));

ALTER TABLE "LogChunk"
  ADD CONSTRAINT "LogChunk_range" CHECK ("firstSeq" > 0 AND "lastSeq" >= "firstSeq");

ALTER TABLE "Lease"
  ADD CONSTRAINT "Lease_token_positive" CHECK ("fencingToken" > 0);

-- A fencing token only rises, whoever writes it.
CREATE FUNCTION windlass_lease_token_rises() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW."fencingToken" < OLD."fencingToken" THEN
    RAISE EXCEPTION 'a fencing token only rises';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER lease_token_rises BEFORE UPDATE ON "Lease" FOR EACH ROW EXECUTE FUNCTION windlass_lease_token_rises();

-- Everything that changes is pushed: each commit notifies the topics its rows belong to. A topic says what to read
-- again, never what changed. Postgres folds equal notifications of one transaction.
CREATE FUNCTION windlass_notify_deployment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('windlass', 'deployment:' || NEW."id");
  PERFORM pg_notify('windlass', 'environment:' || NEW."environmentId");
  PERFORM pg_notify('windlass', 'team:' || NEW."teamId");
  RETURN NULL;
END $$;
CREATE TRIGGER notify_deployment AFTER INSERT OR UPDATE ON "Deployment" FOR EACH ROW EXECUTE FUNCTION windlass_notify_deployment();

CREATE FUNCTION windlass_notify_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('windlass', 'deployment:' || NEW."deploymentId");
  RETURN NULL;
END $$;
CREATE TRIGGER notify_step AFTER INSERT OR UPDATE ON "Step" FOR EACH ROW EXECUTE FUNCTION windlass_notify_step();

CREATE FUNCTION windlass_notify_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('windlass', 'log:' || NEW."deploymentId");
  RETURN NULL;
END $$;
CREATE TRIGGER notify_log AFTER INSERT ON "LogChunk" FOR EACH ROW EXECUTE FUNCTION windlass_notify_log();

CREATE FUNCTION windlass_notify_app() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  app "App"%ROWTYPE;
BEGIN
  app := COALESCE(NEW, OLD);
  PERFORM pg_notify('windlass', 'app:' || app."id");
  PERFORM pg_notify('windlass', 'team:' || app."teamId");
  RETURN NULL;
END $$;
CREATE TRIGGER notify_app AFTER INSERT OR UPDATE OR DELETE ON "App" FOR EACH ROW EXECUTE FUNCTION windlass_notify_app();

CREATE FUNCTION windlass_notify_environment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  environment "Environment"%ROWTYPE;
BEGIN
  environment := COALESCE(NEW, OLD);
  PERFORM pg_notify('windlass', 'environment:' || environment."id");
  PERFORM pg_notify('windlass', 'app:' || environment."appId");
  PERFORM pg_notify('windlass', 'team:' || environment."teamId");
  RETURN NULL;
END $$;
CREATE TRIGGER notify_environment AFTER INSERT OR UPDATE OR DELETE ON "Environment" FOR EACH ROW EXECUTE FUNCTION windlass_notify_environment();

-- Routes, variables and releases are parts of their environment's picture.
CREATE FUNCTION windlass_notify_part() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  environment_id uuid;
BEGIN
  environment_id := CASE WHEN TG_OP = 'DELETE' THEN OLD."environmentId" ELSE NEW."environmentId" END;
  PERFORM pg_notify('windlass', 'environment:' || environment_id);
  RETURN NULL;
END $$;
CREATE TRIGGER notify_route AFTER INSERT OR UPDATE OR DELETE ON "Route" FOR EACH ROW EXECUTE FUNCTION windlass_notify_part();
CREATE TRIGGER notify_variable AFTER INSERT OR UPDATE OR DELETE ON "Variable" FOR EACH ROW EXECUTE FUNCTION windlass_notify_part();
CREATE TRIGGER notify_release AFTER INSERT OR UPDATE ON "Release" FOR EACH ROW EXECUTE FUNCTION windlass_notify_part();

CREATE FUNCTION windlass_notify_instance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('windlass', 'environment:' || r."environmentId") FROM "Release" r WHERE r."id" = NEW."releaseId";
  RETURN NULL;
END $$;
CREATE TRIGGER notify_instance AFTER INSERT OR UPDATE ON "Instance" FOR EACH ROW EXECUTE FUNCTION windlass_notify_instance();

CREATE FUNCTION windlass_notify_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('windlass', 'user:' || CASE WHEN TG_OP = 'DELETE' THEN OLD."userId" ELSE NEW."userId" END);
  RETURN NULL;
END $$;
CREATE TRIGGER notify_session AFTER UPDATE OR DELETE ON "Session" FOR EACH ROW EXECUTE FUNCTION windlass_notify_session();
CREATE TRIGGER notify_token AFTER UPDATE OR DELETE ON "Token" FOR EACH ROW EXECUTE FUNCTION windlass_notify_session();
CREATE TRIGGER notify_membership AFTER INSERT OR UPDATE OR DELETE ON "Membership" FOR EACH ROW EXECUTE FUNCTION windlass_notify_session();
-- CreateTable
CREATE TABLE "SourceCheck" (
    "id" UUID NOT NULL,
    "teamId" UUID NOT NULL,
    "result" JSONB,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SourceCheck_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "DeployKey" (
    "id" UUID NOT NULL,
    "teamId" UUID NOT NULL,
    "publicKey" TEXT NOT NULL,
    "privateKey" BYTEA NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "DeployKey_pkey" PRIMARY KEY ("id")
);

-- AddForeignKey
ALTER TABLE "SourceCheck" ADD CONSTRAINT "SourceCheck_teamId_fkey" FOREIGN KEY ("teamId") REFERENCES "Team"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "DeployKey" ADD CONSTRAINT "DeployKey_teamId_fkey" FOREIGN KEY ("teamId") REFERENCES "Team"("id") ON DELETE CASCADE ON UPDATE CASCADE;

CREATE FUNCTION windlass_notify_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('windlass', 'check:' || NEW."id");
  RETURN NULL;
END $$;
CREATE TRIGGER notify_check AFTER UPDATE ON "SourceCheck" FOR EACH ROW EXECUTE FUNCTION windlass_notify_check();

CREATE FUNCTION windlass_notify_worker() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('windlass', 'workers');
  RETURN NULL;
END $$;
CREATE TRIGGER notify_worker AFTER INSERT OR DELETE OR UPDATE OF "docker", "detail" ON "WorkerReport" FOR EACH ROW EXECUTE FUNCTION windlass_notify_worker();
