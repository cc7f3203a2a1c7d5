-- AlterEnum
ALTER TYPE "InstanceStatus" ADD VALUE 'retiring';

-- AlterTable
ALTER TABLE "Instance" ADD COLUMN     "ordinal" INTEGER NOT NULL DEFAULT 1;

ALTER TABLE "Instance" ADD CONSTRAINT "Instance_ordinal_positive" CHECK ("ordinal" > 0);
