import type { Command } from 'commander';

/** What people come for, and the commands for it, in the order of the help. */
const groups: readonly (readonly [heading: string, names: readonly string[]])[] = [
  ['Start:', ['demo', 'config', 'completion']],
  [
    'Install and prove:',
    ['precheck', 'adopt', 'migrate', 'verify', 'probe', 'drift', 'backup', 'activate', 'report', 'uninstall'],
  ],
  [
    'Run and watch:',
    [
      'worker',
      'health',
      'doctor',
      'gate',
      'disable',
      'enable',
      'deployment',
      'gap',
      'cursor',
      'retention',
      'log',
      'prune',
      'redact',
    ],
  ],
  ['Routes and going live:', ['route', 'target', 'secret', 'evidence']],
  ['Events and deliveries:', ['event', 'event-type', 'attempt', 'delivery', 'dead-letter', 'replay']],
  ['Documents and units:', ['document', 'source', 'cut', 'recut', 'unit', 'structure', 'link']],
];

/** A command that nobody put into a group stands here. */
const others = 'More:';

/** Groups the commands of the program by what people come for: thirty in one list are read by nobody. */
export function groupCommands(program: Command): void {
  const place = new Map(groups.flatMap(([heading, names]) => names.map((name) => [name, heading] as const)));
  const order = new Map(groups.flatMap(([, names]) => names).map((name, index) => [name, index]));
  const last = order.size;
  for (const command of program.commands) command.helpGroup(place.get(command.name()) ?? others);
  (program.commands as Command[]).sort(
    (left, right) => (order.get(left.name()) ?? last) - (order.get(right.name()) ?? last),
  );
}
