'use strict';
// wild.js - random scenarios with what gen.js leaves out: exceptions and exit() in every place, also inside of synchronous bodies;
// clear, ref, unref and refresh on anything, at any time; closing of timers; before-exit listeners that are added anywhere;
// several gates. Few of them are races; who wants a trace runs Node twice and keeps what stays the same. A few never end.
// Real time passes in Node, also while it prints a TypeError, so nothing is called that is not there; and whatever was armed is
// overdue before time is let pass for another reason, or before the
// body ends (`need`), as in gen.js. enterWith only where Node 20 does not leak it (never inside of run(), nor in what fires again).
function rng(a) { return () => { a |= 0; a = a + 0x6D2B79F5 | 0; let t = Math.imul(a ^ a >>> 15, 1 | a); t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t; return ((t ^ t >>> 14) >>> 0) / 4294967296; }; }
const COMMON = { timeout: 14, immediate: 14, tick: 12, micro: 8, promise: 6, close: 5, open: 3, interval: 4, clear: 8, unref: 7, ref: 4, hasref: 5, refresh: 8, far: 3, reject: 3, onbeforeexit: 2, log: 1, closeof: 3 };
const CONTEXT = { als: 8, enter: 4, snap: 3, restore: 5 };
const JOBS = { work: 8, gate: 2, release: 3 };
const ENTERED = ['main', 'immediate', 'tick', 'work', 'micro', 'promise', 'close'];

function gen(seed) {
  const R = rng(seed * 104729 + 7), int = (n) => Math.floor(R() * n), pick = (a) => a[int(a.length)], p = (x) => R() < x;
  const jobs = p(0.4), als = p(0.6), timed = p(0.6), errors = pick([0, 0.06, 0.15]), exits = pick([0, 0, 0.01, 0.03]);
  const pool = pick([1, 1, 2, 3, 4]);
  const weights = { ...COMMON, ...(als ? CONTEXT : {}), ...(jobs ? JOBS : {}) };
  const names = Object.keys(weights), total = names.reduce((sum, n) => sum + weights[n], 0);
  const choose = () => { let x = R() * total; for (const n of names) if ((x -= weights[n]) < 0) return n; return 'tick'; };
  let budget = 10 + int(40), next = 0, gates = 0;
  const id = (c) => c + (++next);
  const timers = [], immediates = [], handles = [], snaps = [];
  const any = () => pick([...timers, ...timers, ...immediates, ...handles, 'nobody']);

  function body(kind, depth, { sync = false, refire = false, need = 0 } = {}) {
    const ops = [];
    const arm = (ms) => { need = Math.max(need, ms, 1); };
    const barrier = () => { if (need) { ops.push({ op: 'block', ms: need + 4 }); need = 0; } };
    const sub = (k, again = refire) => (p(0.8) ? body(k, depth + 1, { refire: again }) : []);
    const inner = (op) => { const b = body(kind, depth + 1, { sync: true, refire, need }); need = Math.max(op.op === 'als' ? 0 : need, b.need); ops.push({ ...op, body: b }); };
    const one = {
      timeout() { const ms = pick([0, 1, 1, 1, 1.5, -3, 15, 15, 29, 29]), i = p(0.9) ? id('t') : pick([...timers, 't0']); arm(ms); timers.push(i); ops.push({ op: 'timeout', id: i, ms, body: sub('timeout', true) }); },
      interval() { const ms = pick([1, 1, 15]), i = id('v'); arm(ms); timers.push(i); budget -= 2; ops.push({ op: 'interval', id: i, ms, n: 1 + int(3), body: body('interval', depth + 2, { refire: true, need: ms }) }); },
      immediate() { const i = id('i'); immediates.push(i); ops.push({ op: 'immediate', id: i, body: sub('immediate') }); },
      tick() { ops.push({ op: 'tick', id: id('k'), body: sub('tick') }); },
      micro() { ops.push({ op: 'micro', id: id('m'), body: sub('micro') }); },
      promise() { ops.push({ op: 'promise', id: id('p'), body: sub('promise') }); },
      work() { barrier(); ops.push({ op: 'work', id: id('w'), body: sub('work') }); },
      gate() {
        if (refire || sync || gates > 2) return;
        gates++;
        barrier();
        ops.push({ op: 'gate', id: id('g'), body: sub('work') });
        if (p(0.7)) ops.push({ op: pick(['immediate', 'tick', 'micro', 'close', 'work']), id: id('e'), body: [{ op: 'release' }] });
      },
      release() { if (gates) { barrier(); ops.push({ op: 'release' }); } },
      close() { ops.push({ op: 'close', id: id('c'), body: sub('close') }); },
      closeof() { const of = pick([...handles, ...handles, ...handles, ...timers]); if (of) ops.push({ op: 'close', of, id: id('c'), body: sub('close') }); },
      open() {
        if (refire) return;
        barrier();
        const i = id('h');
        handles.push(i);
        ops.push({ op: 'open', id: i });
        if (p(0.3)) ops.push({ op: 'unref', of: i });
        else ops.push({ op: pick(['tick', 'immediate', 'micro', 'close']), id: id('e'), body: [{ op: 'close', of: i, id: id('c'), body: sub('close') }] });
      },
      clear() { ops.push({ op: 'clear', of: any() }); },
      unref() { ops.push({ op: 'unref', of: any() }); },
      ref() { ops.push({ op: 'ref', of: any() }); },
      hasref() { ops.push({ op: 'hasref', of: any() }); },
      refresh() { if (timers.length) { arm(29); ops.push({ op: 'refresh', of: pick(timers), max: 1 + int(2) }); } },
      far() { const i = id('f'); arm(1); timers.push(i); ops.push({ op: 'timeout', id: i, ms: pick([60000, 90000]), body: [] }, { op: pick(['unref', 'clear']), of: i }); },
      als() { inner({ op: 'als', value: pick(['A', 'B', 'C', 1]) }); },
      enter() { if (!sync && ENTERED.includes(kind)) ops.push({ op: 'enter', value: pick('VWXYZ') }); },
      snap() { const i = id('s'); snaps.push(i); ops.push({ op: 'snap', id: i }); },
      restore() { if (snaps.length) inner({ op: 'restore', of: pick(snaps) }); },
      reject() { ops.push({ op: 'reject', id: id('x') }); },
      onbeforeexit() { if (!refire) ops.push({ op: 'onbeforeexit', id: id('b'), body: body('beforeexit', depth + 1) }); },
      log() { ops.push({ op: 'log', id: id('l') }); },
    };
    for (let left = depth === 0 ? 4 + int(6) : depth > 6 ? 0 : int(5); left > 0 && budget > 0; left--) {
      budget--;
      one[choose()]();
      if (timed && p(0.1)) { if (need) barrier(); else ops.push({ op: 'block', ms: pick([1, 5, 19]) }); }
      if (p(errors) && ops.length) { barrier(); ops.push({ op: 'throw', id: id('x'), ...(p(0.3) ? { max: 1 } : {}) }); }
      if (p(exits)) ops.push({ op: 'exit', code: int(5) });
    }
    if (!sync) barrier();
    Object.defineProperty(ops, 'need', { value: need });
    return ops;
  }
  return { v: 1, seed, pool, ops: body('main', 0) };
}
module.exports = { gen };
if (require.main === module) console.log(JSON.stringify(gen(Number(process.argv[2] || 1))));
