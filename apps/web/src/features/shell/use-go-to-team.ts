import { usePathname, useRouter } from "next/navigation";
import { useSession } from "@/features/session/team-context";

/** Changes the team, and leaves a page that shows something of the one before. */
export function useGoToTeam(): (teamId: string) => void {
  const { chooseTeam } = useSession();
  const isOfTheTeam = /^\/(apps\/(?!new$)|deployments\/)/.test(usePathname());
  const router = useRouter();
  return (teamId) => {
    chooseTeam(teamId);
    if (isOfTheTeam) router.push("/");
  };
}
