"use client";

import { useQuery } from "@tanstack/react-query";
import dynamic from "next/dynamic";
import { type ReactNode, useState } from "react";
import { SessionProvider } from "@/features/session/team-context";
import { useTRPC } from "@/trpc/context";
import { problemOf } from "@/trpc/errors";
import { toLogin } from "@/trpc/to-login";
import { CrumbsProvider } from "./crumbs";
import { ProblemCard } from "./problem-card";
import { Rail } from "./rail";
import { ShellSkeleton } from "./shell-skeleton";
import { TopBar } from "./top-bar";
import { useKeys } from "./use-keys";

const Palette = dynamic(() => import("./palette").then((module) => module.Palette), { ssr: false });
const KeyList = dynamic(() => import("./key-list").then((module) => module.KeyList), { ssr: false });

/** The frame around every page for people who are signed in. */
export function ConsoleShell({ children }: { children: ReactNode }) {
  const trpc = useTRPC();
  const me = useQuery(trpc.account.me.queryOptions(undefined, { staleTime: Number.POSITIVE_INFINITY }));
  if (me.data) {
    return (
      <SessionProvider me={me.data}>
        <CrumbsProvider>
          <Frame>{children}</Frame>
        </CrumbsProvider>
      </SessionProvider>
    );
  }
  if (!me.error) return <ShellSkeleton />;
  const problem = problemOf(me.error);
  if (problem.code === "not_signed_in") toLogin();
  return (
    <main className="mx-auto max-w-xl p-6">
      <ProblemCard title="Your account could not be read" problem={problem} onRetry={() => void me.refetch()} />
    </main>
  );
}

type Overlay = "palette" | "keys" | null;

function Frame({ children }: { children: ReactNode }) {
  const [overlay, setOverlay] = useState<Overlay>(null);
  // Loaded at the first use, then kept so that closing can finish.
  const [wasOpened, setWasOpened] = useState({ palette: false, keys: false });
  const open = (which: "palette" | "keys") => {
    setWasOpened((before) => ({ ...before, [which]: true }));
    setOverlay(which);
  };
  useKeys({ openPalette: () => open("palette"), openKeys: () => open("keys") });
  const close = (isOpen: boolean) => {
    if (!isOpen) setOverlay(null);
  };
  return (
    <div className="flex min-h-dvh">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:absolute focus:top-2 focus:left-2 focus:z-50 focus:rounded-md focus:bg-raised focus:px-3 focus:py-2"
      >
        Skip to content
      </a>
      <Rail />
      <div className="flex min-w-0 flex-1 flex-col">
        <TopBar onSearch={() => open("palette")} onKeys={() => open("keys")} />
        <main id="content" tabIndex={-1} className="min-w-0 flex-1 outline-none">
          {children}
        </main>
      </div>
      {wasOpened.palette && <Palette isOpen={overlay === "palette"} onOpenChange={close} />}
      {wasOpened.keys && <KeyList isOpen={overlay === "keys"} onOpenChange={close} />}
    </div>
  );
}
