import type Dockerode from "dockerode";
import type { Inventory, OwnedThing, Runtime } from "../ports.ts";
import { progressMessages } from "./build-output.ts";
import { engineError, isMissing, requestSignal, statusOf } from "./errors.ts";
import { type ListedImage, measureImages } from "./measure-images.ts";
import {
  BUILT_BY_LABEL,
  environmentOfLabels,
  imagePrefix,
  isBuildPurpose,
  networkNames,
  ownedBy,
  readLabels,
} from "./names.ts";
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

  async list({ isMeasured } = { isMeasured: false }): Promise<OwnedThing[]> {
    const filters = ownedBy(this.#owner);
    try {
      const [instances, networks, images] = await Promise.all([
        this.#runtime.listOwned(),
        this.#engine.listNetworks({ filters }),
        this.#listImages(isMeasured),
      ]);
      const builds = await this.#leftOfBuilds(networks);
      const unsized = { bytes: null, usedAt: null };
      return [
        ...instances.map(({ name, labels: { environmentId, releaseId } }) => ({
          kind: "instance" as const,
          name,
          environmentId,
          releaseId,
          ...unsized,
        })),
        ...networks.map(({ Name, Labels }) => ({
          kind: "network" as const,
          name: Name,
          environmentId: environmentOfLabels(Labels) ?? null,
          releaseId: null,
          ...unsized,
        })),
        ...builds.map((name) => ({
          kind: "build" as const,
          name,
          environmentId: null,
          releaseId: null,
          ...unsized,
        })),
        ...images,
      ];
    } catch (error) {
      throw engineError(error, "runtime_unavailable", "listing what Windlass has on the server");
    }
  }

  /** Of releases, by their names, and what builds left for the next ones: layers without a name that nothing is built on. */
  async #listImages(isMeasured: boolean): Promise<OwnedThing[]> {
    const prefix = imagePrefix(this.#owner);
    const isOurs = (tag: string) => tag.startsWith(prefix);
    const [tagged, layers] = await Promise.all([
      this.#engine.listImages({ filters: { reference: [`${prefix}*`] } }),
      this.#engine.listImages({
        filters: { dangling: ["true"], label: [`${BUILT_BY_LABEL}=${this.#owner}`] },
      }),
    ]);
    const things = [
      ...tagged.flatMap(({ Id, RepoTags, Created }) =>
        (RepoTags ?? []).filter(isOurs).map((name) => ({ Id, Created, kind: "image" as const, name })),
      ),
      ...layers.map(({ Id, Created }) => ({ Id, Created, kind: "layer" as const, name: Id })),
    ];
    const releaseOf = (name: string) => name.slice(name.lastIndexOf(":") + 1);
    // Images before layers, the newest first; ids of releases sort by time.
    things.sort(
      (a, b) =>
        a.kind.localeCompare(b.kind) || b.Created - a.Created || releaseOf(b.name).localeCompare(releaseOf(a.name)),
    );
    const sizes = isMeasured
      ? measureImages(
          (await this.#engine.listImages({ all: true })) as ListedImage[],
          things.map(({ Id }) => Id),
          isOurs,
        )
      : [];
    return things.map(({ kind, name, Created }, index) => ({
      kind,
      name,
      environmentId: null,
      releaseId: kind === "image" ? releaseOf(name) : null,
      bytes: sizes[index] ?? null,
      usedAt: new Date(Created * 1000),
    }));
  }

  /**
   * Containers of builds' commands that have ended. The engine removes them at once, unless it ended itself meanwhile; they
   * have no name of ours, but are on a network that only our builds are on.
   */
  async #leftOfBuilds(networks: Dockerode.NetworkInspectInfo[]): Promise<string[]> {
    const ours = networks.filter(({ Labels }) => isBuildPurpose(environmentOfLabels(Labels)));
    if (ours.length === 0) return [];
    const filters = { network: ours.map(({ Name }) => Name), status: ["exited", "dead"] };
    return (await this.#engine.listContainers({ all: true, filters })).map(({ Id }) => Id);
  }

  async remove({ kind, name }: OwnedThing): Promise<void> {
    try {
      if (kind === "instance") await this.#runtime.stop(name, REMOVAL_GRACE_SECONDS);
      if (kind === "build") await this.#engine.getContainer(name).remove({ force: true, v: true });
      if (kind === "network") await this.#engine.getNetwork(name).remove();
      if (kind === "image" && name.startsWith(imagePrefix(this.#owner))) await this.#engine.getImage(name).remove();
      // What it was built on goes with it, unless something else is.
      if (kind === "layer" && (await this.#isLayerOfOurs(name))) await this.#engine.getImage(name).remove();
    } catch (error) {
      // 403, 409: something still uses it.
      if (isMissing(error) || statusOf(error) === 403 || statusOf(error) === 409) return;
      throw engineError(error, "runtime_unavailable", `removing ${name}`);
    }
  }

  async #isLayerOfOurs(id: string): Promise<boolean> {
    const { Config, RepoTags } = await this.#engine.getImage(id).inspect();
    return Config.Labels?.[BUILT_BY_LABEL] === this.#owner && (RepoTags ?? []).length === 0;
  }
}
