"use client";

import { useRouter } from "next/navigation";
import { useEffect, useRef } from "react";
import { useDestinations } from "./destinations";

const SEQUENCE_MS = 1200;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.role === "menuitem");

/** Rows of the page's lists, in order: elements that carry `data-row`. */
function moveInList(step: 1 | -1): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>("main [data-row]")].filter((row) => row.offsetParent);
  if (rows.length === 0) return false;
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step));
  rows[next]?.focus();
  rows[next]?.scrollIntoView({ block: "nearest" });
  return true;
}

/** Presses the page's button for a key: an element that carries `data-key`. */
function press(key: string): boolean {
  const target = document.querySelector<HTMLElement>(`main [data-key="${key}"]:not(:disabled)`);
  if (target instanceof HTMLInputElement) target.focus();
  else target?.click();
  return target !== null;
}

/** The console's keys. Nothing happens while somebody types, or while a dialog is open. */
export function useKeys(actions: { openPalette: () => void; openKeys: () => void }): void {
  const router = useRouter();
  const destinations = useDestinations();
  const latest = useRef({ ...actions, destinations });
  useEffect(() => {
    latest.current = { ...actions, destinations };
  });
  useEffect(() => {
    let pressedG = 0;
    const onKeyDown = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        latest.current.openPalette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
      if (document.querySelector("[role=dialog],[role=menu]")) return;
      const destination = latest.current.destinations.find(({ key }) => key === event.key);
      if (destination && Date.now() - pressedG < SEQUENCE_MS) {
        pressedG = 0;
        event.preventDefault();
        router.push(destination.href);
        return;
      }
      pressedG = event.key === "g" ? Date.now() : 0;
      const isHandled = handle(event.key);
      if (isHandled) event.preventDefault();
    };
    const handle = (key: string): boolean => {
      switch (key) {
        case "/":
          if (!press("/")) latest.current.openPalette();
          return true;
        case "?":
          latest.current.openKeys();
          return true;
        case "j":
          return moveInList(1);
        case "k":
          return moveInList(-1);
        case "d":
          return press("d");
        default:
          return false;
      }
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [router]);
}
