import { once } from "node:events";
import net from "node:net";
import { expect, it } from "vitest";
import { checkDatabase } from "./check-database.ts";
import { StartFailure } from "./start-failure.ts";

const PASSWORD = "canary-7f3a";

async function refusal(url: string): Promise<StartFailure> {
  const error = await checkDatabase(url).catch((reason: unknown) => reason);
  if (!(error instanceof StartFailure)) throw new Error(`Not refused as it should be: ${String(error)}`);
  expect(`${error.message} ${error.todo} ${error.stack}`).not.toContain(PASSWORD);
  return error;
}

it("says that nothing listens there", async () => {
  const { message } = await refusal(`postgresql://windlass:${PASSWORD}@127.0.0.1:1/windlass`);
  expect(message).toBe("No database answers at 127.0.0.1:1 (connection refused).");
});

it("says that the host is unknown", async () => {
  const { message } = await refusal(`postgresql://windlass:${PASSWORD}@nowhere.invalid/windlass`);
  expect(message).toBe("The host in DATABASE_URL, nowhere.invalid:5432, cannot be found.");
});

it("does not wait for ever for a server that says nothing", async () => {
  const server = net.createServer(() => {}).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  const { message } = await refusal(`postgresql://windlass:${PASSWORD}@127.0.0.1:${port}/windlass`);
  expect(message).toBe(`No database answers at 127.0.0.1:${port} (nothing within 5 s).`);
  server.close();
}, 15_000);

it.each([`mysql://windlass:${PASSWORD}@127.0.0.1/x`, `windlass:${PASSWORD}`, "not an address"])(
  "says that it is not an address: %s",
  async (url) => {
    expect((await refusal(url)).message).toBe("DATABASE_URL is not the address of a PostgreSQL database.");
  },
);
