// JavaScript, since Next keeps its compiler in the memory of every server (24 MB) whose configuration is TypeScript.

/** @type {import("next").NextConfig} */
export default {
  // Next's own checker does not know TypeScript 7: `npm run typecheck` is the check.
  typescript: { ignoreBuildErrors: true },
  transpilePackages: ["@windlass/domain"],
  experimental: { optimizePackageImports: ["radix-ui"] },
  poweredByHeader: false,
  reactStrictMode: true,
  devIndicators: false,
};
