// A runner alone in its process, so that its memory is its own.
//
//   node bench/runner-process.mjs URL PORT SECONDS
import { startRunner } from './deliver.mjs';

const [url, port, forSeconds] = process.argv.slice(2);
let peak = 0;
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss);
}, 50);
const { runner, done } = startRunner({ url }, Number(port));
setTimeout(() => runner.stop(), Number(forSeconds) * 1000);
process.on('disconnect', () => process.exit(0));
const state = await done;
clearInterval(watch);
process.send({ peakMiB: Math.round(peak / 2 ** 20), sent: state.sent, seconds: Number(forSeconds) });
process.disconnect();
