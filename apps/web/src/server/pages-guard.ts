import type { Credentials } from "@windlass/api";
import { authenticate, type Services } from "@windlass/api";

const OPEN_PAGES = new Set(["/login", "/setup", "/logout"]);

/**
 * Where a request for a page must go instead, or null when it may see it. Pages hold no data of their own, so this is
 * courtesy; the procedures are what is guarded.
 */
export async function redirectOf(
  { db }: Pick<Services, "db">,
  path: string,
  /** The path with its query, to come back to */
  asked: string,
  credentials: Credentials,
): Promise<string | null> {
  if (path.startsWith("/_next/") || path.startsWith("/api/") || /\.[a-z0-9]+$/i.test(path)) return null;
  if (OPEN_PAGES.has(path)) {
    if (path !== "/login") return null;
    return (await authenticate(db, credentials)) ? "/" : null;
  }
  const actor = await authenticate(db, credentials);
  if (!actor) return path === "/" ? "/login" : `/login?next=${encodeURIComponent(asked)}`;
  if (actor.mustChangePassword && path !== "/change-password") return "/change-password";
  return null;
}
