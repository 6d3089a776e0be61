/**
 * The words of the waiting page, English and French. They are for people who want to read a blog, not for admins: no names of
 * containers, no addresses, no codes; what an admin needs is in the log and the API.
 */
import type { FailureReason } from '../errors.ts'
import type { Phase } from './waiting-view.ts'

export type Language = 'en' | 'fr'

export interface Words {
  /** {title}: what the page calls the service. */
  readonly heading: Readonly<Record<Phase, string>>
  /** What a screen reader says when the phase changes: a sentence of its own. */
  readonly status: Readonly<Record<Exclude<Phase, 'failed'>, string>>
  readonly failed: Readonly<Record<FailureReason, string>>
  /** {n}: seconds. */
  readonly again: string
  /** The same for a page that runs no script. */
  readonly reloads: string
  readonly elapsed: string
  readonly usually: string
  readonly full: string
  readonly progress: string
  readonly steps: readonly [start: string, prepare: string, open: string]
}

const EN: Words = {
  heading: {
    needs: '{title} is starting',
    starting: '{title} is starting',
    waiting: '{title} is starting',
    ready: '{title} is ready',
    failed: '{title} could not be started',
    asleep: '{title} is asleep',
  },
  status: {
    needs: 'What the service needs is started first.',
    starting: 'The service was asleep and is being started.',
    waiting: 'The service has started and is getting ready.',
    ready: 'The service is ready. Opening the page.',
    asleep: 'The service has gone back to sleep. This page wakes it.',
  },
  failed: {
    missing: 'What the service runs on is not there at the moment. Its administrator has to put that right.',
    unreachable: 'The system that starts the service does not answer.',
    refused: 'The system that starts the service has refused to.',
    exited: 'The service ended while it was starting.',
    oom: 'The service ran out of memory while it was starting.',
    no_address: 'The service runs, but cannot be reached. Its administrator has to put that right.',
    not_ready: 'The service was started, but was not ready in time.',
    unhealthy: 'The service was started, but reports that it does not work properly.',
    dependency: 'Something that the service needs could not be started.',
    stuck: 'The service could not be stopped in order to start again.',
  },
  again: 'This page tries again in {n} s.',
  reloads: 'This page loads again every few seconds.',
  elapsed: '{n} s',
  usually: 'usually about {n} s',
  full: 'Many are waiting for it already. The page opens by itself as soon as it is ready.',
  progress: 'Progress',
  steps: ['Start', 'Get ready', 'Open'],
}

const FR: Words = {
  heading: {
    needs: '{title} démarre',
    starting: '{title} démarre',
    waiting: '{title} démarre',
    ready: '{title} : c’est prêt',
    failed: '{title} n’a pas pu démarrer',
    asleep: '{title} est en veille',
  },
  status: {
    needs: 'Ce dont le service a besoin démarre d’abord.',
    starting: 'Le service était en veille et démarre.',
    waiting: 'Le service a démarré et se prépare.',
    ready: 'Le service est prêt. La page s’ouvre.',
    asleep: 'Le service s’est remis en veille. Cette page le réveille.',
  },
  failed: {
    missing:
      'Ce qui fait tourner le service est absent pour le moment. C’est à son administrateur d’y remédier.',
    unreachable: 'Le système qui démarre le service ne répond pas.',
    refused: 'Le système qui démarre le service a refusé de le faire.',
    exited: 'Le service s’est arrêté pendant son démarrage.',
    oom: 'Le service a manqué de mémoire pendant son démarrage.',
    no_address: 'Le service tourne, mais reste injoignable. C’est à son administrateur d’y remédier.',
    not_ready: 'Le service a démarré, mais n’était pas prêt à temps.',
    unhealthy: 'Le service a démarré, mais signale qu’il ne fonctionne pas correctement.',
    dependency: 'Quelque chose dont le service a besoin n’a pas pu démarrer.',
    stuck: 'Le service n’a pas pu être arrêté pour redémarrer.',
  },
  again: 'Cette page réessaie dans {n} s.',
  reloads: 'Cette page se recharge toutes les quelques secondes.',
  elapsed: '{n} s',
  usually: 'en général environ {n} s',
  full: 'Beaucoup attendent déjà. La page s’ouvrira d’elle-même dès que le service sera prêt.',
  progress: 'Progression',
  steps: ['Démarrer', 'Préparer', 'Ouvrir'],
}

export const WORDS: Readonly<Record<Language, Words>> = { en: EN, fr: FR }

/** Which of ours an Accept-Language likes best; English where it likes none (RFC 9110 section 12.5.4). */
export function languageOf(accept: string): Language {
  const weights = new Map<string, number>()
  for (const range of accept.toLowerCase().split(',')) {
    const [tag = '', ...parameters] = range.split(';').map((part) => part.trim())
    const q = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1)
    // "fr-CA" and "fr" are one to us: the better of the two counts. What is no number is not wanted.
    const [language = ''] = tag.split('-')
    weights.set(language, Math.max(weights.get(language) ?? 0, q || 0))
  }
  const weight = (language: Language): number => weights.get(language) ?? weights.get('*') ?? 0
  return weight('fr') > weight('en') ? 'fr' : 'en'
}
