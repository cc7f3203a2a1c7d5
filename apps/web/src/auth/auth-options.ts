import type { AuthOptions } from "next-auth";
import CredentialsProvider from "next-auth/providers/credentials";
import { authBridge } from "./bridge";
import { sessionCookie } from "./session-cookie";

const SESSION_SECONDS = 14 * 24 * 60 * 60;

/** next-auth's configuration for one request: cookies are `Secure` where the browser came over https. */
export function authOptions(isHttps: boolean): AuthOptions {
  const bridge = authBridge();
  return {
    secret: bridge.secret,
    useSecureCookies: isHttps,
    cookies: {
      sessionToken: {
        name: sessionCookie(isHttps),
        options: { httpOnly: true, sameSite: "lax", path: "/", secure: isHttps },
      },
    },
    session: { strategy: "jwt", maxAge: SESSION_SECONDS },
    pages: { signIn: "/login", signOut: "/logout", error: "/login" },
    providers: [
      CredentialsProvider({
        credentials: { email: {}, password: {} },
        async authorize(credentials, request) {
          const headers = (request.headers ?? {}) as Record<string, string | undefined>;
          return bridge.authorize(
            { email: credentials?.email ?? "", password: credentials?.password ?? "" },
            { address: headers["x-windlass-address"] ?? "", userAgent: headers["user-agent"] ?? "" },
          );
        },
      }),
    ],
    callbacks: {
      jwt({ token, user }) {
        const signedIn = user as { id: string; sessionId: string } | undefined;
        return signedIn ? { sub: signedIn.id, sid: signedIn.sessionId } : token;
      },
      // The browser asks the procedures who it is; this answer tells nothing.
      session: ({ session }) => ({ expires: session.expires }),
    },
    events: {
      async signOut({ token }) {
        if (typeof token?.sid === "string") await bridge.endSession(token.sid);
      },
    },
    logger: { error: ignore, warn: ignore, debug: ignore },
  };
}

/** Sign-ins are told in the audit log, refusals to the person; next-auth's own lines would only repeat them. */
function ignore(): void {}
