"use client";

import { PasswordForm } from "./password-form";

export function RequiredPasswordChange() {
  return <PasswordForm onChanged={() => window.location.assign("/")} />;
}
