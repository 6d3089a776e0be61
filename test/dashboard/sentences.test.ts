/** What the dashboard says of services and events. */
import t from 'tap'
import { viewService, type ServiceView } from '../../src/admin/service-view.ts'
import { viewEvent } from '../../src/admin/event-view.ts'
import type { FeedEntry } from '../../src/domain/feed.ts'
import {
  eventSentence,
  inTheWay,
  keptSentence,
  wakingSentence,
  type LiveEvent,
} from '../../src/dashboard/sentences.ts'
import { NOW, snapshot } from '../helpers/fake-control.ts'

const view = (changes: Parameters<typeof snapshot>[1]): ServiceView => viewService(snapshot('blog', changes))

t.test('why a service stays awake although nobody uses it', async (t) => {
  const noon = new Date(2026, 10, 21, 12, 30).getTime()
  const cases = [
    [{}, null],
    [{ kept: 'pin', pinned: { until: null } }, 'pinned until it is unpinned'],
    [{ kept: 'pin', pinned: { until: noon } }, 'pinned until 12:30'],
    [{ kept: 'schedule' }, 'kept awake by its schedule'],
    [{ kept: 'dependent', neededBy: ['shop', 'wiki'] }, 'needed by shop and wiki'],
    [{ kept: 'dependent' }, 'needed by another service'],
    [{ kept: 'dependent', neededBy: ['shop'], pinned: { until: null } }, 'pinned until it is unpinned'],
  ] as const
  for (const [changes, sentence] of cases) t.equal(keptSentence(view(changes), noon), sentence)
})

t.test('what a wake waits for', async (t) => {
  const waking = (phase: 'needs' | 'start' | 'ready') => ({ waking: { since: NOW, phase } })
  t.equal(wakingSentence(view({})), null)
  t.equal(wakingSentence(view({ ...waking('needs'), waitingFor: ['db'] })), 'Waits for db.')
  t.equal(wakingSentence(view(waking('needs'))), 'Waits for what it needs.')
  t.match(wakingSentence(view(waking('start'))), 'Is being started.')
  t.match(wakingSentence(view(waking('ready'))), 'ready check')
})

t.test('who would notice a sleep', async (t) => {
  const cases = [
    [{}, null],
    [{ inFlight: 1 }, '1 request is under way.'],
    [{ inFlight: 2, held: 1 }, '2 requests are under way and 1 request waits for it.'],
    [{ held: 3 }, '3 requests wait for it.'],
    [{ neededBy: ['shop'] }, 'shop needs it.'],
    [{ inFlight: 1, neededBy: ['shop', 'wiki'] }, '1 request is under way and shop and wiki need it.'],
  ] as const
  for (const [changes, sentence] of cases) t.equal(inTheWay(view(changes)), sentence)
})

t.test('every event of a service has its sentence', async (t) => {
  const why = { reason: 'exited', message: 'The process ended', hint: 'See its log.' } as const
  const cases: readonly (readonly [entry: FeedEntry, sentence: string | null])[] = [
    [{ type: 'state', service: 'blog', from: 'asleep', to: 'waking' }, null],
    [{ type: 'wake_started', service: 'blog', trigger: 'pin' }, 'Waking: it is pinned.'],
    [
      { type: 'woke', service: 'blog', trigger: 'request', startMs: 400, readyMs: 1_140 },
      'Awake after 1.5 s.',
    ],
    [
      { type: 'wake_failed', service: 'blog', trigger: 'request', retryIn: 0, ...why },
      'Could not be woken: The process ended. See its log.',
    ],
    [{ type: 'sleep_started', service: 'blog', cause: 'idle' }, 'Going to sleep: nobody used it.'],
    [{ type: 'slept', service: 'blog', cause: 'idle', tookMs: 31 }, 'Asleep after 31 ms.'],
    [
      { type: 'sleep_failed', service: 'blog', cause: 'operator', ...why },
      'Could not be put to sleep: The process ended. See its log.',
    ],
    [
      { type: 'target_changed', service: 'blog', what: 'was stopped by somebody else' },
      'Its target was stopped by somebody else.',
    ],
    [{ type: 'service_added', service: 'blog' }, 'Added to the config.'],
    [{ type: 'service_removed', service: 'blog' }, 'Removed from the config.'],
    [{ type: 'provider_back', provider: 'docker' }, null],
  ]
  for (const [entry, sentence] of cases)
    t.equal(
      eventSentence(viewEvent({ ...entry, id: 'a-1', at: NOW }) as unknown as LiveEvent),
      sentence,
      entry.type,
    )
})
