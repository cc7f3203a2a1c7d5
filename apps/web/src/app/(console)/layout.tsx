import type { ReactNode } from "react";
import { ConsoleShell } from "@/features/shell/console-shell";
import { ProceduresProvider } from "@/trpc/provider";

export default function ConsoleLayout({ children }: { children: ReactNode }) {
  return (
    <ProceduresProvider isLive>
      <ConsoleShell>{children}</ConsoleShell>
    </ProceduresProvider>
  );
}
