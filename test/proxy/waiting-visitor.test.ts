/** Who is shown the waiting page: a table of requests as browsers, libraries, programs and crawlers send them. */
import t from 'tap'
import { isVisitor } from '../../src/proxy/waiting-visitor.ts'

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const HTML = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
/** Over https, and to localhost. */
const SECURE = {
  accept: HTML,
  'user-agent': FIREFOX,
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
}
/** Over plain http. */
const PLAIN = { accept: HTML, 'user-agent': FIREFOX }

const CASES: readonly [name: string, shown: boolean, headers: Record<string, string>, method?: string][] = [
  ['a page opened over https', true, SECURE],
  ['a frame', true, { ...SECURE, 'sec-fetch-dest': 'frame' }],
  ['an iframe', true, { ...SECURE, 'sec-fetch-dest': 'iframe' }],
  ['a navigation of a browser that names no destination', true, { 'sec-fetch-mode': 'navigate' }],
  ['an object, shown as a picture', false, { ...SECURE, 'sec-fetch-dest': 'object' }],
  ['an embed', false, { ...SECURE, 'sec-fetch-dest': 'embed' }],
  ['a page opened over http', true, PLAIN],
  ['a reload', true, { ...SECURE, 'cache-control': 'max-age=0' }],
  ['a page behind a password', true, { ...SECURE, authorization: 'Basic YTpi' }],

  ['a fetch that asks for HTML', false, { ...SECURE, 'sec-fetch-mode': 'cors' }],
  ['the same on its own host', false, { ...SECURE, 'sec-fetch-mode': 'same-origin' }],
  ['a picture', false, { ...SECURE, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
  ['a style sheet over http', false, { ...PLAIN, accept: 'text/css,*/*;q=0.1' }],
  ['an API call', false, { ...PLAIN, accept: 'application/json' }],
  ['an API call that would take HTML', false, { ...PLAIN, accept: 'application/json,text/html;q=0.9' }],
  ['HTML refused', false, { ...PLAIN, accept: 'text/html;q=0' }],
  ['a form sent', false, SECURE, 'POST'],
  ['HEAD', false, SECURE, 'HEAD'],
  ['OPTIONS', false, SECURE, 'OPTIONS'],
  ['a WebSocket', false, { ...SECURE, upgrade: 'websocket' }],
  ['a part of a file', false, { ...SECURE, range: 'bytes=0-' }],

  ['jQuery', false, { ...PLAIN, 'x-requested-with': 'XMLHttpRequest' }],
  ['htmx', false, { ...PLAIN, 'hx-request': 'true' }],
  ['a Turbo frame', false, { ...PLAIN, 'turbo-frame': 'list' }],
  ['Turbo Drive', false, { ...PLAIN, 'x-turbo-request-id': 'a' }],
  ['Unpoly', false, { ...PLAIN, 'x-up-version': '3.0' }],
  ['pjax', false, { ...PLAIN, 'x-pjax': 'true' }],
  ['Inertia', false, { ...PLAIN, 'x-inertia': 'true' }],

  ['a prefetch', false, { ...SECURE, 'sec-purpose': 'prefetch' }],
  ['a prerender', false, { ...SECURE, 'sec-purpose': 'prefetch;prerender' }],
  ['an older prefetch', false, { ...SECURE, purpose: 'prefetch' }],
  ['Firefox prefetches', false, { ...SECURE, 'x-moz': 'prefetch' }],
  ["Safari's top sites", false, { ...SECURE, 'x-purpose': 'preview' }],

  ['curl', false, { accept: '*/*', 'user-agent': 'curl/8.5.0' }],
  ['a script that asks for HTML', false, { accept: HTML, 'user-agent': 'python-requests/2.32' }],
  ['nobody in particular', false, { accept: HTML }],
  ['nothing at all', false, {}],
  ...[
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    'Mozilla/5.0 (Linux; Android 6.0.1) Chrome/130 Mobile Safari/537.36 (compatible; Googlebot/2.1)',
    'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
    'Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)',
    'Mozilla/5.0 (compatible; Baiduspider/2.0)',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)',
    'facebookexternalhit/1.1',
    'Mozilla/5.0 (compatible; ArchiveTeam ArchiveBot/2024; wpull)',
    'Mozilla/5.0 (X11) Chrome/119 Safari/537.36 Chrome-Lighthouse',
    'Mozilla/5.0 (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)',
    'Mozilla/5.0 BingPreview/1.0b',
    'Mozilla/5.0 (compatible; SomeNewThing; +https://example.com/about)',
  ].map((agent): [string, boolean, Record<string, string>] => [
    agent,
    false,
    { ...SECURE, 'user-agent': agent },
  ]),
  ...[
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/604.1',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0',
    'Mozilla/5.0 (Linux; Android 15; CUBOT X30) AppleWebKit/537.36 Chrome/142.0.0.0 Mobile Safari/537.36',
  ].map((agent): [string, boolean, Record<string, string>] => [
    agent,
    true,
    { ...PLAIN, 'user-agent': agent },
  ]),
]

t.test('who is shown the waiting page', async (t) => {
  for (const [name, shown, headers, method = 'GET'] of CASES)
    t.equal(isVisitor({ method, headers }), shown, name)
})
