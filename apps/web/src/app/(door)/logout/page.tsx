import type { Metadata } from "next";
import { Door } from "@/features/session/door";
import { LogoutPanel } from "@/features/session/logout-panel";

export const metadata: Metadata = { title: "Sign out" };

export default function LogoutPage() {
  return (
    <Door title="Sign out" lead="Ends your session in this browser. What is deploying goes on.">
      <LogoutPanel />
    </Door>
  );
}
