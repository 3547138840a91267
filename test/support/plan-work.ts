import type pg from 'pg';

/** A node of a plan as `auto_explain` prints it in JSON. */
interface PlanNode {
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** A statement that ran, also inside of functions, with the plan it ran by. */
export interface RunPlan {
  readonly text: string;
  readonly plan: PlanNode;
}

/** Lets `auto_explain` tell of every statement of a superuser's session from here on that takes `atLeastMs`; the list fills as they end. */
export async function watchPlans(client: pg.Client, atLeastMs = 0): Promise<readonly RunPlan[]> {
  const plans: RunPlan[] = [];
  client.on('notice', ({ message = '' }) => {
    if (!message.includes('plan:')) return;
    const read = JSON.parse(message.slice(message.indexOf('{')));
    plans.push({ text: read['Query Text'], plan: read.Plan });
  });
  await client.query(`load 'auto_explain'`);
  for (const setting of [
    'client_min_messages = log',
    `auto_explain.log_min_duration = '${atLeastMs}ms'`,
    'auto_explain.log_nested_statements = on',
    'auto_explain.log_analyze = on',
    'auto_explain.log_timing = off',
    `auto_explain.log_format = 'json'`,
  ])
    await client.query(`set ${setting}`);
  return plans;
}

/** Pairs of rows that the joins of a plan looked at and threw away. */
export function pairsRefused(node: PlanNode): number {
  return sum(node, (one) => one['Rows Removed by Join Filter'] ?? 0);
}

/** Rows that the nodes of a plan gave or threw away, all together. */
export function rowsLookedAt(node: PlanNode): number {
  return sum(
    node,
    (one) =>
      (one['Actual Rows'] ?? 0) + (one['Rows Removed by Filter'] ?? 0) + (one['Rows Removed by Join Filter'] ?? 0),
  );
}

function sum(node: PlanNode, rows: (node: PlanNode) => number): number {
  const own = rows(node) * (node['Actual Loops'] ?? 1);
  return (node.Plans ?? []).reduce((total, below) => total + sum(below, rows), own);
}
