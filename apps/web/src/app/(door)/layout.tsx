import type { ReactNode } from "react";
import { ProceduresProvider } from "@/trpc/provider";

export default function DoorLayout({ children }: { children: ReactNode }) {
  return <ProceduresProvider>{children}</ProceduresProvider>;
}
