/**
 * The rules about several options at once, which a schema cannot express. They run on whatever the schema has left of the
 * file, and name the places of both sides; never a value, which may come from the environment.
 */
import { checkAddresses, checkDockerHost, checkLoops } from './address-rules.ts'
import type { Environment } from './environment.ts'
import type { Findings } from './fault.ts'
import type { LooseConfig, Spoiled } from './loose.ts'
import { checkDefaults, checkPolicies } from './policy-rules.ts'
import { checkRoutes } from './route-rules.ts'
import { checkDependencies, checkTargets } from './target-rules.ts'
import { checkWebhooks } from './webhooks.ts'

/** Reports every broken rule but those about tokens, which are in tokens.ts. */
export function checkRules(
  config: LooseConfig,
  env: Environment,
  spoiled: Spoiled,
  findings: Findings,
): void {
  checkRoutes(config, findings)
  checkTargets(config, findings)
  checkDependencies(config, spoiled, findings)
  checkAddresses(config, findings)
  checkLoops(config, findings)
  checkDefaults(config, findings)
  checkPolicies(config, findings)
  checkDockerHost(config, env, findings)
  checkWebhooks(config, findings)
}
