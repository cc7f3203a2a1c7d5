import type { Metadata } from "next";
import { Setup } from "@/features/session/setup-form";

// The key must not leave with a link to another site.
export const metadata: Metadata = { title: "Set up", referrer: "no-referrer" };

export default async function SetupPage({ searchParams }: { searchParams: Promise<{ key?: string | string[] }> }) {
  const { key } = await searchParams;
  return <Setup setupKey={(Array.isArray(key) ? key[0] : key) ?? ""} />;
}
