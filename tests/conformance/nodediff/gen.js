'use strict';
// gen.js - random RACE-FREE scenarios.  node gen.js <seed> [outdir count]
// Race-freedom rules: (R1) after ANY timer is armed in a callback body, the body blocks max(ms)+4 before
// it ends (or throws), so short timers are overdue and fire in the very next timers phase; (R2) durations come from
// {<=1, 15, 29}: equal or >=14 ms apart, and no op that takes real time (work, gate, open) stands between two arms
// without such a block; (R3) far timers (60 s) are unref'd/cleared at once; (R4) worker
// jobs are settled (executed and posted) before the submitting body goes on, or parked behind a gate;
// (R5) a ref'd handle is always closed by a non-cancellable callback; (R6) throw/exit are last in a body,
// never inside a synchronous sub-body; (R7) refresh is bounded; (R8) enterWith never in re-fireable resources.
function rng(a) { return () => { a |= 0; a = a + 0x6D2B79F5 | 0; let t = Math.imul(a ^ a >>> 15, 1 | a); t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t; return ((t ^ t >>> 14) >>> 0) / 4294967296; }; }
function gen(seed) {
  const R = rng(seed * 7919 + 13), int = (n) => Math.floor(R() * n), pick = (a) => a[int(a.length)], p = (x) => R() < x;
  let budget = 8 + int(22), next = 0, gateUsed = false;
  const id = (c) => c + (++next);
  const tm = [], im = [], hs = [], snaps = [];               // manipulable ids
  const pool = pick([1, 1, 2, 4]);
  const shortMs = () => pick([0, 1, 1, 1, -5, 15, 15, 29]);
  const eff = (ms) => (ms >= 1 ? ms : 1);
  const W = { timeout: 16, immediate: 14, tick: 10, micro: 8, promise: 6, work: 9, close: 6, open: 4, interval: 4, als: 6, far: 4, clear: 7, unref: 6, ref: 4, hasref: 4, refresh: 4, enter: 3, snap: 2, restore: 3, reject: 2, beforeexit: 2, gate: 2 };
  const names = Object.keys(W), total = names.reduce((s, n) => s + W[n], 0);
  const choose = () => { let x = R() * total; for (const n of names) if ((x -= W[n]) < 0) return n; return 'immediate'; };
  // kind: type of the callback the body belongs to; refire: body may run more than once; sync: nested synchronous body
  function body(kind, depth, refire, sync, base = 0) {
    const ops = []; let need = base;
    const n = depth === 0 ? 3 + int(5) : int(4);
    const barrier = () => { if (need) { ops.push({ op: 'block', ms: need + 4 }); need = 0; } };   // R2: before any op that takes real time
    for (let k = 0; k < n && budget > 0; k++) {
      budget--;
      const c = choose(), sub = (kd, rf) => (depth < 5 && p(0.75) ? body(kd, depth + 1, rf) : []);
      switch (c) {
        case 'timeout': { const ms = shortMs(), i = id('t'); need = Math.max(need, eff(ms)); const o = { op: 'timeout', id: i, ms }; ops.push(o); o.body = sub('timeout', true); if (p(0.7)) tm.push([i, eff(ms)]); if (p(0.12)) ops.push({ op: 'unref', of: i }); break; }
        case 'interval': { const ms = pick([1, 1, 15]), i = id('v'); need = Math.max(need, ms); const o = { op: 'interval', id: i, ms, n: 1 + int(3) }; ops.push(o); budget -= 2; o.body = body('interval', depth + 2, true, false, ms); if (p(0.5)) tm.push([i, 0]); break; }
        case 'immediate': { const i = id('i'), o = { op: 'immediate', id: i }; ops.push(o); o.body = sub('immediate', refire); if (p(0.7)) im.push(i); if (p(0.12)) ops.push({ op: 'unref', of: i }); break; }
        case 'tick': case 'micro': case 'promise': ops.push({ op: c, id: id(c[0]), body: sub(c, refire) }); break;
        case 'work': barrier(); ops.push({ op: 'work', id: id('w'), body: sub('work', refire) }); break;
        case 'close': ops.push({ op: 'close', id: id('c'), body: sub('close', refire) }); break;
        case 'open': {
          if (refire) break;                                   // R5: two overlapping activations could leak a handle
          barrier();
          const i = id('h'); ops.push({ op: 'open', id: i });
          if (p(0.3)) { ops.push({ op: 'unref', of: i }); break; }
          ops.push({ op: pick(['tick', 'immediate', 'work', 'micro']), id: id('e'), body: p(0.5) ? [{ op: 'close', of: i, id: id('c'), body: sub('close', refire) }] : [{ op: 'als', value: 'H', body: [{ op: 'close', of: i, id: id('c'), body: sub('close', refire) }] }] });
          hs.push(i); break;
        }
        case 'far': { const i = id('f'); need = Math.max(need, 1); ops.push({ op: 'timeout', id: i, ms: pick([60000, 90000]), body: [] }, { op: pick(['unref', 'clear', 'unref']), of: i }); if (p(0.5)) ops.push({ op: 'hasref', of: i }); break; }
        case 'clear': { const x = p(0.5) ? tm.length && pick(tm)[0] : im.length && pick(im); if (x) ops.push({ op: 'clear', of: x }); break; }
        case 'unref': case 'ref': case 'hasref': { const a = [...tm.map((t) => t[0]), ...im, ...hs]; if (a.length) ops.push({ op: c, of: pick(a) }); break; }
        case 'refresh': { const a = tm.filter((t) => t[1]); if (a.length) { const t = pick(a); need = Math.max(need, t[1]); ops.push({ op: 'refresh', of: t[0], max: 1 }); } break; }
        case 'als': { const s = body(kind, depth + 1, refire, true, need); need = s.need; ops.push({ op: 'als', value: pick('ABCDE'), body: s }); break; }
        case 'enter': if (['immediate', 'tick', 'work'].includes(kind) && !sync) ops.push({ op: 'enter', value: pick('VWXYZ') }); break;
        case 'snap': { const i = id('s'); ops.push({ op: 'snap', id: i }); snaps.push(i); break; }
        case 'restore': if (snaps.length) { const s = body(kind, depth + 1, refire, true, need); need = Math.max(need, s.need); ops.push({ op: 'restore', of: pick(snaps), body: s }); } break;
        case 'reject': ops.push({ op: 'reject', id: id('x') }); break;
        case 'beforeexit': if (depth === 0) ops.push({ op: 'onbeforeexit', id: id('b'), body: body('beforeexit', 1, false) }); break;
        case 'gate': if (depth === 0 && !gateUsed) {
          gateUsed = true; barrier();
          ops.push({ op: 'gate', id: id('g'), body: sub('work', false) });
          for (let q = int(3); q > 0; q--) ops.push({ op: 'work', id: id('w'), body: sub('work', false) });
          ops.push(p(0.5) ? { op: 'release' } : { op: 'immediate', id: id('e'), body: [{ op: 'release' }] });
        } break;
      }
    }
    if (sync) { Object.defineProperty(ops, 'need', { value: need }); return ops; }
    if (need) ops.push({ op: 'block', ms: need + 4 });
    if (kind !== 'beforeexit' && p(depth === 0 ? 0.04 : 0.09)) ops.push({ op: 'throw', id: id('x') });
    else if (depth > 1 && p(0.01)) ops.push({ op: 'exit', code: int(5) });
    return ops;
  }
  const ops = body('main', 0, false);
  return { v: 1, seed, pool, ops };
}
module.exports = { gen };
if (require.main === module) {
  const [, , seed, dir, count] = process.argv;
  if (!dir) console.log(JSON.stringify(gen(Number(seed || 1))));
  else for (let s = Number(seed); s < Number(seed) + Number(count); s++) require('fs').writeFileSync(`${dir}/${s}.json`, JSON.stringify(gen(s)));
}
