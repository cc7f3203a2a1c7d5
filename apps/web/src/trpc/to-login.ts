/** To the sign-in page, and back to where one was. */
export function toLogin(): void {
  const { pathname, search, hash } = window.location;
  const here = `${pathname}${search}${hash}`;
  window.location.assign(here === "/" ? "/login" : `/login?next=${encodeURIComponent(here)}`);
}
