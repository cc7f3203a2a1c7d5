import { z } from "zod";

export const ROLES = ["viewer", "developer", "admin", "owner"] as const;
export const Role = z.enum(ROLES);
export type Role = z.infer<typeof Role>;

/**
 * The one permissions table: the least role that may do each action on each kind of row. The server enforces it, the
 * console reads it to offer only what will be allowed.
 */
export const PERMISSIONS = {
  team: { read: "viewer", update: "admin" },
  app: { read: "viewer", create: "developer", update: "developer", delete: "admin" },
  environment: { read: "viewer", create: "developer", update: "developer", delete: "admin" },
  variable: { read: "viewer", update: "developer" },
  deployment: { read: "viewer", create: "developer", cancel: "developer" },
  release: { read: "viewer" },
  log: { read: "viewer", update: "developer" },
} as const satisfies Record<string, Record<string, Role>>;

export type Resource = keyof typeof PERMISSIONS;
export type Action<R extends Resource = Resource> = R extends Resource ? keyof (typeof PERMISSIONS)[R] : never;

/** True when a member with this role may do the action. Unknown pairs are refused. */
export function isAllowed<R extends Resource>(role: Role, resource: R, action: Action<R>): boolean {
  const least = (PERMISSIONS[resource] as Record<string, Role | undefined>)[action as string];
  return least !== undefined && ROLES.indexOf(role) >= ROLES.indexOf(least);
}
