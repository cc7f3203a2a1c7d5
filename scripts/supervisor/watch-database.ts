import net from "node:net";

const LOOK_EVERY_MS = 5_000;
const ANSWERS_WITHIN_MS = 2_000;

/** Looks whether the embedded server still listens, and has it started again when not. Returns what ends the looking. */
export function watchDatabase(url: string, restart: () => Promise<string>): () => void {
  let current = url;
  let isStopped = false;
  let timer: NodeJS.Timeout;
  const look = async () => {
    if (!(await listens(current)) && !isStopped) {
      // A restart that fails is tried again at the next look.
      current = await restart().catch(() => current);
    }
    plan();
  };
  const plan = () => {
    if (isStopped) return;
    timer = setTimeout(() => void look(), LOOK_EVERY_MS);
    timer.unref();
  };
  plan();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

function listens(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = net.connect({ host: hostname, port: Number(port), timeout: ANSWERS_WITHIN_MS });
    const end = (isListening: boolean) => {
      socket.destroy();
      resolve(isListening);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}
