// `npm start`: from a clone on Node 20 to a running Windlass.
import { enter } from "./install/enter.mjs";

enter("scripts/supervisor/main.ts");
