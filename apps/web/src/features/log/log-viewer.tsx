"use client";

import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { type MouseEvent, useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { toast } from "sonner";
import { cn } from "@/components/ui/cn";
import { copyText } from "@/features/shell/copy-button";
import type { Range } from "./highlight";
import { formatLineRange, type LineRange, parseLineRange } from "./line-range";
import { LogLineRow, type TimeMode } from "./log-line";
import type { LogStore } from "./log-store";
import { LogToolbar } from "./log-toolbar";
import { LogSearch } from "./search";

const ROW_PX = 20;
const END_PX = 24;
const MARKS = 200;
const NONE: readonly Range[] = [];

export interface LogViewerProps {
  store: LogStore;
  startedAt: Date | null;
  /** What the download is called, without its ending */
  name: string;
  /** Scrolls to a step's first line; a new object for each wish */
  target: { step: string } | null;
  /** Shown while nothing has been written */
  emptyText: string;
  /** Where the whole is to be had, when this is only a part of it */
  downloadHref?: string;
}

export function LogViewer({ store, startedAt, name, target, emptyText, downloadHref }: LogViewerProps) {
  useSyncExternalStore(store.subscribe, store.getVersion, store.getVersion);
  const scroller = useRef<HTMLDivElement>(null);
  const [times, setTimes] = useState<TimeMode>("none");
  const [isWrapped, setIsWrapped] = useState(false);
  const [isFull, setIsFull] = useState(false);
  const [selected, setSelected] = useState<LineRange | null>(() => parseLineRange(window.location.hash));
  const rows = useVirtualizer({
    count: store.rowCount,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    useFlushSync: false,
  });
  // After the virtualizer, whose first effect scrolls to the start.
  const follow = useFollow(store, scroller, selected === null);
  const search = useLogSearch(store);
  const scrollToRow = (row: number, align: "center" | "start") => {
    follow.stop();
    rows.scrollToIndex(row, { align });
  };
  const show = (line: number) => scrollToRow(store.rowOfLine(line), "center");

  // A link to a line waits until the line is there.
  const awaited = useRef(selected?.from ?? null);
  useEffect(() => {
    const index = awaited.current === null ? null : store.indexOf(awaited.current);
    if (index === null) return;
    show(index);
    awaited.current = null;
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: each wish is followed once
  useEffect(() => {
    const row = target && store.rowOfStep(target.step);
    if (row !== null && row !== undefined) scrollToRow(row, "start");
  }, [target]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured heights belong to the way of wrapping
  useLayoutEffect(() => rows.measure(), [isWrapped]);
  useEffect(() => {
    const onHash = () => {
      const range = parseLineRange(window.location.hash);
      setSelected(range);
      awaited.current = range?.from ?? null;
    };
    window.addEventListener("hashchange", onHash);
    return () => window.removeEventListener("hashchange", onHash);
  }, []);
  useEffect(() => {
    if (!isFull) return;
    const onKey = (event: KeyboardEvent) => event.key === "Escape" && setIsFull(false);
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [isFull]);

  const chooseLine = useRef((event: MouseEvent, seq: number) => {
    event.preventDefault();
    setSelected((before) => {
      const range = event.shiftKey && before ? spanning(before, seq) : { from: seq, to: seq };
      window.history.replaceState(window.history.state, "", formatLineRange(range));
      return range;
    });
  }).current;

  const textOf = (range: LineRange | null): string => {
    return store.lines
      .flatMap(({ seq }, index) => (!range || (seq >= range.from && seq <= range.to) ? [store.plain(index)] : []))
      .join("\n");
  };
  const copy = async () => {
    if (!(await copyText(textOf(selected)))) return;
    toast.success(selected ? `Copied ${selected.to - selected.from + 1} lines.` : "Copied the log.");
  };

  const startedAtMs = startedAt?.getTime() ?? store.lines[0]?.at ?? 0;
  const items = rows.getVirtualItems();
  return (
    <div
      className={cn(
        "flex flex-col overflow-hidden rounded-md border border-border bg-code",
        isFull ? "fixed inset-0 z-40 rounded-none border-0" : "h-[max(360px,calc(100dvh-280px))]",
      )}
    >
      <LogToolbar
        query={search.query}
        onQuery={(query) => {
          const first = search.setQuery(query, lineAt(store, items[0]?.index));
          if (first !== null) show(first);
        }}
        matches={{ current: search.current, count: search.found.count, isCapped: search.found.isCapped }}
        onStep={(step) => {
          const line = search.step(step);
          if (line !== null) show(line);
        }}
        times={times}
        onTimes={setTimes}
        isWrapped={isWrapped}
        onWrap={() => setIsWrapped(!isWrapped)}
        isFollowing={follow.isFollowing}
        onFollow={follow.isFollowing ? follow.stop : follow.start}
        onCopy={() => void copy()}
        onDownload={() => (downloadHref ? window.location.assign(downloadHref) : download(`${name}.txt`, textOf(null)))}
        isFull={isFull}
        onFull={() => setIsFull(!isFull)}
      />
      <div className="relative min-h-0 flex-1">
        <section
          ref={scroller}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, with the keyboard too
          tabIndex={0}
          aria-label="Log"
          onScroll={follow.onScroll}
          className="absolute inset-0 overflow-auto overscroll-contain font-mono text-xs leading-5 focus-visible:-outline-offset-2 [overflow-anchor:none]"
        >
          {store.rowCount === 0 ? (
            <p className="p-4 text-muted">{emptyText}</p>
          ) : (
            <div
              className="relative"
              style={{
                height: rows.getTotalSize(),
                minWidth: isWrapped ? undefined : `calc(${store.longest}ch + 220px)`,
              }}
            >
              {items.map(({ index, key, start }) => (
                <div
                  key={key}
                  ref={isWrapped ? rows.measureElement : undefined}
                  data-index={index}
                  className="absolute inset-x-0 top-0"
                  style={{ transform: `translateY(${start}px)` }}
                >
                  <Row
                    store={store}
                    row={index}
                    search={search}
                    selected={selected}
                    isWrapped={isWrapped}
                    times={times}
                    startedAt={startedAtMs}
                    onNumber={chooseLine}
                  />
                </div>
              ))}
            </div>
          )}
        </section>
        <Marks store={store} search={search} />
        {follow.newLines > 0 && !follow.isFollowing && (
          <button
            type="button"
            onClick={follow.start}
            className="absolute bottom-3 left-1/2 flex h-8 -translate-x-1/2 items-center gap-1.5 rounded-md border border-border bg-raised px-3 font-medium text-sm tabular-nums hover:bg-hover"
          >
            <ArrowDown className="size-4" aria-hidden="true" />
            {follow.newLines.toLocaleString("en")} new {follow.newLines === 1 ? "line" : "lines"}
          </button>
        )}
      </div>
    </div>
  );
}

const spanning = (before: LineRange, seq: number): LineRange => ({
  from: Math.min(before.from, seq),
  to: Math.max(seq < before.from ? before.to : seq, seq),
});

function lineAt(store: LogStore, row: number | undefined): number {
  if (row === undefined) return 0;
  const at = store.rowAt(row);
  return at.kind === "line" ? at.index : at.section.first;
}

function Row(props: {
  store: LogStore;
  row: number;
  search: ReturnType<typeof useLogSearch>;
  selected: LineRange | null;
  isWrapped: boolean;
  times: TimeMode;
  startedAt: number;
  onNumber: (event: MouseEvent, seq: number) => void;
}) {
  const { store, row, search, selected, ...look } = props;
  const at = store.rowAt(row);
  if (at.kind === "heading") {
    return (
      <div className="flex h-5 items-center gap-2 bg-hover px-3 font-sans font-semibold text-muted text-xs">
        {at.section.step}
      </div>
    );
  }
  const line = store.lines[at.index];
  if (!line) return null;
  const isSelected = selected !== null && line.seq >= selected.from && line.seq <= selected.to;
  return <LogLineRow line={line} ranges={search.rangesIn(at.index)} isSelected={isSelected} {...look} />;
}

/** Where the matches are in the whole, beside the scroll bar. */
function Marks({ store, search }: { store: LogStore; search: ReturnType<typeof useLogSearch> }) {
  const { found } = search;
  const places = found.marks(MARKS, (line) => store.rowOfLine(line), store.rowCount);
  return (
    <div aria-hidden="true" className="pointer-events-none absolute inset-y-0 right-0 w-1.5">
      {places.map((place) => (
        <span
          key={place}
          className="absolute right-0 h-0.5 w-full bg-attention"
          style={{ top: `${(place / MARKS) * 100}%` }}
        />
      ))}
    </div>
  );
}

/** Words to look for, where they stand, and which place is looked at. */
function useLogSearch(store: LogStore) {
  const [query, setQueryState] = useState("");
  const [current, setCurrent] = useState(0);
  const search = useMemo(() => new LogSearch(query), [query]);
  const found = search.extend(store);
  return {
    query,
    current,
    found,
    /** Returns the line to show, when there is a match. */
    setQuery(next: string, fromLine: number): number | null {
      setQueryState(next);
      const ahead = new LogSearch(next).extend(store);
      const first = ahead.firstFrom(fromLine);
      setCurrent(first);
      return ahead.lines[first] ?? null;
    },
    step(by: 1 | -1): number | null {
      if (found.count === 0) return null;
      const next = (current + by + found.count) % found.count;
      setCurrent(next);
      return found.lines[next] ?? null;
    },
    rangesIn(line: number): readonly Range[] {
      if (found.count === 0) return NONE;
      const [from, to] = found.inLine(line);
      if (from === to) return NONE;
      return Array.from({ length: to - from }, (_, offset) => {
        const start = found.starts[from + offset] ?? 0;
        return { from: start, to: start + found.length, isCurrent: from + offset === current };
      });
    },
  };
}

/** Stays at the end while lines come, until somebody scrolls up; then counts what is new below. */
function useFollow(store: LogStore, scroller: React.RefObject<HTMLElement | null>, startsFollowing: boolean) {
  const [isFollowing, setIsFollowing] = useState(startsFollowing);
  // Lines that were there when following stopped; null when it never began: then nothing is new.
  const [seen, setSeen] = useState<number | null>(null);
  const lastTop = useRef(0);
  const count = store.lines.length;
  const toEnd = () => {
    const element = scroller.current;
    if (element) element.scrollTop = element.scrollHeight;
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: each change of the count moves the end
  useLayoutEffect(() => {
    if (isFollowing) toEnd();
  }, [isFollowing, count]);
  return {
    isFollowing,
    newLines: isFollowing || seen === null ? 0 : count - seen,
    start() {
      setIsFollowing(true);
      toEnd();
    },
    stop() {
      if (isFollowing) setSeen(count);
      setIsFollowing(false);
    },
    onScroll() {
      const element = scroller.current;
      if (!element) return;
      const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < END_PX;
      const isUp = element.scrollTop < lastTop.current - 1;
      lastTop.current = element.scrollTop;
      if (isAtEnd && !isFollowing && !isUp) setIsFollowing(true);
      if (!isAtEnd && isUp && isFollowing) {
        setSeen(count);
        setIsFollowing(false);
      }
    },
  };
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text, "\n"], { type: "text/plain;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
