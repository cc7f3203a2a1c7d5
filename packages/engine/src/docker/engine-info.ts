import type Dockerode from "dockerode";

interface EngineInfo {
  /** Where the engine keeps what it has, on its own machine */
  DockerRootDir: string;
  /** Processors */
  NCPU: number;
}

const known = new WeakMap<Dockerode, Promise<EngineInfo>>();

/** What does not change while an engine runs, asked once: the engine does not answer this while it takes a large image in, for some seconds. */
export function engineInfo(engine: Dockerode): Promise<EngineInfo> {
  const asked = known.get(engine) ?? (engine.info() as Promise<EngineInfo>);
  known.set(engine, asked);
  asked.catch(() => known.delete(engine));
  return asked;
}
