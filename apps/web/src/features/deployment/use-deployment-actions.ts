"use client";

import { useMutation } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { toast } from "sonner";
import { useTRPC } from "@/trpc/context";
import { problemOf } from "@/trpc/errors";

const sayProblem = (error: unknown): void => {
  toast.error(problemOf(error).message);
};

function useOpenDeployment(): { onSuccess: (made: { deploymentId: string }) => void; onError: (e: unknown) => void } {
  const router = useRouter();
  return { onSuccess: ({ deploymentId }) => router.push(`/deployments/${deploymentId}`), onError: sayProblem };
}

/** Deploys, and goes to the deployment's page. */
export function useDeploy() {
  const trpc = useTRPC();
  const mutation = useMutation(trpc.deployment.create.mutationOptions(useOpenDeployment()));
  return {
    deploy: (environmentId: string, options: { ref?: string; rebuild?: boolean } = {}) =>
      mutation.mutate({ environmentId, ...options }),
    isPending: mutation.isPending,
  };
}

export function useRedeploy() {
  const trpc = useTRPC();
  const mutation = useMutation(trpc.deployment.redeploy.mutationOptions(useOpenDeployment()));
  return {
    redeploy: (deploymentId: string, options: { allowOlder?: boolean } = {}) =>
      mutation.mutate({ deploymentId, ...options }),
    isPending: mutation.isPending,
  };
}

export function useRollback() {
  const trpc = useTRPC();
  const mutation = useMutation(trpc.deployment.rollback.mutationOptions(useOpenDeployment()));
  return {
    rollback: (environmentId: string, releaseId: string) => mutation.mutate({ environmentId, releaseId }),
    isPending: mutation.isPending,
  };
}

export function useCancel() {
  const trpc = useTRPC();
  const mutation = useMutation(
    trpc.deployment.cancel.mutationOptions({ onSuccess: ({ message }) => void toast(message), onError: sayProblem }),
  );
  return { cancel: (deploymentId: string) => mutation.mutate({ deploymentId }), isPending: mutation.isPending };
}

export function useKeepRelease() {
  const trpc = useTRPC();
  const mutation = useMutation(trpc.deployment.keep.mutationOptions({ onError: sayProblem }));
  return { keep: (deploymentId: string) => mutation.mutate({ deploymentId }), isPending: mutation.isPending };
}
