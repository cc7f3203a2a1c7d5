import type { Metadata } from "next";
import { NewAppPage } from "@/features/source/new-app-page";

export const metadata: Metadata = { title: "New app" };

export default function NewApp() {
  return <NewAppPage />;
}
