import type { Services } from "@windlass/api";
import { endSession, type SignedIn, signIn } from "@windlass/api/operations";
import { DomainError } from "@windlass/domain";

/** What next-auth's route, which Next bundles apart from this server, gets from it: through globalThis, in one process. */
export interface AuthBridge {
  /** Throws an Error whose message is written for the person. */
  authorize(
    credentials: { email: string; password: string },
    request: { address: string; userAgent: string },
  ): Promise<SignedIn>;
  endSession(sessionId: string): Promise<void>;
  secret: string;
}

declare global {
  var __windlassAuth: AuthBridge | undefined;
}

export function offerAuth(services: Services, secret: string): void {
  globalThis.__windlassAuth = {
    secret,
    async authorize(credentials, request) {
      try {
        return await signIn(services, { ...credentials, ...request });
      } catch (error) {
        if (error instanceof DomainError) throw new Error(error.message);
        throw new Error("Windlass cannot check your password now. Try again in a moment.");
      }
    },
    endSession: (sessionId) => endSession(services, sessionId),
  };
}
