"use client";

import { signOut } from "next-auth/react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { useIsReady } from "./use-is-ready";

export function LogoutPanel() {
  const isReady = useIsReady();
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const leave = async () => {
    setIsBusy(true);
    try {
      await signOut({ redirect: false });
      window.location.assign("/login");
    } catch {
      setProblem("Windlass cannot be reached, so you are still signed in. Try again in a moment.");
      setIsBusy(false);
    }
  };
  return (
    <div className="flex flex-col gap-4">
      {problem && (
        <p role="alert" className="text-failed text-sm">
          {problem}
        </p>
      )}
      <div className="flex gap-2">
        <Button variant="primary" disabled={!isReady || isBusy} onClick={() => void leave()}>
          Sign out
        </Button>
        <Button asChild>
          <a href="/">Stay signed in</a>
        </Button>
      </div>
    </div>
  );
}
