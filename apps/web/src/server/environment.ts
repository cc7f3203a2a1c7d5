import { z } from "zod";

/** What the web process is configured by; read once, in main.ts. */
const Environment = z.object({
  NODE_ENV: z.string().default("production"),
  HOST: z.string().default("127.0.0.1"),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
  DATABASE_URL: z.string().min(1, "Set DATABASE_URL to the Postgres that Windlass shall use."),
  WINDLASS_SECRET_KEY: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "Set WINDLASS_SECRET_KEY to 64 hexadecimal digits (openssl rand -hex 32)."),
  /** Where browsers find the console, when a proxy stands in front: https://windlass.example.com */
  WINDLASS_PUBLIC_URL: z.url("WINDLASS_PUBLIC_URL is not an address.").optional(),
  WINDLASS_APPS_DOMAIN: z.string().default("localhost"),
  WINDLASS_APPS_PORT: z.coerce.number().int().default(8080),
  WINDLASS_APPS_SCHEME: z.enum(["http", "https"]).default("http"),
});
export type WebEnvironment = z.infer<typeof Environment>;

/** Exits with one sentence for each setting that cannot be used. */
export function readEnvironment(): WebEnvironment {
  const parsed = Environment.safeParse(process.env);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) process.stderr.write(`${issue.path.join(".")}: ${issue.message}\n`);
  process.exit(1);
}
