/** With the prefix a browser takes it only over https and from this very host, so that no app on a sibling name can plant one. */
export const sessionCookie = (isHttps: boolean): string => (isHttps ? "__Host-windlass-session" : "windlass-session");
