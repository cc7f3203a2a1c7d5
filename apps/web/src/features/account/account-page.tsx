"use client";

import { toast } from "sonner";
import { Card, CardTitle } from "@/components/ui/card";
import { useSession } from "@/features/session/team-context";
import { Crumbs } from "@/features/shell/crumbs";
import { Page } from "@/features/shell/page";
import { PasswordForm } from "./password-form";
import { Tokens } from "./tokens";

export function AccountPage() {
  const { me } = useSession();
  return (
    <Page title="Account" detail={`${me.user.name}, ${me.user.email}`}>
      <Crumbs items={[{ label: "Account" }]} />
      <Card className="flex flex-col gap-3 p-4">
        <CardTitle>Password</CardTitle>
        <PasswordForm onChanged={() => toast.success("Changed. Other sessions of yours have ended.")} />
      </Card>
      <Tokens />
    </Page>
  );
}
