import { lookup } from "node:dns/promises";
import { BoundSocket } from "node:net";

/**
 * Binds the port that apps are reached at and holds it for as long as Windlass runs. Each router listens on this one
 * socket: between two of them, or while one starts again after a crash, connections wait in it and none is refused.
 * Undefined where that is not possible; the router then opens the port itself, and says what is wrong with it.
 */
export async function holdPort(host: string, port: number): Promise<BoundSocket | undefined> {
  if (process.platform === "win32") return undefined;
  try {
    const { address } = await lookup(host);
    return new BoundSocket({ host: address, port });
  } catch {
    return undefined;
  }
}
