import { DomainError, type ImageRef } from "@windlass/domain";
import type Dockerode from "dockerode";
import type { EffectContext } from "../ports.ts";
import { progressMessages, pullLine } from "./build-output.ts";
import { cancelled, engineError, engineMessage, isMissing, requestSignal } from "./errors.ts";
import { refuseForeignImage } from "./refuse-foreign-images.ts";

const UNREACHABLE =
  /dial tcp|no such host|connection refused|i\/o timeout|TLS handshake|network is unreachable|request canceled|deadline exceeded|context canceled|\bEOF$/i;

/**
 * The id of an image on the engine, pulled anew unless the reference has a digest and is there. Where the registry does
 * not answer, an image of exactly this name that is on the server serves.
 */
export async function pullImage(engine: Dockerode, image: ImageRef, context: EffectContext): Promise<string> {
  refuseForeignImage(image);
  const present = await findImage(engine, image);
  if (present !== undefined && image.includes("@sha256:")) {
    await context.log("system", `${image} is on the server already.`);
    return present;
  }
  await context.log("system", `Pulling ${image}`);
  try {
    await pull(engine, image, context);
  } catch (error) {
    if (context.signal.aborted) throw cancelled(error);
    const message = engineMessage(error);
    if (present !== undefined && UNREACHABLE.test(message)) {
      await context.log(
        "system",
        `The registry does not answer (${message}). The ${image} that is on the server is used.`,
      );
      return present;
    }
    throw unavailable(image, message, error);
  }
  const pulled = await findImage(engine, image);
  if (pulled === undefined) throw unavailable(image, "the pull ended without the image");
  return pulled;
}

/** An image that cannot be had, with what the person can do about it. */
export function unavailable(image: string, message: string, cause?: unknown): DomainError {
  if (UNREACHABLE.test(message)) {
    return new DomainError(
      "image_unavailable",
      `The image ${image} is not on the server and its registry does not answer. Check the server's way to the registry and try again.`,
      { fault: "server", retryable: true, evidence: [message], cause },
    );
  }
  return new DomainError(
    "image_unavailable",
    `The image ${image} cannot be pulled. Check its name and tag and, where it is private, that the server's Docker engine may read it.`,
    { evidence: [message], cause },
  );
}

async function findImage(engine: Dockerode, image: string): Promise<string | undefined> {
  try {
    return (await engine.getImage(image).inspect()).Id;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw engineError(error, "runtime_unavailable", `looking for the image ${image}`);
  }
}

async function pull(engine: Dockerode, image: string, { signal, log }: EffectContext): Promise<void> {
  const stream = await engine.pull(image, { abortSignal: requestSignal(signal) });
  for await (const message of progressMessages(stream)) {
    if (message.error !== undefined) throw new Error(message.error);
    for (const line of pullLine(message)) await log("system", line);
  }
}
