import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { listenersOfNamespace, listenersOfProcesses, parseTcpTable } from "./list-listeners.ts";

const HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const row = (local: string, state: string) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0\n`;

describe("parseTcpTable", () => {
  it("reads addresses of both families and leaves connections out", () => {
    const v4 = HEAD + row("0100007F:0BB8", "0A") + row("00000000:1F90", "0A") + row("0100007F:0BB8", "01");
    const v6 =
      HEAD +
      row("00000000000000000000000000000000:0050", "0A") +
      row("00000000000000000000000001000000:0051", "0A") +
      row("0000000000000000FFFF00000100007F:0052", "0A") +
      row("B80D0120000000000000000002000000:0053", "0A");
    expect(parseTcpTable(v4)).toEqual([
      { host: "127.0.0.1", port: 3000, inode: "4711" },
      { host: "0.0.0.0", port: 8080, inode: "4711" },
    ]);
    expect(parseTcpTable(v6).map(({ host, port }) => `${host} ${port}`)).toEqual([
      ":: 80",
      "::1 81",
      "127.0.0.1 82",
      "2001:db8:0:0:0:0:0:2 83",
    ]);
  });
});

describe.skipIf(process.platform !== "linux")("listeners of this process [linux only]", () => {
  it("are found in its namespace, and told from those of others there", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    try {
      expect(await listenersOfNamespace(process.pid)).toContainEqual({ host: "127.0.0.1", port });
      expect(await listenersOfProcesses([process.pid])).toContainEqual({ host: "127.0.0.1", port });
      expect(await listenersOfProcesses([process.ppid])).not.toContainEqual({ host: "127.0.0.1", port });
    } finally {
      server.close();
    }
  });
});
