import { makeFakeHarness } from "./fake-runtime.ts";
import { describeRuntimeContract } from "./runtime-contract.ts";

describeRuntimeContract("fake", makeFakeHarness, {
  can: { showProcesses: false, dropPrivileges: false, limitMemory: true, runCommands: false },
});
