/**
 * What the waiting page does in the browser, with the reasons here, as it is sent as it stands:
 *
 * - It follows the wake by an EventSource on the same host, and loads the page again when the service is ready. location.reload()
 *   keeps query and fragment. In a hidden tab timers are slow, so what needs no wait is done without one.
 * - Never two loads in a second: where this page is the outcome of a load by itself, the next one waits until the page is a second
 *   old. Nothing is kept for that in the app's own storage.
 * - Where the stream cannot be had (a proxy in between that breaks it, too many listeners), it asks again by loading, when the
 *   server has said: that pace slows down with the wake. So it does when nothing has come for 45 s: the server writes every 15 s.
 * - Texts change only when they are others: the live region speaks when the phase changes, and not each second.
 * - Past the estimate the bar knows nothing any more, and does not pretend to.
 * - A page that comes back from the browser's cache of pages is an old one, and is loaded again.
 *
 * data-view of main is the same object as the data of an event; data-words: [again, elapsed, usually].
 */
const SILENCE = 45_000

/** The path of the stream; its parameters are the page's own path and language. */
export const FOLLOW_PATH = '/.wakedock/waiting'

export const SCRIPT = `(()=>{'use strict'
const el=id=>document.getElementById(id),main=el('m'),bar=el('b'),words=JSON.parse(main.dataset.words)
const [entry]=performance.getEntriesByType('navigation'),soonest=entry&&entry.type==='reload'?1000:0
let view,at,timer,source,last=performance.now(),errors=0,gone=false
const set=(e,text)=>{if(e.textContent!==text)e.textContent=text}
const fill=(text,ms)=>text.replace('{n}',Math.max(0,Math.round(ms/1000)))
const load=()=>{if(gone)return;gone=true;if(source)source.close();location.reload()}
const again=ms=>{clearTimeout(timer);const wait=Math.max(ms,soonest-performance.now());if(wait>0)timer=setTimeout(load,wait);else load()}
const tries=()=>view.phase==='failed'||view.phase==='asleep'
const draw=()=>{
const now=performance.now(),passed=now-at,elapsed=view.elapsed_ms+passed,usual=view.estimate_ms
if(view.phase==='ready'){bar.max=1;bar.value=1}
else if(usual!==null&&elapsed<usual){bar.max=usual;bar.value=elapsed}
else bar.removeAttribute('value')
set(el('t'),fill(words[1],elapsed)+(usual===null?'':' · '+fill(words[2],Math.max(1000,usual))))
set(el('n'),tries()?fill(words[0],view.retry_ms-passed):'')
if(now-last>${SILENCE})again(0)
}
const show=next=>{
const changed=!view||view.phase!==next.phase||view.retry_ms!==next.retry_ms
view=next;at=last=performance.now();main.dataset.phase=view.phase
document.title=view.heading;set(el('h'),view.heading);set(el('s'),view.status)
const step={needs:0,starting:0,waiting:1,ready:2}[view.phase]
document.querySelectorAll('li').forEach((li,i)=>i===step?li.setAttribute('aria-current','step'):li.removeAttribute('aria-current'))
draw()
if(view.phase==='ready')again(0)
else if(!tries())clearTimeout(timer)
else if(changed)again(view.retry_ms)
}
show(JSON.parse(main.dataset.view))
setInterval(draw,500)
addEventListener('pageshow',e=>{if(e.persisted)location.reload()})
addEventListener('pagehide',()=>{if(source)source.close()})
if(gone)return
source=new EventSource('${FOLLOW_PATH}?lang='+document.documentElement.lang+'&path='+encodeURIComponent(location.pathname))
source.addEventListener('state',e=>{errors=0;show(JSON.parse(e.data))})
source.onerror=()=>{if(source.readyState===2||++errors>2){source.close();again(view.retry_ms)}}
})()`
