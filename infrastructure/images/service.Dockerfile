# The image of one service. From the root of the repository:
#   docker build -f infrastructure/images/service.Dockerfile --build-arg SERVICE=api -t genfleet-api .
# SERVICE is api, worker (the sidecar; its engine is a container of its own), recorder or cli (`genfleet setup`).
FROM node:24-slim AS build
ARG SERVICE
WORKDIR /source
COPY . .
RUN node tools/pnpm.mjs install --frozen-lockfile && node tools/bundle.ts "$SERVICE"

FROM node:24-slim
ARG SERVICE
WORKDIR /app
COPY --from=build /source/dist/${SERVICE} ./
# what has native code; pulsar-client fetches the binary for this platform
RUN npm install --omit=dev --no-audit --no-fund && npm cache clean --force
# glibc keeps freed memory apart for every thread
ENV MALLOC_ARENA_MAX=2
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data WEB_DIR=/app/web
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
# the young heap grows to its bound under load and stays there; a larger one saves no time. The old one would grow to
# several times what lives in it before it is collected; 60 % costs no more collections than that
ENTRYPOINT ["node", "--max-semi-space-size=8", "--heap-growing-percent=60", "--import", "./register.js", "main.js"]
