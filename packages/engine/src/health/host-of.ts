import type { StartedInstance } from "@windlass/domain";
import type { ReleaseRequest } from "../steps/deploy-request.ts";

/** The host name that visitors ask for; an instance without one is asked by its address. */
export const hostOf = ({ hosts }: Pick<ReleaseRequest, "hosts">, { address }: StartedInstance): string =>
  hosts[0] ?? `${address.host}:${address.port}`;
