// npm run bench NAME [-- --json] [--large] [--quick] [--smoke]; a smoke run shows that it runs, its figures mean nothing
import { cpus, loadavg, platform, totalmem } from 'node:os';
import { startBenchCluster } from './cluster.mjs';
import { benchCut } from './cut.mjs';
import { benchCutBirths } from './cut-births.mjs';
import { benchDeliverRate } from './deliver.mjs';
import { benchBlockedSubject } from './deliver-blocked.mjs';
import { benchDeadTarget, benchLatency, benchMemory, benchStorm } from './deliver-latency.mjs';
import { benchDeliverPeers } from './deliver-peers.mjs';
import { benchPartition } from './partition.mjs';
import { benchPeers } from './peers.mjs';
import { benchProducer } from './producer.mjs';
import { benchPrune } from './prune.mjs';
import { benchRecut } from './recut.mjs';
import { benchRoute } from './route.mjs';
import { benchSend } from './send.mjs';
import { benchTree } from './tree.mjs';

// Producers first: the log and the bare table both begin empty, so that their indexes are of one size.
const parts = {
  route: [benchProducer, benchRoute, benchPeers],
  deliver: [
    benchDeliverRate,
    benchDeliverPeers,
    benchLatency,
    benchDeadTarget,
    benchBlockedSubject,
    benchStorm,
    benchMemory,
  ],
  send: [benchSend],
  prune: [benchPrune],
  partition: [benchPartition],
  tree: [benchTree],
  // Cutting alone, then what reaches the database.
  cut: [benchCut, benchCutBirths],
};
/** Benchmarks without a database: they get no cluster. */
const plainParts = { recut: [benchRecut] };
const name = process.argv[2];
const has = (flag) => process.argv.includes(flag);
const say = (text) => process.stderr.write(`${text}\n`);

if (!(name in parts) && !(name in plainParts)) {
  const names = Object.keys({ ...parts, ...plainParts }).join(', ');
  say(`usage: npm run bench NAME [-- --json] [--large] [--quick] [--smoke]\nnames: ${names}`);
  process.exit(64);
}

const loadBefore = loadavg()[0];
const cluster = name in parts ? await startBenchCluster(say) : null;
const figures = [];
try {
  for (const part of plainParts[name] ?? []) figures.push(...(await part({ say, quick: has('--quick') })));
  const only = process.env.IU_BENCH_PART;
  for (const part of parts[name] ?? []) {
    if (only !== undefined && part.name !== only) continue;
    figures.push(
      ...(await part(cluster, { say, large: has('--large'), quick: has('--quick'), smoke: has('--smoke') })),
    );
  }
} finally {
  await cluster?.stop();
}
const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  platform: platform(),
  node: process.versions.node,
  postgres: cluster?.version ?? null,
  loadBefore: Number(loadBefore.toFixed(2)),
};
const widest = Math.max(...figures.map((one) => one.what.length));
console.log(
  `${name} on ${machine.cores} x ${machine.cpu}, ${cluster ? `PostgreSQL ${machine.postgres}, ` : ''}load before ${machine.loadBefore}`,
);
for (const { what, value, unit, goal, met, note } of figures) {
  const verdict = met === null ? '' : met ? 'met' : 'NOT MET';
  console.log(
    `  ${what.padEnd(widest)}  ${String(value).padStart(10)} ${unit.padEnd(14)} ${(goal ?? '').padEnd(8)} ${verdict.padEnd(8)} ${note ?? ''}`,
  );
}
if (has('--json')) console.log(JSON.stringify({ name, machine, figures }));
