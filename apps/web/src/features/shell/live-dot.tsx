"use client";

import { CircleDashed, CircleDot, WifiOff } from "lucide-react";
import { cn } from "@/components/ui/cn";
import { useNow } from "@/features/time/use-now";
import { type Connection, useConnection } from "@/trpc/connection";

/** Whether what is on the page is fresh: connected, coming back, or offline. */
export function LiveDot() {
  const connection = useConnection();
  const now = useNow(connection.state === "reconnecting");
  const { icon: Icon, text, tone } = describe(connection, now);
  const isLost = connection.state === "reconnecting" || connection.state === "offline";
  return (
    <span className={`flex h-8 items-center gap-1.5 px-1 text-xs tabular-nums ${tone}`}>
      <Icon className="size-3.5" aria-hidden="true" />
      <span className={cn("whitespace-nowrap", !isLost && "max-sm:sr-only")} aria-hidden="true">
        {text}
      </span>
      {/* Only the state is announced, not every second of the countdown. */}
      <span role="status" className="sr-only">
        {SPOKEN[connection.state]}
      </span>
    </span>
  );
}

const SPOKEN: Record<Connection["state"], string> = {
  connecting: "Connecting",
  connected: "Connected",
  reconnecting: "Reconnecting",
  offline: "Offline",
};

function describe(connection: Connection, now: number) {
  switch (connection.state) {
    case "connected":
      return { icon: CircleDot, text: "Connected", tone: "text-live" };
    case "connecting":
      return { icon: CircleDashed, text: "Connecting", tone: "text-muted" };
    case "offline":
      return { icon: WifiOff, text: "Offline", tone: "text-failed" };
    case "reconnecting": {
      const seconds = Math.ceil((connection.retryAt - now) / 1000);
      const text = seconds > 0 ? `Reconnecting in ${seconds} s` : "Reconnecting";
      return { icon: CircleDashed, text, tone: "text-attention" };
    }
  }
}
