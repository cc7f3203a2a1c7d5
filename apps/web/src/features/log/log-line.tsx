import type { LogLine } from "@windlass/domain";
import { type MouseEvent, memo } from "react";
import { cn } from "@/components/ui/cn";
import { splitAnsi } from "./ansi";
import { type MarkedSpan, markSpans, type Range } from "./highlight";

const NO_RANGES: readonly Range[] = [];

export type TimeMode = "none" | "clock" | "since_start";

const CLOCK = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
});

const timeText = (at: number, mode: TimeMode, startedAt: number): string =>
  mode === "clock" ? CLOCK.format(at) : `+${((at - startedAt) / 1000).toFixed(3)}`;

/** One line: its number, which is a link, when and where it was written, and its text. */
export const LogLineRow = memo(function LogLineRow(props: {
  line: LogLine;
  ranges: readonly Range[];
  isSelected: boolean;
  isWrapped: boolean;
  times: TimeMode;
  startedAt: number;
  onNumber: (event: MouseEvent, seq: number) => void;
}) {
  const { line, ranges = NO_RANGES, isSelected, isWrapped, times, startedAt, onNumber } = props;
  return (
    <div
      className={cn(
        "flex min-h-5 w-full border-transparent border-l-2 pr-4 hover:bg-hover",
        isSelected && "border-accent bg-selected hover:bg-selected",
      )}
    >
      <a
        href={`#L${line.seq}`}
        tabIndex={-1}
        onClick={(event) => onNumber(event, line.seq)}
        aria-label={`Line ${line.seq}`}
        className="w-14 shrink-0 select-none pr-3 text-right text-muted tabular-nums hover:text-foreground"
      >
        {line.seq}
      </a>
      {times !== "none" && (
        <span className="shrink-0 select-none pr-3 text-muted tabular-nums">{timeText(line.at, times, startedAt)}</span>
      )}
      <span
        className={cn("w-8 shrink-0 select-none", line.stream === "stderr" ? "text-attention" : "text-muted")}
        title={line.stream}
      >
        {line.stream === "stderr" ? "err" : line.stream === "system" ? "›" : ""}
      </span>
      <span
        className={cn("min-w-0 flex-1 [tab-size:4]", isWrapped ? "whitespace-pre-wrap break-all" : "whitespace-pre")}
      >
        {markSpans(splitAnsi(line.text), ranges).map((span, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a line never change places
          <Piece key={index} span={span} />
        ))}
      </span>
    </div>
  );
});

function Piece({ span }: { span: MarkedSpan }) {
  const { text, mark, color, background, isBold, isDim, isItalic, isUnderlined, isStruck } = span;
  const isPlain = !mark && !color && !background && !isBold && !isDim && !isItalic && !isUnderlined && !isStruck;
  if (isPlain) return text;
  const className = cn(
    isBold && "font-semibold",
    isDim && "text-muted",
    isItalic && "italic",
    isUnderlined && "underline",
    isStruck && "line-through",
    mark && "rounded-sm text-foreground",
    mark === "match" && "bg-match",
    mark === "current" && "bg-match-current",
  );
  if (mark) return <mark className={className}>{text}</mark>;
  return (
    <span className={className} style={{ color, background }}>
      {text}
    </span>
  );
}
