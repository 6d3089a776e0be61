/**
 * undici's connection pool by itself. Its index brings fetch, WebSocket, caches and mocks along, all of which stay in memory;
 * the package has no smaller entrance. The lock file fixes the version, and every test of the proxy runs over it.
 */
declare module 'undici/lib/dispatcher/pool.js' {
  export { Pool as default } from 'undici'
}
declare module 'undici/lib/core/connect.js' {
  export { buildConnector as default } from 'undici'
}
