// A sink in a process of its own: answers 200 at once, counts, and tells when each event arrived.
//
//   node bench/sink.mjs          prints {"port": N} and answers questions that come over IPC
import { createServer } from 'node:http';

let count = 0;
let arrivals;
let never = false;
const wallMilliseconds = () => performance.timeOrigin + performance.now();

const server = createServer((request, response) => {
  const id = request.headers['webhook-id'];
  request.resume();
  request.on('end', () => {
    count += 1;
    if (arrivals !== undefined && !arrivals.has(id)) arrivals.set(id, wallMilliseconds());
    if (never) return;
    response.writeHead(200, { 'content-length': 0 });
    response.end();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));

// A benchmark that fails must not leave it behind.
process.on('disconnect', () => process.exit(0));
process.on('message', ({ question, value }) => {
  if (question === 'count') process.send({ count });
  else if (question === 'record') {
    arrivals = new Map();
    process.send({ done: true });
  } else if (question === 'arrivals') process.send({ arrivals: [...(arrivals ?? [])] });
  else if (question === 'never') {
    never = value;
    process.send({ done: true });
  } else if (question === 'end') process.exit(0);
});
