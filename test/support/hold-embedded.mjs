// Started by test/e2e/embedded.e2e.test.ts as a process of its own: starts the embedded server, says so in one line of
// JSON, and stays until it is killed.
import { startEmbedded } from '../../dist/install/embedded/index.js';

const [dataFolder, major] = process.argv.slice(2);
const server = await startEmbedded({ dataFolder, major: Number(major) });
process.stdout.write(`${JSON.stringify({ owner: server.owner, url: server.url })}\n`);
setInterval(() => {}, 60_000);
