const PLAIN = /^[a-z0-9._-]+$/;
const IPV6 = /^\[[0-9a-f:.]+\]$/;

/**
 * The host name in a Host header, as the table knows it: lower case, without port and without the trailing dot that
 * makes a name absolute. An IPv6 literal keeps its brackets. Undefined when it is no host at all.
 */
export function parseHost(header: string): string | undefined {
  let host = header.toLowerCase();
  const colon = host.lastIndexOf(":");
  if (colon !== -1 && colon > host.lastIndexOf("]")) {
    if (!isPort(host, colon + 1)) return undefined;
    host = host.slice(0, colon);
  }
  if (host.endsWith(".")) host = host.slice(0, -1);
  if (host.length > 253) return undefined;
  return PLAIN.test(host) || IPV6.test(host) ? host : undefined;
}

/** RFC 3986 lets the port be empty. */
function isPort(text: string, from: number): boolean {
  if (text.length - from > 5) return false;
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 48 || code > 57) return false;
  }
  return true;
}
