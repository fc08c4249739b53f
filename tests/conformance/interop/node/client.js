// Runs one interoperability case with @grpc/grpc-js, or `all`; `list` prints the names of all.
// usage: node client.js NODE_MODULES ADDRESS CASE [CA [CERTIFICATE KEY]]
// Source: https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md.
'use strict';
const assert = require('assert');
const fs = require('fs');
const net = require('net');
const path = require('path');
const [modules, address, wanted, ca, certificate, key] = process.argv.slice(2);
const grpc = require(path.join(modules, '@grpc/grpc-js'));
const loader = require(path.join(modules, '@grpc/proto-loader'));

const testing = grpc.loadPackageDefinition(
  loader.loadSync('grpc/testing/test.proto', { includeDirs: ['/usr/share/grpc-proto'], keepCase: true, longs: Number, defaults: true }),
).grpc.testing;
const gzip = { 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip };
const largeRequest = 271828;
const largeResponse = 314159;
const initialKey = 'x-grpc-test-echo-initial';
const trailingKey = 'x-grpc-test-echo-trailing-bin';

function credentials() {
  if (!ca) return grpc.credentials.createInsecure();
  return grpc.credentials.createSsl(fs.readFileSync(ca), key ? fs.readFileSync(key) : null, certificate ? fs.readFileSync(certificate) : null);
}
const options = { 'grpc.enable_http_proxy': 0, 'grpc.use_local_subchannel_pool': 1, 'grpc.max_receive_message_length': -1 };
const connect = (Service = testing.TestService, extra = {}, to = address) => new Service(to, credentials(), { ...options, ...extra });
const limit = () => ({ deadline: Date.now() + 60000 });
const zeros = (size) => Buffer.alloc(size);
const expectZeros = (payload, size) => assert.ok(payload.body.equals(zeros(size)), `a payload of ${payload.body.length} bytes instead of ${size}`);
const parameters = (...sizes) => ({ response_parameters: sizes.map((size) => ({ size })) });

// One call with one answer: its headers, trailers and message. Rejects with the status.
const unary = (client, method, request, metadata = new grpc.Metadata()) =>
  new Promise((resolve, reject) => {
    const result = {};
    const call = client[method](request, metadata, limit(), (error, message) => {
      if (error) return reject(error);
      result.message = message;
      if (result.trailers) resolve(result);
    });
    call.on('metadata', (headers) => (result.headers = headers));
    call.on('status', (status) => {
      result.trailers = status.metadata;
      if (result.message) resolve(result);
    });
  });
const rejects = (promise, code) => assert.rejects(promise, (error) => (assert.strictEqual(error.code, code, error.message), true));
// A stream whose messages are taken one by one and whose end is a promise of the status.
function duplex(client, metadata = new grpc.Metadata(), callOptions = limit()) {
  const call = client.FullDuplexCall(metadata, callOptions);
  call.on('metadata', (headers) => (call.headers = headers));
  call.ended = new Promise((resolve) => call.on('status', resolve));
  call.on('error', () => {});
  call.messages = call[Symbol.asyncIterator]();
  call.next = async () => (await call.messages.next()).value;
  return call;
}
const largeUnary = async (client, extra = {}) => {
  const { message } = await unary(client, 'UnaryCall', { response_size: largeResponse, payload: { body: zeros(largeRequest) }, ...extra });
  expectZeros(message.payload, largeResponse);
};

// grpc-js does not say whether a message came compressed, so the bytes on the wire are counted by a relay.
async function countingRelay() {
  const [, host, port] = /^(.*):(\d+)$/.exec(address);
  const relay = { bytes: 0 };
  const server = net.createServer((near) => {
    const far = net.connect(Number(port), host);
    for (const socket of [near, far]) socket.on('error', () => {});
    far.on('data', (bytes) => (relay.bytes += bytes.length));
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  relay.address = `127.0.0.1:${server.address().port}`;
  relay.close = () => server.close();
  return relay;
}
async function expectBytesOnWire(call, { least = 0, most = Infinity }) {
  const relay = await countingRelay();
  const client = connect(testing.TestService, {}, relay.address);
  await call(client);
  client.close();
  relay.close();
  assert.ok(relay.bytes >= least && relay.bytes <= most, `${relay.bytes} bytes came over the wire, not ${least} to ${most}`);
}

function inputStream(client) {
  let call;
  const result = new Promise((resolve, reject) => {
    call = client.StreamingInputCall(new grpc.Metadata(), limit(), (error, answer) => (error ? reject(error) : resolve(answer)));
  });
  call.on('error', () => {});
  // With write flags, which Node's write() does not let through.
  const write = (message, flags = 0) => new Promise((resolve) => call._write(message, flags, resolve));
  return { call, result, write };
}
const inputRequest = (expected, size) => ({ expect_compressed: { value: expected }, payload: { body: zeros(size) } });
const streamingOutput = async (client, request, check) => {
  let seen = 0;
  for await (const message of client.StreamingOutputCall(request, limit())) {
    expectZeros(message.payload, request.response_parameters[seen].size);
    ++seen;
  }
  assert.strictEqual(seen, request.response_parameters.length);
};

const cases = {
  async empty_unary() {
    await unary(connect(), 'EmptyCall', {});
  },
  async large_unary() {
    await largeUnary(connect());
  },
  async rpc_soak() {
    const client = connect();
    for (let i = 0; i < 100; ++i) await largeUnary(client);
  },
  async channel_soak() {
    for (let i = 0; i < 20; ++i) {
      const client = connect();
      await largeUnary(client);
      client.close();
    }
  },
  async client_compressed_unary() {
    const [plain, packed] = [connect(), connect(testing.TestService, gzip)];
    await rejects(largeUnary(plain, { expect_compressed: { value: true } }), grpc.status.INVALID_ARGUMENT);
    await largeUnary(packed, { expect_compressed: { value: true } });
    await largeUnary(plain, { expect_compressed: { value: false } });
  },
  async client_compressed_streaming() {
    const probe = inputStream(connect());
    await probe.write(inputRequest(true, 27182));
    await rejects(probe.result, grpc.status.INVALID_ARGUMENT);
    const { call, result, write } = inputStream(connect(testing.TestService, gzip));
    await write(inputRequest(true, 27182));
    await write(inputRequest(false, 45904), 2 /* no compression */);
    call.end();
    assert.strictEqual((await result).aggregated_payload_size, 73086);
  },
  async server_compressed_unary() {
    const request = (value) => (client) => largeUnary(client, { response_compressed: { value } });
    await expectBytesOnWire(request(true), { most: 20000 });
    await expectBytesOnWire(request(false), { least: largeResponse });
  },
  async server_compressed_streaming() {
    const request = (first, second) => (client) =>
      streamingOutput(client, {
        response_parameters: [
          { size: 31415, compressed: { value: first } },
          { size: 92653, compressed: { value: second } },
        ],
      });
    await expectBytesOnWire(request(true, true), { most: 20000 });
    await expectBytesOnWire(request(true, false), { least: 92653, most: 92653 + 20000 });
    await expectBytesOnWire(request(false, true), { least: 31415, most: 31415 + 20000 });
  },
  async client_streaming() {
    const { call, result } = inputStream(connect());
    for (const size of [27182, 8, 1828, 45904]) call.write({ payload: { body: zeros(size) } });
    call.end();
    assert.strictEqual((await result).aggregated_payload_size, 74922);
  },
  async server_streaming() {
    await streamingOutput(connect(), parameters(31415, 9, 2653, 58979));
  },
  async ping_pong() {
    const call = duplex(connect());
    for (const [request, response] of [[27182, 31415], [8, 9], [1828, 2653], [45904, 58979]]) {
      call.write({ ...parameters(response), payload: { body: zeros(request) } });
      expectZeros((await call.next()).payload, response);
    }
    call.end();
    assert.strictEqual(await call.next(), undefined);
    assert.strictEqual((await call.ended).code, grpc.status.OK);
  },
  async empty_stream() {
    const call = duplex(connect());
    call.end();
    assert.strictEqual(await call.next(), undefined);
    assert.strictEqual((await call.ended).code, grpc.status.OK);
  },
  async cancel_after_begin() {
    const { call, result } = inputStream(connect());
    call.cancel();
    await rejects(result, grpc.status.CANCELLED);
  },
  async cancel_after_first_response() {
    const call = duplex(connect());
    call.write({ ...parameters(31415), payload: { body: zeros(27182) } });
    expectZeros((await call.next()).payload, 31415);
    call.cancel();
    assert.strictEqual((await call.ended).code, grpc.status.CANCELLED);
  },
  async timeout_on_sleeping_server() {
    const client = connect();
    await unary(client, 'EmptyCall', {});
    const call = duplex(client, new grpc.Metadata(), { deadline: Date.now() + 1 });
    call.write({ ...parameters(31415), payload: { body: zeros(27182) } });
    assert.strictEqual((await call.ended).code, grpc.status.DEADLINE_EXCEEDED);
  },
  async custom_metadata() {
    const client = connect();
    const metadata = new grpc.Metadata();
    metadata.set(initialKey, 'test_initial_metadata_value');
    metadata.set(trailingKey, Buffer.from([0xab, 0xab, 0xab]));
    const check = (headers, trailers) => {
      assert.deepStrictEqual(headers.get(initialKey), ['test_initial_metadata_value']);
      assert.deepStrictEqual(trailers.get(trailingKey), [Buffer.from([0xab, 0xab, 0xab])]);
    };
    const { headers, trailers } = await unary(client, 'UnaryCall', { response_size: largeResponse, payload: { body: zeros(largeRequest) } }, metadata);
    check(headers, trailers);
    const call = duplex(client, metadata);
    call.write({ ...parameters(largeResponse), payload: { body: zeros(largeRequest) } });
    expectZeros((await call.next()).payload, largeResponse);
    call.end();
    assert.strictEqual(await call.next(), undefined);
    const status = await call.ended;
    assert.strictEqual(status.code, grpc.status.OK);
    check(call.headers, status.metadata);
  },
  async status_code_and_message() {
    const client = connect();
    const response_status = { code: 2, message: 'test status message' };
    const check = (error) => (assert.deepStrictEqual([error.code, error.details], [2, 'test status message']), true);
    await assert.rejects(unary(client, 'UnaryCall', { response_status }), check);
    const call = duplex(client);
    call.write({ response_status });
    call.end();
    check(await call.ended);
  },
  async special_status_message() {
    const message = '\t\ntest with whitespace\r\nand Unicode BMP \u263A and non-BMP \u{1F608}\t\n';
    await assert.rejects(unary(connect(), 'UnaryCall', { response_status: { code: 2, message } }), (error) => {
      assert.deepStrictEqual([error.code, error.details], [2, message]);
      return true;
    });
  },
  async unimplemented_method() {
    await rejects(unary(connect(), 'UnimplementedCall', {}), grpc.status.UNIMPLEMENTED);
  },
  async unimplemented_service() {
    await rejects(unary(connect(testing.UnimplementedService), 'UnimplementedCall', {}), grpc.status.UNIMPLEMENTED);
  },
};

async function main() {
  if (wanted === 'list') return console.log(Object.keys(cases).join('\n'));
  for (const name of wanted === 'all' ? Object.keys(cases) : [wanted]) {
    if (!cases[name]) throw new Error(`there is no case '${name}'`);
    try {
      await cases[name]();
    } catch (error) {
      throw new Error(name, { cause: error });
    }
    console.log(`${name} ok`);
  }
}
main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
