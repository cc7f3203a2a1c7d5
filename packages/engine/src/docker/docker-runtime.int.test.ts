import { makeDockerHarness } from "../testing/docker-harness.ts";
import { describeRuntimeContract } from "../testing/runtime-contract.ts";
import { findDockerEngine } from "./find-engine.ts";

const found = await findDockerEngine({ socketPath: "/var/run/docker.sock" });

describeRuntimeContract(
  "docker [needs docker]",
  async () => {
    if ("problem" in found) throw new Error(found.problem);
    return makeDockerHarness(found.engine);
  },
  {
    skip: "problem" in found,
    can: { showProcesses: process.platform === "linux", dropPrivileges: true, limitMemory: true, runCommands: true },
  },
);
