// `npm test`: every test that this machine can run. Arguments are handed to vitest.
import { enter } from "./install/enter.mjs";

enter("scripts/testing/main.ts");
