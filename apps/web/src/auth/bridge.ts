/** What the server hands to the route over globalThis: database code stays out of Next's bundle. */
interface AuthBridge {
  authorize(
    credentials: { email: string; password: string },
    request: { address: string; userAgent: string },
  ): Promise<{ id: string; email: string; name: string; sessionId: string }>;
  endSession(sessionId: string): Promise<void>;
  secret: string;
}

export function authBridge(): AuthBridge {
  const bridge = (globalThis as { __windlassAuth?: AuthBridge }).__windlassAuth;
  if (!bridge) throw new Error("The pages run without Windlass's server. Start it with `npm start`.");
  return bridge;
}
