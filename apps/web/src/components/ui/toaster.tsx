"use client";

import { useTheme } from "next-themes";
import { Toaster as Sonner, type ToasterProps } from "sonner";

export function Toaster() {
  const { theme = "system" } = useTheme();
  return (
    <Sonner
      theme={theme as ToasterProps["theme"]}
      position="bottom-right"
      toastOptions={{
        classNames: {
          toast: "!rounded-md !border-border !bg-raised !text-foreground !shadow-none !font-sans",
          description: "!text-muted",
        },
      }}
    />
  );
}
