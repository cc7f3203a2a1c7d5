import type { Metadata } from "next";
import { AppsPage } from "@/features/app/apps-page";

export const metadata: Metadata = { title: "Apps" };

export default function Apps() {
  return <AppsPage />;
}
