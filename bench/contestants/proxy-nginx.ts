/**
 * nginx with one worker, and connections kept to the app. Its buffers are its own, but for the two defaults that would have it
 * write bodies to disk: the disk is not what is measured.
 */
import { openFolder } from '../folder.ts'
import { nginx as command, nginxHead } from '../origin.ts'
import { freePort, startProgram, versionOf } from '../program.ts'
import type { Contestant } from './proxy-contestant.ts'

export const nginx: Contestant = {
  name: 'nginx',
  version: () => versionOf('nginx', '-v'),
  async start(scope, { upstream, services, core }) {
    const port = await freePort()
    const folder = await openFolder(scope)
    const servers = services.map(
      (
        hosts,
        index,
      ) => `  upstream app${index} { server 127.0.0.1:${upstream}; keepalive 512; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    server_name ${hosts.join(' ')};
    location / {
      proxy_pass http://app${index};
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_of_upgrade;
    }
  }`,
    )
    // Only the first server of a port may name its options.
    const [first = '', ...others] = servers
    const rest = others.map((server) => server.replace(' backlog=4096', ''))
    const file = await folder.write(
      'nginx.conf',
      `${nginxHead(folder)}
  server_names_hash_max_size 65536;
  client_body_buffer_size 1m;
  proxy_max_temp_file_size 0;
  map $http_upgrade $connection_of_upgrade { default upgrade; '' ''; }
${[first, ...rest].join('\n')}
}
`,
    )
    const { pid } = await startProgram(scope, { command: command(file), core, listens: port })
    return { port, pids: [pid] }
  },
}
