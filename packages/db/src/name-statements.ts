import type { SqlQuery } from "@prisma/driver-adapter-utils";

/** From so many uses on a statement is kept prepared; one that is made up anew each time never is. */
const USES_BEFORE = 3;
/** Statements that each connection keeps prepared. */
const MOST_KEPT = 300;
/** Of the others, whose uses are counted, the ones used last. */
const MOST_COUNTED = 300;

/**
 * Names statements for the database to keep prepared: it reads and plans each once for a connection instead of at every
 * use, which for the longer ones takes more time than they do. An empty name means that it is not kept.
 */
export function nameStatements(): (query: Pick<SqlQuery, "sql">) => string {
  const kept = new Map<string, string>();
  const counted = new Map<string, number>();
  return ({ sql }) => {
    const known = kept.get(sql);
    if (known !== undefined || kept.size >= MOST_KEPT) return known ?? "";
    const uses = (counted.get(sql) ?? 0) + 1;
    counted.delete(sql);
    if (uses > USES_BEFORE) {
      const name = `s${kept.size}`;
      kept.set(sql, name);
      return name;
    }
    counted.set(sql, uses);
    const [oldest] = counted.keys();
    if (counted.size > MOST_COUNTED && oldest !== undefined) counted.delete(oldest);
    return "";
  };
}
