"use client";

import type { AppSummary, Me } from "@windlass/api";
import { createContext, type ReactNode, use, useCallback, useMemo, useSyncExternalStore } from "react";
import { useTRPC } from "@/trpc/context";
import { type Live, useLive } from "@/trpc/use-live";
import { useIsAllowed } from "./permissions";

type Team = Me["teams"][number];

interface Session {
  me: Me;
  team: Team;
  chooseTeam: (teamId: string) => void;
  apps: Live<AppSummary[]>;
}

const Context = createContext<Session | null>(null);
const CHOSEN = "windlass-team";
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Who is signed in, in which team, and the team's apps: what every page of the console stands on. */
export function SessionProvider({ me, children }: { me: Me; children: ReactNode }) {
  const trpc = useTRPC();
  const chosen = useSyncExternalStore(
    subscribe,
    () => localStorage.getItem(CHOSEN),
    () => null,
  );
  const team = me.teams.find((candidate) => candidate.id === chosen) ?? me.teams[0];
  const chooseTeam = useCallback((teamId: string) => {
    localStorage.setItem(CHOSEN, teamId);
    for (const listener of listeners) listener();
  }, []);
  const { data, problem, retry } = useLive(
    trpc.app.watchAll.subscriptionOptions({ teamId: team?.id ?? "" }, { enabled: team !== undefined }),
  );
  const session = useMemo(
    () => team && { me, team, chooseTeam, apps: { data, problem, retry } },
    [me, team, chooseTeam, data, problem, retry],
  );
  if (!session) return <p className="p-6">You are in no team yet. Ask an administrator to add you to one.</p>;
  return <Context value={session}>{children}</Context>;
}

export function useSession(): Session {
  const session = use(Context);
  if (!session) throw new Error("useSession is for pages of the console.");
  return session;
}

/** Whether the person may do an action in the team at hand. */
export const useCan = () => useIsAllowed(useSession().team.role);
