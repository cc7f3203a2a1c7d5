import type { SwitchProof } from "./deployment.ts";

/** Requests that were lost because the traffic moved; more than none needs a person's eye. */
export const lostRequests = ({ failures, cutOff, probe }: SwitchProof): number =>
  failures + cutOff + (probe?.failures ?? 0);
