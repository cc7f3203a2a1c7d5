// One line of progress before anything is installed: redrawn on a terminal, written again every 15 s elsewhere.

const FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

/** `words`: while it runs, and when it is done. `state` is asked for what to say beside them. */
export function showProgress([doing, done], state) {
  const started = Date.now();
  const isLive = process.stdout.isTTY === true && process.env.TERM !== "dumb";
  const paint = (code, text) => (isLive && !process.env.NO_COLOR ? `\u001b[${code}m${text}\u001b[0m` : text);
  const elapsed = () => `${Math.round((Date.now() - started) / 1000)} s`;
  let frame = 0;
  let said = "";
  const draw = () => {
    if (!isLive) {
      process.stdout.write(`  · ${doing}: ${state()}, ${elapsed()} so far\n`);
      return;
    }
    if (frame % 10 === 0) said = state();
    const mark = paint(36, FRAMES[frame % FRAMES.length]);
    process.stdout.write(`\r\u001b[K  ${mark} ${doing.padEnd(32)}${paint(2, `${elapsed()}  ${said}`)}`);
    frame += 1;
  };
  const timer = setInterval(draw, isLive ? 100 : 15_000);
  if (!isLive) process.stdout.write(`  · ${doing}\n`);
  return {
    end(isWell) {
      clearInterval(timer);
      const mark = isWell ? paint(32, "✓") : paint(31, "✗");
      const line = `  ${mark} ${(isWell ? done : doing).padEnd(32)}${paint(2, elapsed())}\n`;
      process.stdout.write(isLive ? `\r\u001b[K${line}` : line);
    },
  };
}
