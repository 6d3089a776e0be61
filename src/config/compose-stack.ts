/**
 * The services of one Compose project: its containers become parts, and the services that the file makes of it get them.
 */
import type { Need, ReadyCheck, Service } from '../domain/service.ts'
import { containerKey, guessedMain } from './build-target.ts'
import type { Member, Projects } from './compose.ts'
import type { ComposeStack } from './settings.ts'
import { distinct, RUNS, RUNS_WELL, stackPart, withParts } from './stack.ts'

export interface ProjectServices {
  /** The services of `stacks`, in their order, complete. */
  readonly owners: readonly Service[]
  readonly parts: readonly Service[]
}

/**
 * What `stacks`, all of one project, are made of. They share its parts, which are named after the first of them. A container
 * whose key is `taken` by a service of its own is no part once more: the edges lead to that service.
 */
export function projectServices(
  stacks: readonly [OwnedStack, ...OwnedStack[]],
  taken: ReadonlySet<string>,
  projects: Projects,
): ProjectServices {
  const [first, ...others] = stacks
  const members = withMains(projects.get(first.stack.project) ?? [], stacks)
  const keys = members.map(({ container }) => containerKey(container))
  const parts = members.flatMap((member): Service[] => {
    const key = containerKey(member.container)
    if (taken.has(key)) return []
    const mine = stacks.filter(({ stack }) => mainOf(stack, members) === member)
    return [
      stackPart([first.owner, ...others.map(({ owner }) => owner)], {
        name: isFirst(member, members) ? member.service : `${member.service}:${member.number}`,
        container: member.container,
        reached: mine[0]?.stack.reached ?? null,
        ready: checkOf(member, members),
        // What an owner depends on comes before the part that its requests go to.
        needs: distinct([...needsOf(member, members), ...mine.flatMap(({ owner }) => owner.needs)]).filter(
          (need) => need.key !== key,
        ),
      }),
    ]
  })
  return {
    owners: stacks.map(({ stack, owner }) =>
      withParts(owner, keys, containerKey(mainOf(stack, members)?.container ?? '')),
    ),
    parts,
  }
}

export interface OwnedStack {
  readonly stack: ComposeStack
  readonly owner: Service
}

/** The container that gets the requests of `stack`: the first replica; as guessed where the engine knows of none. */
export function mainContainer(stack: ComposeStack, projects: Projects): string {
  return mainOf(stack, projects.get(stack.project) ?? [])?.container ?? guessedMain(stack)
}

function mainOf({ service }: ComposeStack, members: readonly Member[]): Member | undefined {
  return members.find((member) => member.service === service)
}

/** The members, and a guess for the main part of each stack that has no container yet. */
function withMains(members: readonly Member[], stacks: readonly OwnedStack[]): readonly Member[] {
  const missing = stacks.filter(({ stack }) => !mainOf(stack, members))
  return [
    ...members,
    ...missing.map(({ stack }) => ({
      service: stack.service,
      number: 1,
      container: guessedMain(stack),
      dependsOn: [],
    })),
  ]
}

function isFirst(member: Member, members: readonly Member[]): boolean {
  return members.find(({ service }) => service === member.service) === member
}

/** On all replicas of each service. One that has no container is not there (a profile that is off), and is not waited for. */
function needsOf(member: Member, members: readonly Member[]): readonly Need[] {
  return member.dependsOn.flatMap(({ service, until }) =>
    members
      .filter((other) => other.service === service)
      .map(({ container }) => ({ key: containerKey(container), until })),
  )
}

/** What the others wait for. A job that has ended cannot be healthy, so that comes first. */
function checkOf({ service }: Member, members: readonly Member[]): ReadyCheck {
  const wanted = members.flatMap(({ dependsOn }) => dependsOn.filter((other) => other.service === service))
  if (wanted.some(({ until }) => until === 'completed')) return { kind: 'completed' }
  if (wanted.some(({ healthy }) => healthy)) return { kind: 'health' }
  return wanted.some(({ until }) => until === 'ready') ? RUNS_WELL : RUNS
}
