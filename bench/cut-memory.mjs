// One cut in a process of its own: node bench/cut-memory.mjs MEDIA_TYPE MEBIBYTES
import { cutDocument } from '../dist/cut/cut-document.js';
import { documentOf } from './cut.mjs';

const [mediaType, mebibytes] = process.argv.slice(2);
// Only bytes stay of what made the document: strings of that time would hide what the cut needs.
const bytes = Buffer.from(documentOf(mediaType, Number(mebibytes) * 1024 * 1024));
global.gc?.();
await new Promise((resolve) => setTimeout(resolve, 200));
const before = process.memoryUsage.rss();
const peakBefore = process.resourceUsage().maxRSS * 1024;
const cut = cutDocument(bytes, { mediaType, grammar: 'none', maxBytes: 2 ** 31 });
const peak = process.resourceUsage().maxRSS * 1024;
process.send?.({
  peakBytes: Math.max(peak > peakBefore ? peak - before : 0, process.memoryUsage.rss() - before),
  pieces: cut.pieces.length,
});
process.disconnect?.();
