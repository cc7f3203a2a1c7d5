/** Whether an Accept header ranks JSON above HTML. Without a preference, HTML: it is people who are lost. */
export function prefersJson(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  let json = 0;
  let html = 0;
  for (const range of accept.toLowerCase().split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith("q="));
    const q = weight === undefined ? 1 : Number(weight.slice(2)) || 0;
    if (type === "application/json" || (type.startsWith("application/") && type.endsWith("+json")))
      json = Math.max(json, q);
    else if (type === "text/html" || type === "application/xhtml+xml") html = Math.max(html, q);
  }
  return json > html;
}
