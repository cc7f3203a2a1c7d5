import { replaceClock } from "@windlass/worker/testing/clock";

// Loaded before a program (`--import`): its wall clock is wrong by TEST_CLOCK_SKEW_MS.

const skewMs = Number(process.env.TEST_CLOCK_SKEW_MS ?? 0);
replaceClock(() => skewMs);
