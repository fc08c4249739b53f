// Calls every method of a service with @grpc/grpc-js, as a stranger would. usage: node services.js NODE_MODULES files|chat ADDRESS
'use strict';
const assert = require('assert');
const path = require('path');
const [modules, service, address] = process.argv.slice(2);
const grpc = require(path.join(modules, '@grpc/grpc-js'));
const loader = require(path.join(modules, '@grpc/proto-loader'));

const limit = () => ({ deadline: Date.now() + 60000 });
const options = { 'grpc.enable_http_proxy': 0 };
const load = (file) => grpc.loadPackageDefinition(loader.loadSync(file, { includeDirs: ['.'], keepCase: true, longs: Number, oneofs: true }));
const unary = (client, method, request) =>
  new Promise((resolve, reject) => client[method](request, new grpc.Metadata(), limit(), (error, answer) => (error ? reject(error) : resolve(answer))));
const rejects = (promise, code) => assert.rejects(promise, (error) => (assert.strictEqual(error.code, code, error.message), true));

async function files() {
  const client = new (load('protos/files/v1/files.proto').files.v1.Files)(address, grpc.credentials.createInsecure(), options);
  const content = Buffer.alloc(1000000, 'node and rota ');

  const watch = client.Watch({}, limit());
  watch.on('error', () => {});
  const iterator = watch[Symbol.asyncIterator]();
  assert.strictEqual((await iterator.next()).value.event, 1);

  const stored = await new Promise((resolve, reject) => {
    const put = client.Put(new grpc.Metadata(), limit(), (error, answer) => (error ? reject(error) : resolve(answer)));
    put.write({ name: 'from/node' });
    for (let at = 0; at < content.length; at += 100000) put.write({ chunk: content.subarray(at, at + 100000) });
    put.end();
  });
  assert.strictEqual(stored.size, content.length);
  assert.strictEqual(stored.sha256, require('crypto').createHash('sha256').update(content).digest('hex'));
  assert.strictEqual((await iterator.next()).value.file.name, 'from/node');
  watch.cancel();

  const chunks = [];
  for await (const answer of client.Get({ name: 'from/node' }, limit())) chunks.push(answer.chunk);
  assert.ok(Buffer.concat(chunks).equals(content));
  assert.strictEqual((await unary(client, 'Stat', { name: 'from/node', checksum: true })).sha256, stored.sha256);
  assert.deepStrictEqual((await unary(client, 'List', {})).files.map((file) => file.name), ['from/node']);
  await unary(client, 'Remove', { name: 'from/node' });
  await rejects(unary(client, 'Stat', { name: 'from/node' }), grpc.status.NOT_FOUND);
  await rejects(unary(client, 'Stat', { name: '../x' }), grpc.status.INVALID_ARGUMENT);
  client.close();
}

async function chat() {
  const client = new (load('protos/chat/v1/chat.proto').chat.v1.Chat)(address, grpc.credentials.createInsecure(), options);
  const join = client.Join(limit());
  join.write({ room: 'kitchen', member: 'node', text: 'hello' });
  const iterator = join[Symbol.asyncIterator]();
  assert.strictEqual((await iterator.next()).value.joined, 'node');
  assert.strictEqual((await iterator.next()).value.message.text, 'hello');
  assert.deepStrictEqual((await unary(client, 'Members', { room: 'kitchen' })).members, ['node']);
  assert.strictEqual((await unary(client, 'History', { room: 'kitchen' })).messages.length, 1);
  join.end();
  assert.strictEqual((await iterator.next()).done, true);
  assert.deepStrictEqual((await unary(client, 'Members', { room: 'kitchen' })).members, undefined);
  client.close();
}

({ files, chat })[service]().then(
  () => console.log('passed'),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
