// The loop of Node. What JavaScript cannot reach is missing: Post() of another thread, empty jobs, an idle iteration.
'use strict';

const fs = require('fs');
const net = require('net');

// As in subject.h.
const TICKS_PER_CALLBACK = 1000;
const OPEN_DEADLINES = 10000;
const STARTS_PER_CALLBACK = 1000;
const STARTS_PER_EXPIRY = 100;
const MESSAGE_BYTES = 64;

// A small generator: xorshift64* needs integers that JavaScript has only as BigInt, which would be what is measured.
let state = 0x2545f491;
function between(low, high) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return low + (state >>> 0) % (high - low + 1);
}

function report(operations, amount) {
  process.stdout.write(JSON.stringify({ operations, amount }) + '\n');
}

function check(holds, what) {
  if (holds) return;
  process.stderr.write(what + '\n');
  process.exit(1);
}

function stopwatch() {
  const start = process.hrtime.bigint();
  return () => Number(process.hrtime.bigint() - start) / 1e9;
}

// The processor time of the process, with the threads that collect garbage.
function cpuWatch() {
  const start = process.cpuUsage();
  return () => {
    const used = process.cpuUsage(start);
    return (used.user + used.system) / 1e6;
  };
}

function residentBytes() {
  return Number(fs.readFileSync('/proc/self/statm', 'latin1').split(' ')[1]) * 4096;
}

function immediates(count, done) {
  let ran = 0;
  const seconds = cpuWatch();
  setImmediate(function next() {
    if (++ran < count) return setImmediate(next);
    report(ran, seconds());
    done();
  });
}

const benchmarks = {
  immediates(count) {
    immediates(count, () => {});
  },

  immediates_io(count) {
    const server = net.createServer(() => check(false, 'somebody connects'));
    server.listen(0, '127.0.0.1', () => immediates(count, () => server.close()));
  },

  ticks(count) {
    let ran = 0;
    const tick = () => { ++ran; };
    const seconds = cpuWatch();
    setImmediate(function round() {
      if (ran >= count) return report(ran, seconds());
      for (let i = 0; i < TICKS_PER_CALLBACK; ++i) process.nextTick(tick);
      setImmediate(round);
    });
  },

  timers_fire(count) {
    let fired = 0;
    const seconds = cpuWatch();
    const fire = () => { if (++fired === count) report(fired, seconds()); };
    for (let i = 0; i < count; ++i) setTimeout(fire, between(1, 10));
  },

  timers_cancel(count) {
    const open = new Array(OPEN_DEADLINES).fill(null);
    let started = 0, fired = 0, cancelled = 0, elapsed = 0;
    const fire = (slot) => { ++fired; if (slot >= 0) open[slot] = null; };
    const cancel = (slot) => {
      if (open[slot] === null) return;
      clearTimeout(open[slot]);
      open[slot] = null;
      ++cancelled;
    };
    const seconds = cpuWatch();
    setImmediate(function round() {
      for (let i = 0; i < STARTS_PER_CALLBACK; ++i, ++started) {
        if (started % STARTS_PER_EXPIRY === 0) {
          setTimeout(fire, between(1, 5), -1);
          continue;
        }
        const slot = started % OPEN_DEADLINES;
        cancel(slot);
        open[slot] = setTimeout(fire, between(1, 60000), slot);
      }
      if (started < count) return setImmediate(round);
      elapsed = seconds();
      for (let slot = 0; slot < OPEN_DEADLINES; ++slot) cancel(slot);
    });
    process.on('exit', () => {
      check(fired >= started / STARTS_PER_EXPIRY, 'deadlines that nobody cancelled did not fire');
      report(fired + cancelled, elapsed);
    });
  },

  echo(connections) {
    let accepted = 0, echoed = 0;
    const seconds = stopwatch();
    const server = net.createServer({ noDelay: true }, (socket) => {
      if (++accepted === connections) server.close();
      socket.on('data', (data) => { socket.write(data); echoed += data.length; });
    });
    server.listen(0, '127.0.0.1', () => process.stdout.write(JSON.stringify({ port: server.address().port }) + '\n'));
    server.on('close', () => report(echoed / MESSAGE_BYTES, seconds()));
  },

  timer_bytes(count) {
    const timers = new Array(count);
    const fire = () => process.exit(1);
    const before = residentBytes();
    for (let i = 0; i < count; ++i) timers[i] = setTimeout(fire, between(1000, 60000));
    const after = residentBytes();
    check(timers[count - 1].hasRef(), 'the last timer is not armed');
    report(count, after - before);
    process.exit(0);
  },
};

const [name, count] = process.argv.slice(2);
if (!Object.hasOwn(benchmarks, name) || !(Number(count) > 0)) {
  process.stderr.write('usage: node_subject.js BENCH COUNT, where BENCH is one of: ' + Object.keys(benchmarks).join(' ') + '\n');
  process.exit(2);
}
benchmarks[name](Number(count));
