/** Where to go after signing in: a path of this site, never another one. */
export function nextPath(asked: string | null | undefined): string {
  // A second slash, or a backslash or control character that browsers read as one, would name another host.
  if (!asked || !/^\/(?:[!-.0-[\]-~][!-[\]-~]*)?$/.test(asked)) return "/";
  return /^\/(login|logout|setup)(\/|\?|$)/.test(asked) ? "/" : asked;
}
