/**
 * The app behind every proxy: nginx, which needs the least of the core it shares with the load generator, or where it is not
 * installed a small Node server (origin-server.ts), and the output says which. `/1k` and `/1m` are answers of that size; `/post`
 * reads the whole body before it answers how much it got, as an app does: one that answers early spares the proxy work.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openFolder, type Folder } from './folder.ts'
import { freePort, startProgram, versionOf, type Core, type Scope } from './program.ts'

export interface Origin {
  /** With its version, for the table. */
  readonly name: string
  readonly port: number
}

const SERVER = fileURLToPath(new URL('./origin-server.ts', import.meta.url))

export async function startOrigin(scope: Scope, core: Core): Promise<Origin> {
  const port = await freePort()
  const version = versionOf('nginx', '-v')
  if (version === null) {
    await startProgram(scope, { command: [process.execPath, SERVER, String(port)], core, listens: port })
    return { name: `node:http ${process.versions.node}`, port }
  }
  const folder = await openFolder(scope)
  await folder.write('1m', Buffer.alloc(2 ** 20, 'wakedock '))
  const file = await folder.write('nginx.conf', nginxConfig(folder, port))
  await startProgram(scope, { command: nginx(file), core, listens: port })
  return { name: `nginx ${version}`, port }
}

/** The command; `-e`: without it nginx opens the system's error log before it has read its config. */
export function nginx(file: string): [string, ...string[]] {
  return ['nginx', '-e', 'stderr', '-c', file]
}

/**
 * What both nginx here, origin and proxy, have in common: one process in the foreground, nothing outside its folder, and no
 * connection closed after 1,000 requests, which would measure connects.
 */
export function nginxHead({ path }: Folder): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `daemon off;
master_process off;
error_log stderr error;
pid ${join(path, 'nginx.pid')};
worker_rlimit_nofile 16384;
events { worker_connections 16000; }
http {
  access_log off;
  default_type application/octet-stream;
  keepalive_requests 1000000000;
  keepalive_timeout 300s;
  client_max_body_size 0;
${temporary.map((kind) => `  ${kind}_temp_path ${join(path, kind)};`).join('\n')}`
}

function nginxConfig(folder: Folder, port: number): string {
  const socket = join(folder.path, 'received.sock')
  // nginx itself answers before it has read the body; passing the request on, without its body, makes it read all of it first.
  return `${nginxHead(folder)}
  client_body_buffer_size 1m;
  upstream received { server unix:${socket}; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    root ${folder.path};
    location = /1k { return 200 "${'wakedock'.repeat(128)}"; }
    location = /1m { sendfile on; open_file_cache max=10; }
    location = /post {
      proxy_pass http://received;
      proxy_http_version 1.1;
      proxy_method GET;
      proxy_pass_request_body off;
      proxy_set_header Connection "";
      proxy_set_header Content-Length "";
      proxy_set_header X-Received $request_length;
    }
  }
  server { listen unix:${socket}; return 200 $http_x_received; }
}
`
}
