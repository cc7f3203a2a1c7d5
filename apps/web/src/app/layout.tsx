import { PERMISSIONS, ROLES } from "@windlass/domain";
import { GeistMono } from "geist/font/mono";
import { GeistSans } from "geist/font/sans";
import type { Metadata, Viewport } from "next";
import { headers } from "next/headers";
import type { ReactNode } from "react";
import { Toaster } from "@/components/ui/toaster";
import { PermissionsProvider } from "@/features/session/permissions";
import { ThemeProvider } from "@/features/shell/theme-provider";
import "./globals.css";

export const metadata: Metadata = {
  title: { default: "Windlass", template: "%s · Windlass" },
  description: "Deploys apps onto your own servers without dropping a request.",
};

export const viewport: Viewport = {
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#ffffff" },
    { media: "(prefers-color-scheme: dark)", color: "#0d1011" },
  ],
};

/** The nonce that the server put into the policy of this request: inline scripts need it. */
async function readNonce(): Promise<string | undefined> {
  const policy = (await headers()).get("content-security-policy");
  return policy ? /'nonce-([^']+)'/.exec(policy)?.[1] : undefined;
}

export default async function RootLayout({ children }: { children: ReactNode }) {
  const nonce = await readNonce();
  return (
    <html lang="en" className={`${GeistSans.variable} ${GeistMono.variable}`} suppressHydrationWarning>
      <body>
        <ThemeProvider nonce={nonce}>
          <PermissionsProvider table={PERMISSIONS} roles={ROLES}>
            {children}
          </PermissionsProvider>
          <Toaster />
        </ThemeProvider>
      </body>
    </html>
  );
}
