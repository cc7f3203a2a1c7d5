import { Boxes, Gauge, type LucideIcon, UserRound } from "lucide-react";

export interface Destination {
  href: string;
  label: string;
  icon: LucideIcon;
  /** Typed after g */
  key: string;
}

/** What the rail, the palette and the keys lead to. */
export const DESTINATIONS: readonly Destination[] = [
  { href: "/", label: "Overview", icon: Gauge, key: "o" },
  { href: "/apps", label: "Apps", icon: Boxes, key: "a" },
  { href: "/account", label: "Account", icon: UserRound, key: "c" },
];

export const isAt = (pathname: string, href: string): boolean =>
  href === "/" ? pathname === "/" : pathname === href || pathname.startsWith(`${href}/`);
