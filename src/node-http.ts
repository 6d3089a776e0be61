/**
 * node:http without its surprise. An `import` of it reads every one of its exports, and with `WebSocket` loads Node's built-in
 * copy of undici, which nobody here uses (Node: lib/internal/bootstrap/realm.js getESMFacade, lib/http.js).
 * Asked for this way it does not; together with undici-pool.d.ts that is 6 MB of memory (measured 2026-11-21).
 */
export const { Agent, createServer, IncomingMessage, request, ServerResponse, STATUS_CODES } =
  process.getBuiltinModule('node:http')
