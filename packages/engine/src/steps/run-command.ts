import type { Artifact } from "@windlass/domain";
import type { CommandRequest, EffectContext, EnginePorts } from "../ports.ts";
import type { ReleaseRequest } from "./deploy-request.ts";

/** Runs one of the environment's commands in an instance of its own of the new release. */
export async function runCommand(
  { commands }: EnginePorts,
  { labels, config, variables }: ReleaseRequest,
  artifact: Artifact,
  command: Pick<CommandRequest, "purpose" | "argv">,
  context: EffectContext,
): Promise<void> {
  await context.log("system", command.argv.join(" "));
  const timeoutMs = config.commandSeconds * 1000;
  await commands.run({ labels, artifact, config, variables, ...command, timeoutMs }, context);
}

/** Removes what is left of the commands: it stays until nobody who takes the deployment over needs it. */
export const removeCommands = ({ commands }: EnginePorts, { labels }: ReleaseRequest): Promise<void> =>
  commands.remove(labels);
