/**
 * How the waiting page looks: calm, in the middle, nothing from outside. One text a theme, as its policy names each by its hash. It
 * asks nothing of a browser that one of 2019 does not have. On a phone the sentence has room for two lines, so that nothing jumps when
 * it changes.
 */
import type { Waiting } from '../domain/service.ts'

/** Every pair of text and ground has a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3). */
const LIGHT = `:root{color-scheme:light;--ground:#f6f7f9;--text:#191c22;--soft:#545b69;--track:#dfe3ea;--mark:#3b62d9;--glow:#3b62d926;\
--bad:#b3362b;--badglow:#b3362b1f}`
const DARK = `:root{color-scheme:dark;--ground:#13151a;--text:#eceef3;--soft:#a3abbb;--track:#2a2f3a;--mark:#8aa6ff;--glow:#8aa6ff2b;\
--bad:#ff9d8f;--badglow:#ff9d8f26}`

const SHAPE = `*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--ground);color:var(--text);
font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{width:100%;max-width:31rem;padding:2rem 1.5rem 4rem}
.mark{width:.9rem;height:.9rem;margin:0 0 1.9rem .6rem;border-radius:50%;background:var(--mark);box-shadow:0 0 0 .6rem var(--glow);
animation:breathe 3.2s ease-in-out infinite}
h1{margin:0 0 .6rem;font-size:1.5rem;line-height:1.25;font-weight:650;letter-spacing:-.012em;overflow-wrap:anywhere;text-wrap:balance}
p{margin:0 0 .75rem;color:var(--soft)}
#s{margin:0}
progress{display:block;width:100%;height:.375rem;margin:1.1rem 0 .7rem;border:0;border-radius:1rem;overflow:hidden;
-webkit-appearance:none;appearance:none;background:var(--track);color:var(--mark)}
progress::-webkit-progress-bar{background:transparent}
progress::-webkit-progress-value{background:var(--mark);border-radius:1rem;transition:width .5s linear}
progress::-moz-progress-bar{background:var(--mark);border-radius:1rem}
progress:indeterminate{background:linear-gradient(90deg,var(--track) 30%,var(--mark) 50%,var(--track) 70%) 100% 0/300% 100%;
animation:pass 2.4s linear infinite}
progress:indeterminate::-moz-progress-bar{background:transparent}
.row{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.25rem 1rem;font-size:.875rem;color:var(--soft)}
ol{display:flex;gap:1.1rem;margin:0;padding:0;list-style:none}
li[aria-current]{color:var(--text);font-weight:600}
.time{font-variant-numeric:tabular-nums}
.full{margin:1.25rem 0 0;font-size:.875rem}
main[data-phase=failed] progress,main[data-phase=failed] .row,main[data-phase=failed] .full,#n:empty{display:none}
main[data-phase=failed] .mark{background:var(--bad);box-shadow:0 0 0 .6rem var(--badglow);animation:none}
main[data-phase=failed] #s{min-height:0;margin-bottom:.75rem}
@keyframes breathe{50%{box-shadow:0 0 0 .35rem var(--glow)}}
@keyframes pass{to{background-position:0 0}}
@media(max-width:30rem){#s{min-height:3.1em}}
@media(min-width:48rem){h1{font-size:1.875rem}main{padding-bottom:6rem}}
@media(prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important}
progress:indeterminate{background:var(--track)}}
@media(forced-colors:active){progress{-webkit-appearance:auto;appearance:auto}.mark{border:.45rem solid CanvasText}}`

/** Of each theme. */
export const STYLES: Readonly<Record<Waiting['theme'], string>> = {
  light: LIGHT + SHAPE,
  dark: DARK + SHAPE,
  auto: `${LIGHT}@media(prefers-color-scheme:dark){${DARK}}${SHAPE}`,
}
