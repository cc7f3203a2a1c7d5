-- AlterEnum
-- This migration adds more than one value to an enum.
-- With PostgreSQL versions 11 and earlier, this is not possible
-- in a single migration. This can be worked around by creating
-- multiple migrations, each migration adding only one value to
-- the enum.


ALTER TYPE "DeploymentKind" ADD VALUE 'restart';
ALTER TYPE "DeploymentKind" ADD VALUE 'scale';
ALTER TYPE "DeploymentKind" ADD VALUE 'start';
ALTER TYPE "DeploymentKind" ADD VALUE 'stop';
ALTER TYPE "DeploymentKind" ADD VALUE 'delete';

-- AlterTable
ALTER TABLE "Deployment" ADD COLUMN     "instances" INTEGER;

-- AlterTable
ALTER TABLE "Environment" ADD COLUMN     "stoppedAt" TIMESTAMPTZ(3),
ADD COLUMN     "stoppedBy" TEXT;

-- AlterTable
ALTER TABLE "Variable" ADD COLUMN     "digest" TEXT;
