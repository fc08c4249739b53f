// Serves grpc.testing.BenchmarkService with @grpc/grpc-js. Usage: node server.js HOST:PORT PROTO_FOLDER
'use strict';
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [address, protos] = process.argv.slice(2);
const definition = loader.loadSync('grpc/testing/benchmark_service.proto', { includeDirs: [protos], keepCase: true, longs: Number });
const { BenchmarkService } = grpc.loadPackageDefinition(definition).grpc.testing;

function answer(request) {
  if (request.response_size > 0) return { payload: { body: Buffer.alloc(request.response_size) } };
  return request.payload ? { payload: request.payload } : {};
}

function pingPong(call) {
  call.on('data', (request) => {
    if (!call.write(answer(request))) {
      call.pause();
      call.once('drain', () => call.resume());
    }
  });
  call.on('end', () => call.end());
}

const server = new grpc.Server();
server.addService(BenchmarkService.service, {
  UnaryCall: (call, callback) => callback(null, answer(call.request)),
  StreamingCall: pingPong,
  StreamingBothWays: pingPong,
  StreamingFromClient: (call, callback) => {
    let last = {};
    call.on('data', (request) => { last = request; });
    call.on('end', () => callback(null, answer(last)));
  },
  StreamingFromServer: (call) => {
    const response = answer(call.request);
    const send = () => {
      while (!call.cancelled) {
        if (!call.write(response)) return call.once('drain', send);
      }
    };
    send();
  },
});
server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stderr.write(`event=listening endpoint=grpc address=${address.slice(0, address.lastIndexOf(':'))}:${port}\n`);
});
