import { connect, type Socket } from "node:net";

/** Sends these bytes and resolves with all that comes back until the connection ends, however it ends. */
export function sendRaw(port: number, ...bytes: string[]): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = "";
  const socket = connect(port, "127.0.0.1", () => socket.write(bytes.join(""), "latin1"));
  socket.setEncoding("latin1").on("data", (text: string) => {
    answer += text;
  });
  socket.on("error", () => {}).on("close", () => resolve(answer));
  return promise;
}

/** An open connection on which a test waits for what it expects. */
export interface RawConnection extends Disposable {
  socket: Socket;
  write(text: string): void;
  /** Resolves with everything received so far once it has this text; rejects when the connection ends before. */
  until(text: string): Promise<string>;
  /** Resolves with everything received when the connection is closed. */
  closed: Promise<string>;
}

export function openRaw(port: number): RawConnection {
  let received = "";
  const closed = Promise.withResolvers<string>();
  const checks = new Set<() => void>();
  const socket = connect(port, "127.0.0.1");
  socket.setEncoding("latin1").on("data", (text: string) => {
    received += text;
    for (const check of checks) check();
  });
  socket.on("error", () => {}).on("close", () => closed.resolve(received));
  return {
    socket,
    write: (text) => void socket.write(text, "latin1"),
    until(text) {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const check = (): void => {
        if (!received.includes(text)) return;
        checks.delete(check);
        resolve(received);
      };
      checks.add(check);
      check();
      socket.once("close", () => reject(new Error(`the connection ended after: ${JSON.stringify(received)}`)));
      return promise;
    },
    closed: closed.promise,
    [Symbol.dispose]: () => void socket.destroy(),
  };
}
