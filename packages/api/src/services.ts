import type { Database } from "@windlass/db";
import type { SecretCipher } from "@windlass/db/encryption";
import type { Live } from "./live/index.ts";
import type { Queue } from "./queue/queue.ts";

/** How an environment's address looks to a browser. */
export interface AddressSettings {
  /** The domain under which apps get their alias, such as `localhost` or `apps.example.com` */
  appsDomain: string;
  /** The port of the router as browsers see it; left out of addresses when it is the scheme's own */
  appsPort: number;
  appsScheme: "http" | "https";
}

/** What operations work with; made once in each process. */
export interface Services {
  db: Database;
  cipher: SecretCipher;
  queue: Queue;
  live: Live;
  addresses: AddressSettings;
}
