import { once } from "node:events";
import net from "node:net";
import { expect, it } from "vitest";
import { checkPort } from "./check-port.ts";

async function occupy(): Promise<{ port: number; free(): Promise<void> }> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  return { port, free: async () => void (await new Promise((resolve) => server.close(resolve))) };
}

it("names the flag when a port is taken", async () => {
  const { port, free } = await occupy();
  const failure = await checkPort("--router-port", "127.0.0.1", port).catch((error: unknown) => error);
  expect(failure).toMatchObject({ message: `Port ${port} is taken by another program.`, exitCode: 1 });
  expect(failure).toMatchObject({ todo: expect.stringContaining("npm start -- --router-port ") });
  await free();
  await checkPort("--router-port", "127.0.0.1", port);
});

it("waits for a port that a dying program still holds", async () => {
  const { port, free } = await occupy();
  setTimeout(() => void free(), 150);
  await checkPort("--port", "127.0.0.1", port, 5_000);
});

it("says that an address is not this machine's", async () => {
  await expect(checkPort("--port", "192.0.2.1", 3000)).rejects.toThrow("192.0.2.1 is not an address of this machine.");
});
