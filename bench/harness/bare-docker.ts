import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type Dockerode from "dockerode";

/** What each call took, in milliseconds. */
export interface BareTimes {
  build: number;
  start: number;
  healthy: number;
  retire: number;
}

export interface BareDocker {
  /** Builds the folder, starts it beside the last one, waits for its first answer, removes the last one. */
  deploy(): Promise<BareTimes>;
}

const LABEL = "io.windlass.bench";
const PORT = 3000;

/** A cached deploy with nothing but the calls that it takes, and the same limits on the container. */
export async function openBareDocker(
  stack: AsyncDisposableStack,
  engine: Dockerode,
  context: { folder: string; files: string[] },
): Promise<BareDocker> {
  const name = `windlass-bench-${process.pid}`;
  const tag = `${name}:latest`;
  const network = await engine.createNetwork({ Name: name, Labels: { [LABEL]: name } });
  let last: Dockerode.Container | undefined;
  let number = 0;
  stack.defer(async () => {
    for (const { Id } of await engine.listContainers({ all: true, filters: { label: [`${LABEL}=${name}`] } }))
      await engine.getContainer(Id).remove({ force: true, v: true });
    await engine
      .getImage(tag)
      .remove({ force: true })
      .catch(() => {});
    await network.remove();
  });

  const timed = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
    const began = performance.now();
    return [await work(), performance.now() - began];
  };

  const build = async () => {
    const stream = await engine.buildImage({ context: context.folder, src: context.files }, { t: tag, forcerm: true });
    await new Promise<void>((resolve, reject) =>
      engine.modem.followProgress(stream, (error, messages: { error?: string }[]) => {
        const told = error?.message ?? messages.find((message) => message.error)?.error;
        if (told) reject(new Error(told));
        else resolve();
      }),
    );
  };

  const start = async (): Promise<Dockerode.Container> => {
    const container = await engine.createContainer({
      name: `${name}-${++number}`,
      Image: tag,
      Env: [`PORT=${PORT}`],
      User: "65532:65532",
      Labels: { [LABEL]: name },
      HostConfig: {
        NetworkMode: name,
        RestartPolicy: { Name: "always" },
        Init: true,
        CapDrop: ["ALL"],
        SecurityOpt: ["no-new-privileges"],
        Memory: 512 * 1024 * 1024,
        MemorySwap: 512 * 1024 * 1024,
        NanoCpus: 1e9,
        PidsLimit: 512,
        LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
      },
    });
    await container.start();
    return container;
  };

  const awaitAnswer = async (container: Dockerode.Container) => {
    const { NetworkSettings } = await container.inspect();
    const host = NetworkSettings.Networks[name]?.IPAddress ?? "";
    while (!(await answers(host))) await sleep(5);
  };

  return {
    async deploy() {
      const [, buildMs] = await timed(build);
      const [container, startMs] = await timed(start);
      const [, healthyMs] = await timed(() => awaitAnswer(container));
      const [, retireMs] = await timed(async () => {
        await last?.stop({ t: 10 });
        await last?.remove({ v: true });
      });
      last = container;
      return { build: buildMs, start: startMs, healthy: healthyMs, retire: retireMs };
    },
  };
}

function answers(host: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  http
    .get({ host, port: PORT, agent: false, timeout: 5_000 }, (response) => {
      response.destroy();
      resolve(response.statusCode === 200);
    })
    .on("error", () => resolve(false));
  return promise;
}
