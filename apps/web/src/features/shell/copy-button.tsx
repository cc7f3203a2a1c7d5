"use client";

import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { toast } from "sonner";
import { cn } from "@/components/ui/cn";

const SHOWN_MS = 1500;

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    toast.error("The browser did not allow copying. Select the text and copy it by hand.");
    return false;
  }
}

/** Copies; with children it is a short form of the text, else an icon. */
export function CopyButton(props: { text: string; label: string; children?: string; className?: string }) {
  const { text, label, children, className } = props;
  const [isCopied, setIsCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setIsCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const Icon = isCopied ? Check : Copy;
  return (
    <button
      type="button"
      title={label}
      aria-label={children ? `${children}, ${label.toLowerCase()}` : label}
      onClick={() => void copyText(text).then(setIsCopied)}
      className={cn(
        "inline-flex min-h-6 min-w-6 items-center justify-center gap-1 rounded-sm px-1 text-muted hover:bg-hover hover:text-foreground",
        children && "font-mono text-xs",
        className,
      )}
    >
      {children}
      <Icon className="size-3" aria-hidden="true" />
    </button>
  );
}
