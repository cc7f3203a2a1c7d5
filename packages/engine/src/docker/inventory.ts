import type Dockerode from "dockerode";
import type { Inventory, OwnedThing, Runtime } from "../ports.ts";
import { progressMessages } from "./build-output.ts";
import { engineError, isMissing, requestSignal, statusOf } from "./errors.ts";
import { environmentOfLabels, imagePrefix, networkNames, ownedBy, readLabels } from "./names.ts";
import type { NetworkOptions } from "./network.ts";

const REMOVAL_GRACE_SECONDS = 10;

interface EngineEvent {
  Actor?: { Attributes?: Record<string, string> };
}

/** What an owner has on a Docker engine, and who else is there. */
export class DockerInventory implements Inventory {
  readonly #engine: Dockerode;
  readonly #owner: string;
  readonly #runtime: Runtime;

  constructor({ engine, owner }: NetworkOptions, runtime: Runtime) {
    this.#engine = engine;
    this.#owner = owner;
    this.#runtime = runtime;
  }

  async *changes(signal: AbortSignal): AsyncGenerator<string | null, void, undefined> {
    const filters = {
      ...ownedBy(this.#owner),
      type: ["container"],
      event: ["start", "die", "destroy", "oom", "pause", "unpause"],
    };
    const stream = await this.#engine.getEvents({
      filters: JSON.stringify(filters),
      abortSignal: requestSignal(signal),
    } as Dockerode.GetEventsOptions);
    yield null;
    try {
      for await (const event of progressMessages(stream)) {
        yield environmentOfLabels((event as EngineEvent).Actor?.Attributes) ?? null;
      }
    } catch (error) {
      if (!signal.aborted) throw engineError(error, "runtime_unavailable", "listening to its events");
    } finally {
      (stream as NodeJS.ReadableStream & { destroy?(): void }).destroy?.();
    }
  }

  async strangers(environmentId: string): Promise<string[]> {
    const { network } = networkNames(this.#owner, environmentId);
    try {
      const found = await this.#engine.listContainers({ all: true, filters: { network: [network] } });
      return found
        .filter(({ Labels }) => readLabels(Labels)?.owner !== this.#owner)
        .map(({ Names, Id }) => Names[0]?.replace(/^\//, "") ?? Id.slice(0, 12));
    } catch (error) {
      throw engineError(error, "runtime_unavailable", "looking at who is on the environment's network");
    }
  }

  async list(): Promise<OwnedThing[]> {
    const filters = ownedBy(this.#owner);
    try {
      const [instances, networks, images] = await Promise.all([
        this.#runtime.listOwned(),
        this.#engine.listNetworks({ filters }),
        this.#engine.listImages({ filters: { reference: [`${imagePrefix(this.#owner)}*`] } }),
      ]);
      const tagged = images.flatMap(({ RepoTags, Size }) =>
        (RepoTags ?? []).filter((tag) => tag.startsWith(imagePrefix(this.#owner))).map((tag) => ({ tag, Size })),
      );
      return [
        ...instances.map(({ name, labels: { environmentId, releaseId } }) => ({
          kind: "instance" as const,
          name,
          environmentId,
          releaseId,
          bytes: null,
        })),
        ...networks.map(({ Name, Labels }) => ({
          kind: "network" as const,
          name: Name,
          environmentId: environmentOfLabels(Labels) ?? null,
          releaseId: null,
          bytes: null,
        })),
        ...tagged.map(({ tag, Size }) => ({
          kind: "image" as const,
          name: tag,
          environmentId: null,
          releaseId: tag.slice(tag.lastIndexOf(":") + 1),
          bytes: Size,
        })),
      ];
    } catch (error) {
      throw engineError(error, "runtime_unavailable", "listing what Windlass has on the server");
    }
  }

  async remove({ kind, name }: OwnedThing): Promise<void> {
    try {
      if (kind === "instance") await this.#runtime.stop(name, REMOVAL_GRACE_SECONDS);
      if (kind === "network") await this.#engine.getNetwork(name).remove();
      if (kind === "image" && name.startsWith(imagePrefix(this.#owner))) await this.#engine.getImage(name).remove();
    } catch (error) {
      // 403, 409: something still uses it.
      if (isMissing(error) || statusOf(error) === 403 || statusOf(error) === 409) return;
      throw engineError(error, "runtime_unavailable", `removing ${name}`);
    }
  }
}
