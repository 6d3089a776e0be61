/** Settings from text, and containers as an engine lists them: for the tests of what is made from them. */
import type { FoundContainer } from '../../src/domain/ports.ts'
import type { Service } from '../../src/domain/service.ts'
import { formatFault, loadConfigText } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/settings.ts'

export async function settings(text: string): Promise<Settings> {
  const result = await loadConfigText(text, '/etc/wakedock/wakedock.yaml', {})
  if (!result.ok) throw new Error(result.faults.map(formatFault).join('\n'))
  return result.settings
}

/** The service `blog` with these further lines, after `head`. */
export async function blog(lines: string, head = ''): Promise<Service> {
  const text = `${head}\nservices:\n  blog:\n    hosts: blog.example.com\n${lines.replaceAll(/^/gm, '    ')}\n`
  const [service] = (await settings(text)).services
  if (!service) throw new Error('no service')
  return service
}

export function container(
  name: string,
  labels: Readonly<Record<string, string>>,
  created = 1_700_000_000,
): FoundContainer {
  return { name, labels, created }
}

/** As Compose labels it (pkg/compose/create.go). `place`: project/service/number. */
export function composed(
  name: string,
  place: string,
  dependsOn = '',
  more: Readonly<Record<string, string>> = {},
  created?: number,
): FoundContainer {
  const [project = '', service = '', number = ''] = place.split('/')
  return container(
    name,
    {
      'com.docker.compose.project': project,
      'com.docker.compose.service': service,
      'com.docker.compose.container-number': number,
      'com.docker.compose.oneoff': 'False',
      'com.docker.compose.depends_on': dependsOn,
      ...more,
    },
    created,
  )
}

/** Labels of an enabled service: the names without their prefix. */
export function labels(options: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries({ enable: 'true', ...options }).map(([key, value]) => [`wakedock.${key}`, value]),
  )
}
