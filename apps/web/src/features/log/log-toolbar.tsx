import {
  ArrowDownToLine,
  ChevronDown,
  ChevronUp,
  Clock,
  Copy,
  Download,
  Maximize2,
  Minimize2,
  Search,
  WrapText,
} from "lucide-react";
import type { KeyboardEvent, ReactNode } from "react";
import { Button } from "@/components/ui/button";
import { cn } from "@/components/ui/cn";
import { Menu, MenuContent, MenuLabel, MenuRadioGroup, MenuRadioItem, MenuTrigger } from "@/components/ui/menu";
import type { TimeMode } from "./log-line";

export interface ToolbarProps {
  query: string;
  onQuery: (query: string) => void;
  matches: { current: number; count: number; isCapped: boolean };
  onStep: (step: 1 | -1) => void;
  times: TimeMode;
  onTimes: (mode: TimeMode) => void;
  isWrapped: boolean;
  onWrap: () => void;
  isFollowing: boolean;
  onFollow: () => void;
  onCopy: () => void;
  onDownload: () => void;
  isFull: boolean;
  onFull: () => void;
}

export function LogToolbar(props: ToolbarProps) {
  return (
    <div className="flex flex-wrap items-center gap-1 border-border border-b bg-surface px-2 py-1.5">
      <SearchBox {...props} />
      <span className="hidden flex-1 sm:block" />
      <Toggle label="Follow the end" isOn={props.isFollowing} onClick={props.onFollow}>
        <ArrowDownToLine aria-hidden="true" />
      </Toggle>
      <Menu>
        <MenuTrigger asChild>
          <Button variant="ghost" size="icon-sm" aria-label="Times" title="Times">
            <Clock aria-hidden="true" />
          </Button>
        </MenuTrigger>
        <MenuContent align="end">
          <MenuLabel>Times</MenuLabel>
          <MenuRadioGroup value={props.times} onValueChange={(mode) => props.onTimes(mode as TimeMode)}>
            <MenuRadioItem value="none">None</MenuRadioItem>
            <MenuRadioItem value="clock">Of the day</MenuRadioItem>
            <MenuRadioItem value="since_start">Since the start</MenuRadioItem>
          </MenuRadioGroup>
        </MenuContent>
      </Menu>
      <Toggle label="Wrap long lines" isOn={props.isWrapped} onClick={props.onWrap}>
        <WrapText aria-hidden="true" />
      </Toggle>
      <Tool label="Copy the log or the selected lines" onClick={props.onCopy}>
        <Copy aria-hidden="true" />
      </Tool>
      <Tool label="Download the log" onClick={props.onDownload}>
        <Download aria-hidden="true" />
      </Tool>
      <Tool label={props.isFull ? "Leave full screen" : "Full screen"} onClick={props.onFull}>
        {props.isFull ? <Minimize2 aria-hidden="true" /> : <Maximize2 aria-hidden="true" />}
      </Tool>
    </div>
  );
}

function SearchBox({ query, onQuery, matches, onStep }: ToolbarProps) {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter") {
      event.preventDefault();
      onStep(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape" && query !== "") {
      event.stopPropagation();
      onQuery("");
    }
  };
  const { current, count, isCapped } = matches;
  return (
    <search className="flex min-w-0 flex-1 items-center gap-1 max-sm:pointer-coarse:basis-full sm:flex-none">
      <span className="relative flex min-w-24 flex-1 items-center">
        <Search className="pointer-events-none absolute left-2 size-3.5 text-muted" aria-hidden="true" />
        <input
          data-key="/"
          type="search"
          value={query}
          onChange={(event) => onQuery(event.target.value)}
          onKeyDown={onKeyDown}
          placeholder="Search the log"
          aria-label="Search the log"
          spellCheck={false}
          className="h-7 w-full min-w-0 rounded-md border border-input bg-raised pr-2 pl-7 text-sm pointer-coarse:h-9 pointer-coarse:text-[16px] sm:w-56"
        />
      </span>
      {query !== "" && (
        <>
          <span role="status" className="whitespace-nowrap px-1 text-muted text-xs tabular-nums">
            {count === 0 ? "No match" : `${current + 1} of ${count.toLocaleString("en")}${isCapped ? "+" : ""}`}
          </span>
          <Tool label="Previous match" onClick={() => onStep(-1)} isDisabled={count === 0}>
            <ChevronUp aria-hidden="true" />
          </Tool>
          <Tool label="Next match" onClick={() => onStep(1)} isDisabled={count === 0}>
            <ChevronDown aria-hidden="true" />
          </Tool>
        </>
      )}
    </search>
  );
}

function Tool(props: { label: string; onClick: () => void; isDisabled?: boolean; children: ReactNode }) {
  const { label, onClick, isDisabled, children } = props;
  return (
    <Button variant="ghost" size="icon-sm" aria-label={label} title={label} onClick={onClick} disabled={isDisabled}>
      {children}
    </Button>
  );
}

function Toggle(props: { label: string; isOn: boolean; onClick: () => void; children: ReactNode }) {
  const { label, isOn, onClick, children } = props;
  return (
    <Button
      variant="ghost"
      size="icon-sm"
      aria-label={label}
      title={label}
      aria-pressed={isOn}
      onClick={onClick}
      className={cn(isOn && "bg-selected text-accent")}
    >
      {children}
    </Button>
  );
}
