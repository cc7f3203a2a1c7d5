import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface TestSshServer {
  port: number;
  user: string;
  /** Of the key that the server accepts */
  privateKey: string;
  /** A key that it does not accept */
  strangerKey: string;
  knownHostsLines: string[];
  /** Of its Ed25519 host key */
  fingerprint: string;
  /** type and blob of a host key that is not its own */
  otherHostKey: string;
  close(): Promise<void>;
}

/** A real sshd on a free port of the loopback, with keys of its own, for the account that runs the test. */
export async function startTestSshServer(): Promise<TestSshServer> {
  const folder = mkdtempSync(join(tmpdir(), "windlass-sshd-"));
  const makeKey = (name: string) => {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", join(folder, name)]);
    const [type = "", blob = ""] = readFileSync(join(folder, `${name}.pub`), "utf8").split(" ");
    return { secret: readFileSync(join(folder, name), "utf8"), open: `${type} ${blob.trim()}` };
  };
  const [host, client, stranger, other] = [makeKey("host"), makeKey("client"), makeKey("stranger"), makeKey("other")];
  const port = await freePort();
  const authorized = join(folder, "authorized_keys");
  writeFileSync(authorized, `${client.open}\n`, { mode: 0o600 });
  writeFileSync(
    join(folder, "sshd_config"),
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${join(folder, "host")}`,
      `AuthorizedKeysFile ${authorized}`,
      `PidFile ${join(folder, "pid")}`,
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "PermitRootLogin prohibit-password",
      "",
    ].join("\n"),
  );
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const child = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", join(folder, "sshd_config")], { stdio: "ignore" });
  const exited = once(child, "exit");
  for (let attempt = 0; !(await answers(port)); attempt++) {
    if (attempt > 200 || child.exitCode !== null) throw new Error("sshd did not start");
    await sleep(25);
  }
  const digest = execFileSync("ssh-keygen", ["-l", "-f", join(folder, "host.pub")], { encoding: "utf8" });
  return {
    port,
    user: userInfo().username,
    privateKey: client.secret,
    strangerKey: stranger.secret,
    knownHostsLines: [`[127.0.0.1]:${port} ${host.open}`],
    fingerprint: digest.split(" ")[1] ?? "",
    otherHostKey: other.open,
    close: async () => {
      child.kill();
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
