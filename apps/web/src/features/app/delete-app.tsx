"use client";

import type { AppSummary } from "@windlass/api";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Card, CardTitle } from "@/components/ui/card";
import { DeleteDialog } from "@/features/environment/delete-dialog";
import { useCan } from "@/features/session/team-context";

export function DeleteApp({ app }: { app: Pick<AppSummary, "id" | "name"> }) {
  const [isOpen, setIsOpen] = useState(false);
  if (!useCan()("app", "delete")) return null;
  return (
    <Card id="delete" className="flex flex-wrap items-center gap-3 p-4">
      <div className="min-w-0 flex-1 basis-64">
        <CardTitle>Delete this app</CardTitle>
        <p className="text-muted text-sm">With all its environments, and everything that runs or was built for them.</p>
      </div>
      <Button variant="danger" onClick={() => setIsOpen(true)}>
        <Trash2 aria-hidden="true" />
        <span className="max-w-60 truncate">Delete {app.name}…</span>
      </Button>
      <DeleteDialog kind="app" id={app.id} name={app.name} isOpen={isOpen} onOpenChange={() => setIsOpen(false)} />
    </Card>
  );
}
