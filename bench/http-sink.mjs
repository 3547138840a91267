// A sink in a process of its own: answers 200 to everything, as fast as node:http can. Says its port on stdout, ends with its stdin.
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  request.on('data', () => {});
  request.on('end', () => {
    response.writeHead(200, { 'content-length': 2 });
    response.end('ok');
  });
});
// Longer than any pause of a client, or an idle connection could end under a request.
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit(0)).resume();
