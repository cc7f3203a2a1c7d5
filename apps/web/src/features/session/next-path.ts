/** Where to go after signing in: a path of this site, never another one. */
export function nextPath(asked: string | null | undefined): string {
  // A second slash, or a backslash or control character that browsers read as one, would name another host.
  if (!asked || !/^\/(?:[!-.0-[\]-~][!-[\]-~]*)?$/.test(asked)) return "/";
  return /^\/(login|logout|setup)(\/|\?|$)/.test(asked) ? "/" : asked;
}

/** The server is never told the fragment; the browser carries it over the server's redirect to the sign-in page. */
export const withFragment = (next: string, fragment: string): string =>
  next.includes("#") ? next : `${next}${fragment}`;
