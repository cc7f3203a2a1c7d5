import type { SqlQuery } from "@prisma/driver-adapter-utils";

/** From so many uses on a statement is kept prepared; one that is made up anew each time never is. */
const USES_BEFORE = 3;
/** Of statements that were seen, and so also of those that each connection keeps prepared. */
const MOST = 300;

/**
 * Names statements for the database to keep prepared: it reads and plans each once for a connection instead of at every
 * use, which for the longer ones takes more time than they do. An empty name means that it is not kept.
 */
export function nameStatements(): (query: Pick<SqlQuery, "sql">) => string {
  const seen = new Map<string, { uses: number; name: string }>();
  return ({ sql }) => {
    const known = seen.get(sql);
    if (known) return ++known.uses > USES_BEFORE ? known.name : "";
    if (seen.size < MOST) seen.set(sql, { uses: 1, name: `s${seen.size}` });
    return "";
  };
}
