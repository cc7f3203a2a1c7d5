// `npm run verify`: what is checked before the slow tests.
import { enter } from "./install/enter.mjs";

enter("scripts/verifying/main.ts");
