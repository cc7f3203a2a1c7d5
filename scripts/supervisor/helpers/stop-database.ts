// Stops the embedded PostgreSQL of the data folder.
import { stopOwnDatabase } from "../own-database.ts";
import { report } from "./report.ts";

await report(() => stopOwnDatabase(process.env.WINDLASS_DATA_DIR ?? ""));
