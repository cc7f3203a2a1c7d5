import type { Metadata } from "next";
import { DeploymentPage } from "@/features/deployment/deployment-page";

export const metadata: Metadata = { title: "Deployment" };

export default async function Deployment({ params }: { params: Promise<{ deploymentId: string }> }) {
  const { deploymentId } = await params;
  return <DeploymentPage key={deploymentId} deploymentId={deploymentId} />;
}
