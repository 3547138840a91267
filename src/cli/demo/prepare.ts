import { IuError } from '../../contract/errors/index.js';
import { migrateUp, migrateVerify } from '../../install/migrate/index.js';
import { knownRoutes, untouchedGates } from '../../store/demo.js';
import { setGate } from '../../store/gates.js';
import { addRoute, setRouteEnabled } from '../../store/routes.js';
import { connectClient } from '../../store/session.js';

const reason = 'iu demo: dry-run only';

/** Routes that show what a decision can be. None of them is live, none can be without a second person. */
const demoRoutes = [
  {
    route_code: 'demo.everything.webhook',
    event_domain: 'iu',
    event_type: '*',
    target_kind: 'webhook',
    target_ref: 'https://subscriber.example/iu-events',
    ordering: 'subject',
    note: 'demo: every event of the corpus to one subscriber',
  },
  {
    route_code: 'demo.structure.webhook',
    event_domain: 'iu',
    event_type: 'structure_*',
    target_kind: 'webhook',
    target_ref: 'https://editors.example/structure',
    note: 'demo: a prefix of event types',
  },
  {
    route_code: 'demo.later_versions.report',
    event_domain: 'iu',
    event_type: 'version_applied',
    filter: '$.version_seq > 2',
    target_kind: 'report',
    target_ref: 'amended-more-than-once',
    note: 'demo: a filter on the payload',
  },
] as const;

const installedRoute = 'iu.version_applied.workflow';
const gates = [
  'iu_core.routes_master_enabled',
  'iu_core.route_worker_enabled',
  'iu_core.structure_ops_enabled',
  'iu_core.autocut_enabled',
] as const;

/** What was done to make the database ready; empty lists at the second start. */
export interface Preparation {
  readonly changes: readonly string[];
  readonly gatesOpened: readonly string[];
  readonly routesAdded: readonly string[];
}

/**
 * Installs, verifies, opens the gates of routing and of the corpus and adds the dry-run routes. What somebody has changed since stays as
 * it is: a gate that was closed stays closed, a route that was removed or disabled stays so.
 */
export async function prepareDatabase(url: string, schema: string): Promise<Preparation> {
  const client = await connectClient({ url, schema, purpose: 'demo' });
  try {
    const { changes } = await migrateUp(client, { schema });
    const verified = await migrateVerify(client, { schema });
    if (!verified.ok) {
      const failures = verified.failures.map((failure) => `${failure.subject}: ${failure.message}`).join('; ');
      throw new IuError('IU313', { message: `The installed database does not verify: ${failures}.` });
    }
    await client.query('begin');
    const codes = demoRoutes.map((route) => route.route_code);
    const first = (await knownRoutes(client, codes)).size === 0;
    if (first) {
      for (const route of demoRoutes) {
        await addRoute(client, JSON.stringify(route));
        await setRouteEnabled(client, route.route_code, true, reason);
      }
      await setRouteEnabled(client, installedRoute, true, reason);
    }
    const gatesOpened = await untouchedGates(client, gates);
    for (const key of gatesOpened) await setGate(client, { key, open: true, reason });
    await client.query('commit');
    return { changes, gatesOpened, routesAdded: first ? codes : [] };
  } finally {
    await client.end();
  }
}
