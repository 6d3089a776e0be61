/**
 * One run of http-cache-tests' client against the server named by the argument ("http://host:port"); prints the results as
 * JSON. A process of its own for each run: the package keeps its state in modules and changes its tests while it runs.
 * All tests at once: what takes time in them is waiting for answers to become stale.
 */
import { getResults, runTests } from 'http-cache-tests/client/runner.mjs'
import suites from 'http-cache-tests/tests/index.mjs'
import surrogate from 'http-cache-tests/tests/surrogate-control.mjs'
import fetch from 'node-fetch'

const [base = ''] = process.argv.slice(2)
await runTests([...suites, surrogate], fetch, false, base, Number.MAX_SAFE_INTEGER)
console.log(JSON.stringify(getResults()))
