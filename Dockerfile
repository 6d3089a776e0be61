# syntax=docker/dockerfile:1
# What builds WakeDock does not ship with it: the image holds Node, production dependencies and dist/.
# The first line is only a hint to BuildKit; the classic builder works as well.

FROM node:24-slim AS dependencies
WORKDIR /build
COPY package.json package-lock.json ./
# Install scripts are left out, here and below: that of `node` would fetch a second Node 24 beside the base image's, and
# the others compile optional parts of dockerode's SSH client, which needs compilers and is not used here.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# The compiler and the types are wanted, the tools of the test suite are not; npm cannot tell them apart.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production
# Not pruned from the build's: so this layer stays the same, for builders and for pulls, while only src/ changes.
COPY --from=dependencies /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json LICENSE ./
# "node" (1000) comes with the base image. For Docker's socket give it the socket's group: see the README.
USER 1000:1000
EXPOSE 8080
# The health route needs no token. Another address of the admin listener: -e WAKEDOCK_ADMIN=http://127.0.0.1:PORT
# No --start-interval: engines before 25 refuse the whole file for it.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "fetch(new URL('/healthz', process.env.WAKEDOCK_ADMIN ?? 'http://127.0.0.1:9090')).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=8", "dist/main.js"]
CMD ["serve", "--config", "/etc/wakedock/wakedock.yaml"]
