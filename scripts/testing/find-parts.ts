import { engineState, findProgram } from "../system.mjs";

/** A program that some tests need and a developer's machine may not have. */
export interface Part {
  name: string;
  use: string;
  /** Undefined when it is missing */
  path: string | undefined;
}

export async function findParts(): Promise<Part[]> {
  return [
    {
      name: "Docker engine",
      use: "builds, containers and their network",
      path: (await engineState()) === "answers" ? "/var/run/docker.sock" : undefined,
    },
    { name: "Caddy", use: "TLS in front of the router", path: findProgram("caddy") },
    {
      name: "Chromium",
      use: "the journeys in a browser",
      path: findProgram("chromium", "chromium-browser", "google-chrome"),
    },
    { name: "sshd", use: "repositories and servers over SSH", path: findProgram("sshd") },
  ];
}
