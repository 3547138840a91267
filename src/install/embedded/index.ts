import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { embeddedUrl, ensureDatabase } from '../../store/embedded.js';
import { findBinaries, usableBinaries } from './binaries.js';
import { ensureCluster, partsOf, prepareDataFolder, readCluster } from './folder.js';
import { type Launch, launch } from './launch.js';
import { superviseServer } from './supervise.js';

/** Major version of the binaries that the package depends on. */
export const embeddedMajor = 17;

/** Name of the database that the embedded server keeps IU Core in. */
const databaseName = 'iu_core';

export interface EmbeddedOptions {
  /** Kept from start to start; `.iu/postgres-<major>` in the current folder when not said. */
  readonly dataFolder?: string | undefined;
  readonly major?: number | undefined;
  /** Told in sentences what happens: folders, copies, restarts. */
  readonly log?: ((message: string) => void) | undefined;
  /** Server settings over ours; for tests. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** False skips every fsync: for data that a crash of the machine may take. */
  readonly durable?: boolean | undefined;
}

/** A running embedded server. */
export interface EmbeddedServer {
  /** Address of its database `iu_core`, with the password. */
  readonly url: string;
  /** Where the data really lies; not the folder asked for where the server's user cannot enter that one. */
  readonly dataFolder: string;
  /** True for the one process in charge: it restarts the server after a crash and stops it at its own end. */
  readonly owner: boolean;
  readonly serverPid: number;
  /** Stops the server when we are the owner, otherwise only lets go of it. */
  stop(): Promise<void>;
}

/**
 * Starts the embedded PostgreSQL, or attaches to the one that already runs on the data folder.
 *
 * Listens on 127.0.0.1 only, with a random password kept in the data folder. One process is the owner. When the owner
 * ends in whatever way the server is shut down with it; one that was left over all the same is adopted by the next start.
 */
export async function startEmbedded(options: EmbeddedOptions = {}): Promise<EmbeddedServer> {
  const log = options.log ?? (() => {});
  const major = options.major ?? embeddedMajor;
  const durable = options.durable ?? true;
  const asked = options.dataFolder ?? join('.iu', `postgres-${major}`);
  const found = findBinaries(major);
  const place = prepareDataFolder(asked);
  if (place.movedFrom !== undefined) {
    log(`User ${place.account?.uid} cannot enter ${place.movedFrom}: the data is kept in ${place.folder} instead.`);
  }
  const binaries = usableBinaries(found, place.account, place.folder);
  if (binaries.folder !== found.folder) log(`PostgreSQL runs from a copy in ${binaries.folder}.`);
  ensureCluster(place, binaries, durable);
  const cluster = readCluster(place.folder, major);
  const job: Launch = {
    place,
    binariesFolder: binaries.folder,
    password: cluster.password,
    // The server reports the resolved path, and the pid file lies there.
    dataDirectory: realpathSync(partsOf(place.folder).data),
    settings: {
      ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
      ...options.settings,
    },
    log,
  };
  const started = await launch(job, cluster.rememberedPort);
  await ensureDatabase(started.client, databaseName);
  const url = embeddedUrl(started.port, cluster.password, databaseName);
  const shared = { url, dataFolder: place.folder };
  if (!started.owner) {
    await started.client.end();
    return { ...shared, owner: false, serverPid: started.pid, stop: async () => {} };
  }
  const supervised = superviseServer(job, started);
  return {
    ...shared,
    owner: true,
    get serverPid() {
      return supervised.pid();
    },
    stop: () => supervised.stop(),
  };
}
