import type { Command } from 'commander';
import { claimDeployment, type DeploymentRow, deploymentStanding, listDeployments } from '../../store/targets.js';
import { type CliContext, withExamples } from '../context.js';
import { countedId } from '../global-options.js';
import { holdSentence } from '../hold.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import type { Column } from '../table.js';

const claimColumns: readonly Column<DeploymentRow>[] = [
  { title: 'id', value: (row) => row.claim_id, align: 'right' },
  { title: 'when', value: (row) => row.claimed_at },
  { title: 'name', value: (row) => row.name },
  { title: 'by', value: (row) => row.claimed_by },
  { title: 'cluster', value: (row) => row.system_identifier },
  { title: 'timeline', value: (row) => row.timeline, align: 'right' },
  { title: 'reason', value: (row) => row.reason },
];

function registerClaim(deployment: Command, context: CliContext): void {
  withExamples(
    deployment
      .command('claim')
      .description('Say that this database is the real one and what it is called; runners under this name may send')
      .argument('<name>', 'letters, digits, dot, dash or underscore, 63 at most')
      .requiredOption('--reason <text>', 'why; it stands in the claim'),
    "iu deployment claim production --reason 'first installation'",
  ).action(async (name: string, options: { reason: string }, command: Command) => {
    const result = await context.withDatabase(command, ({ pool }) => claimDeployment(pool, name, options.reason));
    const was = result.was === null || result.was === result.name ? '' : `, it was ${result.was}`;
    context
      .printer(command)
      .result(result, () => [
        `This database is ${result.name}${was}. A runner sends from here with IU_DEPLOYMENT=${result.name}.`,
        ...(result.was_timeline !== null && result.was_timeline !== result.timeline
          ? [
              `This server was promoted or restored (timeline ${result.was_timeline} when it was claimed last, ${result.timeline} now): what only the former primary had may be missing, and nothing here can tell. How to look: docs/how-to/failover.md`,
            ]
          : []),
        ...(result.waiting > 0
          ? [
              `${result.waiting} deliveries wait. After a restore each may have been sent before, under the same id: iu delivery list`,
            ]
          : []),
      ]);
  });
}

function registerShow(deployment: Command, context: CliContext): void {
  const show = deployment
    .command('show')
    .description('What this database is called, who said so, and whether a runner under IU_DEPLOYMENT may send');
  withExamples(withPaging(show, countedId), 'iu deployment show', 'iu deployment show --deployment staging').action(
    async (options: PageOptions, command: Command) => {
      const mine = context.config(command).deployment ?? null;
      const { standing, page } = await context.withDatabase(command, async ({ pool }) => ({
        standing: await deploymentStanding(pool, mine),
        page: await listDeployments(pool, options),
      }));
      const printer = context.printer(command);
      const again = commandLineWithout(context.words, ['--after']);
      printer.result({ ...standing, own_name: mine, items: page.items, next: page.next }, () => [
        ...printer.facts({
          deployment: standing.name,
          IU_DEPLOYMENT: mine,
          'may send': standing.hold === null,
          why: standing.hold === null ? undefined : holdSentence(standing.hold, 'ROUTE'),
        }),
        ...(page.items.length === 0 ? ['nobody claimed it'] : printer.table(claimColumns, page.items)),
      ]);
      if (page.next !== null) printer.note(`more: ${again} --after ${page.next}`);
    },
  );
}

/** `iu deployment claim|show`. */
export function register(program: Command, context: CliContext): void {
  const deployment = withExamples(
    program
      .command('deployment')
      .description('Which database is the real one: a copy under another name sends nothing'),
    'iu deployment show',
  );
  registerClaim(deployment, context);
  registerShow(deployment, context);
}
