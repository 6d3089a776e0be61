/** No proxy: the ceiling that load generator and app set. Who comes near it is measured too low. */
import type { Contestant } from './proxy-contestant.ts'

export const direct: Contestant = {
  name: 'direct',
  version: () => '',
  start: (_, { upstream }) => Promise.resolve({ port: upstream, pids: [] }),
}
