import type { Metadata } from "next";
import { RequiredPasswordChange } from "@/features/account/required-password-change";
import { Door } from "@/features/session/door";

export const metadata: Metadata = { title: "Choose a new password" };

export default function ChangePasswordPage() {
  return (
    <Door title="Choose a new password" lead="Yours was set by somebody else. Choose one that only you know.">
      <RequiredPasswordChange />
    </Door>
  );
}
