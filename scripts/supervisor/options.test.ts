import { describe, expect, it } from "vitest";
import { readOptions } from "./options.ts";
import { StartFailure } from "./start-failure.ts";

const read = (argv: string[], env: NodeJS.ProcessEnv = {}) => readOptions(argv, env, "/srv/windlass");

function refusal(argv: string[], env: NodeJS.ProcessEnv = {}): StartFailure {
  try {
    read(argv, env);
  } catch (error) {
    if (error instanceof StartFailure) return error;
  }
  throw new Error("These options were taken.");
}

describe("options of the start", () => {
  it("have defaults that only this machine can reach", () => {
    expect(read([])).toEqual({
      host: "127.0.0.1",
      port: 3000,
      routerPort: 8080,
      dataFolder: "/srv/windlass/data",
      wantsSample: true,
    });
  });

  it("come from flags first, then from the environment", () => {
    const env = { WINDLASS_PORT: "4000", WINDLASS_ROUTER_PORT: "4001", WINDLASS_DATA_DIR: "/var/windlass" };
    expect(read(["--port", "5000", "--no-sample"], env)).toMatchObject({
      port: 5000,
      routerPort: 4001,
      dataFolder: "/var/windlass",
      wantsSample: false,
    });
  });

  it("are understood without the two hyphens that npm wants", () => {
    const env = { npm_config_port: "4000", npm_config_data_dir: "/d", npm_config_sample: "" };
    expect(read([], env)).toMatchObject({ port: 4000, dataFolder: "/d", wantsSample: false });
  });

  it.each([
    [["--prot", "3"], "Windlass does not know the option --prot."],
    [["-x"], "Windlass does not know the option -x."],
    [["--port"], "The option --port needs a value."],
    [["--port", "http"], "--port http is not a port."],
    [["--port=99999"], "--port 99999 is not a port."],
    [["--no-sample=1"], "The option --no-sample takes no value."],
    [["extra"], 'Windlass does not take "extra".'],
    [["--host", "a b"], "--host a b is not an address."],
    [["--port", "8080"], "The console and the apps cannot share port 8080."],
  ])("are refused with one sentence and code 2: %j", (argv, sentence) => {
    const { message, exitCode } = refusal(argv);
    expect([message, exitCode]).toEqual([sentence, 2]);
  });
});
