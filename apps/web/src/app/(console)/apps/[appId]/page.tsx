import type { Metadata } from "next";
import { AppPage } from "@/features/app/app-page";

export const metadata: Metadata = { title: "App" };

export default async function App({ params }: { params: Promise<{ appId: string }> }) {
  const { appId } = await params;
  return <AppPage key={appId} appId={appId} />;
}
