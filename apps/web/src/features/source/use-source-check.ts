"use client";

import type { SourceCheckResult } from "@windlass/domain";
import { useEffect, useState } from "react";
import { useTRPCClient } from "@/trpc/context";
import { problemOf } from "@/trpc/errors";
import { type SourceText, toAppSource } from "./read-source";

export interface SourceAccess {
  source: SourceText;
  /** Empty for the default branch */
  ref: string;
  repositoryToken: string;
  deployKeyId: string | null;
  sshHostKeys: string[];
}

export type SourceCheck =
  | { state: "idle" }
  | { state: "checking" }
  | { state: "found"; result: Extract<SourceCheckResult, { ok: true }> }
  | { state: "refused"; result: Extract<SourceCheckResult, { ok: false }> }
  | { state: "failed"; problem: ReturnType<typeof problemOf> };

const TYPING_MS = 500;

/** Looks into the source a moment after the typing stops; a newer question takes the place of an older one. */
export function useSourceCheck(teamId: string, access: SourceAccess): { check: SourceCheck; again: () => void } {
  const client = useTRPCClient();
  const [attempt, setAttempt] = useState(0);
  const question = JSON.stringify({ teamId, access, attempt });
  const [answer, setAnswer] = useState<{ question: string; check: SourceCheck } | null>(null);
  useEffect(() => {
    const { source, repositoryToken, deployKeyId, sshHostKeys, ref } = (
      JSON.parse(question) as { access: SourceAccess }
    ).access;
    if (source.kind === "empty") return;
    const stop = new AbortController();
    const answerWith = (check: SourceCheck) => {
      if (!stop.signal.aborted) setAnswer({ question, check });
    };
    const timer = setTimeout(() => {
      client.app.checkSource
        .mutate(
          {
            teamId,
            source: toAppSource(source),
            ref,
            ...(repositoryToken ? { repositoryToken } : {}),
            ...(deployKeyId ? { deployKeyId } : {}),
            ...(sshHostKeys.length > 0 ? { sshHostKeys } : {}),
          },
          { signal: stop.signal },
        )
        .then(
          (result) => answerWith(result.ok ? { state: "found", result } : { state: "refused", result }),
          (error: unknown) => answerWith({ state: "failed", problem: problemOf(error) }),
        );
    }, TYPING_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [client, question, teamId]);
  const again = () => setAttempt((before) => before + 1);
  if (access.source.kind === "empty") return { check: { state: "idle" }, again };
  return { check: answer?.question === question ? answer.check : { state: "checking" }, again };
}
