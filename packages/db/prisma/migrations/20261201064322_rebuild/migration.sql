-- AlterTable
ALTER TABLE "Deployment" ADD COLUMN     "rebuild" BOOLEAN NOT NULL DEFAULT false;
