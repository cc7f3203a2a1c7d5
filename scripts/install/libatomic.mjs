// Node's builds for Linux need libatomic since 25 (nodejs/node#60484), and a small Debian does not have it. It must be
// there before npm runs the scripts of packages, which find that Node first.
import { existsSync } from "node:fs";
import path from "node:path";
import { findProgram, isRoot, mustRun } from "../system.mjs";
import { showProgress } from "./progress.mjs";

const TRIPLETS = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" };

/** Installs the library where that is possible; otherwise returns a sentence and what to do. */
export async function provideLibatomic() {
  if (process.platform !== "linux" || hasLibatomic()) return undefined;
  const what = "Windlass runs on Node 26, which needs the library libatomic, and it is not on this machine.";
  const todo =
    "Install it as root (Debian: apt-get install libatomic1, Fedora: dnf install libatomic) and run this again.";
  if (!isRoot() || !findProgram("apt-get")) return { what, todo };
  const progress = showProgress(["Installing libatomic1", "libatomic1 installed"], () => "Node 26 needs it");
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const install = () => mustRun(["apt-get", "install", "-y", "-q", "--no-install-recommends", "libatomic1"], { env });
  try {
    // Without the packages' index, as in a fresh container, the first attempt finds nothing.
    await install().catch(async () => {
      await mustRun(["apt-get", "update", "-q"], { env });
      await install();
    });
    progress.end(true);
    return undefined;
  } catch (error) {
    progress.end(false);
    return { what: `${what}\napt-get could not install it: ${error.message}`, todo };
  }
}

function hasLibatomic() {
  const triplet = TRIPLETS[process.arch] ?? "";
  const folders = [
    "/lib",
    "/usr/lib",
    "/lib64",
    "/usr/lib64",
    "/usr/local/lib",
    `/lib/${triplet}`,
    `/usr/lib/${triplet}`,
  ];
  const own = (process.env.LD_LIBRARY_PATH ?? "").split(":").filter((folder) => folder !== "");
  return [...own, ...folders].some((folder) => existsSync(path.join(folder, "libatomic.so.1")));
}
