import type { TestDatabase } from './database.js';
import { liveRoute, prepareDelivery } from './delivery-queue.js';
import { pass } from './race.js';

/** Puts into an installed database what the guards of several changes hold: an approval and a delivery that waits. Then stops everything. */
export async function useInstallation(db: TestDatabase): Promise<void> {
  await prepareDelivery(db);
  await liveRoute(db, 'used', { target_kind: 'webhook', target_ref: 'https://shop.example/hook' });
  await db.pool.query("select fn_iu_emit('race', 'changed', 'thing', '1')");
  await pass(db.pool);
  await db.pool.query("select fn_iu_route_set_enabled('used', false, 'test')");
  for (const gate of ['delivery_enabled', 'route_worker_enabled', 'routes_master_enabled']) {
    await db.pool.query('select fn_iu_gate_set($1, false, $2)', [gate, 'test']);
  }
}
