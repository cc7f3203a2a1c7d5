import { cn } from "./cn";

/** Text as a program wrote it; long lines scroll sideways. */
export function ScrolledText({ text, className }: { text: string; className?: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without a place in the tab order only a pointer could scroll it
    <pre tabIndex={0} className={cn("max-h-60 overflow-auto rounded-md bg-code p-3 font-mono text-xs", className)}>
      {text}
    </pre>
  );
}
