import { rm } from "node:fs/promises";

/**
 * Removes a folder with all that is in it; none is fine. Begins again, for a second at most, while something is still
 * written into it: a worker that was frozen, or what a killed one had started, may have a last word.
 */
export const removeFolder = (path: string): Promise<void> =>
  rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
