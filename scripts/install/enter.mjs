// The door of `npm start`, `npm test` and `npm run verify`. Any Node since 12 must be able to read this file, so that
// an old one gets a sentence and not a syntax error: whatever needs more is imported after the check.

export function enter(script) {
  const { node } = process.versions;
  if (Number(node.split(".")[0]) < 20) {
    process.stderr.write(
      `Windlass needs Node 20 or newer, and this is Node ${node}.\n` +
        "Install a newer one from https://nodejs.org and run this again.\n",
    );
    process.exit(1);
  }
  import("./prepare.mjs")
    .then((install) => install.prepareAndContinue(script, process.argv.slice(2)))
    .catch((error) => {
      process.stderr.write(`${error.stack || error}\n`);
      process.exit(1);
    });
}
