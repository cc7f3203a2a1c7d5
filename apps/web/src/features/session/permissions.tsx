"use client";

import type { Action, Resource, Role } from "@windlass/domain";
import { createContext, type ReactNode, useContext } from "react";

type Table = Record<string, Record<string, Role>>;

const Context = createContext<{ table: Table; roles: readonly Role[] } | null>(null);

/** Hands the server's permissions table to the browser, which then offers only what will be allowed. */
export function PermissionsProvider(props: { table: Table; roles: readonly Role[]; children: ReactNode }) {
  const { table, roles, children } = props;
  return <Context value={{ table, roles }}>{children}</Context>;
}

/** Whether a role may do an action; unknown pairs are refused, as on the server. */
export function useIsAllowed(role: Role | undefined): <R extends Resource>(resource: R, action: Action<R>) => boolean {
  const permissions = useContext(Context);
  return (resource, action) => {
    const least = permissions?.table[resource]?.[String(action)];
    if (!permissions || !role || !least) return false;
    return permissions.roles.indexOf(role) >= permissions.roles.indexOf(least);
  };
}
