import type { NextConfig } from "next";

const config: NextConfig = {
  // Next's own checker does not know TypeScript 7: `npm run typecheck` is the check.
  typescript: { ignoreBuildErrors: true },
  transpilePackages: ["@windlass/domain"],
  experimental: { optimizePackageImports: ["radix-ui"] },
  poweredByHeader: false,
  reactStrictMode: true,
  devIndicators: false,
};

export default config;
