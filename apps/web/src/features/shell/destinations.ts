import { Boxes, Gauge, HardDrive, type LucideIcon, UserRound } from "lucide-react";
import { useSession } from "@/features/session/team-context";

export interface Destination {
  href: string;
  label: string;
  icon: LucideIcon;
  /** Typed after g */
  key: string;
  isForAdministrators?: true;
}

const DESTINATIONS: readonly Destination[] = [
  { href: "/", label: "Overview", icon: Gauge, key: "o" },
  { href: "/apps", label: "Apps", icon: Boxes, key: "a" },
  { href: "/storage", label: "Storage", icon: HardDrive, key: "s", isForAdministrators: true },
  { href: "/account", label: "Account", icon: UserRound, key: "c" },
];

/** What the rail, the palette and the keys lead to, for who is signed in. */
export function useDestinations(): readonly Destination[] {
  const { isAdministrator } = useSession().me.user;
  return DESTINATIONS.filter(({ isForAdministrators }) => isAdministrator || !isForAdministrators);
}

export const isAt = (pathname: string, href: string): boolean =>
  href === "/" ? pathname === "/" : pathname === href || pathname.startsWith(`${href}/`);
