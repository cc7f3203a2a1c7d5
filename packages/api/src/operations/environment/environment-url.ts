import type { AddressSettings } from "../../services.ts";

/** Where a browser finds the environment: its first alias, or null when it has no host name. */
export function environmentUrl(
  addresses: AddressSettings,
  routes: { host: string; isAlias: boolean }[],
): string | null {
  const route = routes.find((candidate) => !candidate.isAlias) ?? routes[0];
  if (!route) return null;
  const usual = addresses.appsScheme === "https" ? 443 : 80;
  const port = addresses.appsPort === usual ? "" : `:${addresses.appsPort}`;
  return `${addresses.appsScheme}://${route.host}${port}`;
}
