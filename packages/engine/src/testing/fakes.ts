/** The fakes that other packages test against; each keeps the contract of its port. */
export { FakeRouter } from "./fake-router.ts";
export { createFakeRuntime, FakeEngine } from "./fake-runtime.ts";
