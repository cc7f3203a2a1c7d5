"use client";

import { useMutation } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { toast } from "sonner";
import { useTRPC } from "@/trpc/context";
import { problemOf } from "@/trpc/errors";

/** Restart, start, stop and scale: each goes to the page of the deployment that does it. */
export function useOperate() {
  const trpc = useTRPC();
  const router = useRouter();
  const open = {
    onSuccess: ({ deploymentId }: { deploymentId: string }) => router.push(`/deployments/${deploymentId}`),
    onError: (error: unknown) => void toast.error(problemOf(error).message),
  };
  const restart = useMutation(trpc.environment.restart.mutationOptions(open));
  const start = useMutation(trpc.environment.start.mutationOptions(open));
  const stop = useMutation(trpc.environment.stop.mutationOptions(open));
  const scale = useMutation(trpc.environment.scale.mutationOptions(open));
  return {
    restart: (environmentId: string) => restart.mutate({ environmentId }),
    start: (environmentId: string) => start.mutate({ environmentId }),
    stop: (environmentId: string) => stop.mutate({ environmentId }),
    scale: (environmentId: string, instances: number) => scale.mutate({ environmentId, instances }),
    isPending: restart.isPending || start.isPending || stop.isPending || scale.isPending,
  };
}
