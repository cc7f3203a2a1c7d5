"use client";

import type { AppSummary, Me } from "@windlass/api";
import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useSyncExternalStore } from "react";
import { Button } from "@/components/ui/button";
import { useTRPC } from "@/trpc/context";
import { type Live, useLive } from "@/trpc/use-live";
import { Door } from "./door";
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
/** This window's; another window may be in another team, and a new one begins with what was chosen last. */
let chosenHere: string | null = null;

function readChosen(): string | null {
  chosenHere ??= localStorage.getItem(CHOSEN);
  return chosenHere;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Who is signed in, in which team, and the team's apps: what every page of the console stands on. */
export function SessionProvider({ me, children }: { me: Me; children: ReactNode }) {
  const trpc = useTRPC();
  const chosen = useSyncExternalStore(subscribe, readChosen, () => null);
  const team = me.teams.find((candidate) => candidate.id === chosen) ?? me.teams[0];
  const chooseTeam = useCallback((teamId: string) => {
    chosenHere = teamId;
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
  if (!session) {
    return (
      <Door title="You are in no team yet" lead="Ask an administrator to add you to one, then load this page again.">
        <Button asChild className="self-start">
          <a href="/logout">Sign out</a>
        </Button>
      </Door>
    );
  }
  return <Context value={session}>{children}</Context>;
}

export function useSession(): Session {
  const session = use(Context);
  if (!session) throw new Error("useSession is for pages of the console.");
  return session;
}

/** A page that shows something of one team brings that team to hand: its role, its apps, its name in the menu. */
export function useTeamOf(teamId: string | undefined): void {
  const { me, chooseTeam } = useSession();
  useEffect(() => {
    if (teamId && me.teams.some(({ id }) => id === teamId)) chooseTeam(teamId);
  }, [teamId, me, chooseTeam]);
}

/** Whether the person may do an action in the team at hand. */
export const useCan = () => useIsAllowed(useSession().team.role);
