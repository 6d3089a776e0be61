# syntax=docker/dockerfile:1
# Two stages: what builds WakeDock does not ship with it. The image holds Node, production dependencies and dist/.
# The first line is only a hint to BuildKit; the classic builder works as well.

FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# Types and compiler are needed for the build, the tools of the test suite are not; npm cannot tell them apart.
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json LICENSE ./
# "node" (1000) comes with the base image. For Docker's socket give it the socket's group: see the README.
USER 1000:1000
EXPOSE 8080
# The health route needs no token. Another address of the admin listener: -e WAKEDOCK_ADMIN=http://127.0.0.1:PORT
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s --start-interval=1s \
  CMD ["node", "-e", "fetch(new URL('/healthz', process.env.WAKEDOCK_ADMIN ?? 'http://127.0.0.1:9090')).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve", "--config", "/etc/wakedock/wakedock.yaml"]
