import type { SettingState } from './doctor-facts.js';
import type { Finding } from './finding.js';

/** Numeric settings of an installation: default, least and most, as the SQL that reads them has it. */
export const numericSettings: Readonly<Record<string, readonly [number, number, number]>> = {
  'iu_core.max_payload_bytes': [1_048_576, 4096, 1_000_000_000],
  'iu_core.health_max_silence_seconds': [120, 1, 86_400],
  'iu_core.health_max_undecided_seconds': [300, 1, 604_800],
  'iu_core.health_max_delivery_seconds': [3600, 1, 2_592_000],
  'iu_core.log_partition_events': [10_000_000, 100, 100_000_000_000],
  'iu_core.log_partitions_ahead': [4, 2, 100],
  'iu_core.pause_after_failing_seconds': [86_400, 60, 2_592_000],
  'iu_core.readiness_evidence_max_seconds': [3600, 1, 604_800],
  'iu_core.readiness_backup_max_seconds': [86_400, 1, 31_536_000],
  'iu_core.readiness_test_send_max_seconds': [86_400, 1, 31_536_000],
  'iu_core.readiness_rehearsal_max_seconds': [2_592_000, 1, 31_536_000],
  'iu_core.readiness_min_attempts': [20, 1, 1_000_000],
  'iu_core.readiness_observed_seconds': [3600, 0, 31_536_000],
};

/** The gates, the switch of emission last. A gate without a row is closed. */
export const gateKeys = [
  'iu_core.routes_master_enabled',
  'iu_core.route_worker_enabled',
  'iu_core.delivery_enabled',
  'iu_core.structure_ops_enabled',
  'iu_core.autocut_enabled',
  'iu_core.emission_enabled',
] as const;

/** What else is read of `dot_config`: gates, names, and words. */
export const otherSettings: readonly string[] = [
  ...gateKeys,
  'iu_core.deployment',
  'iu_core.installation',
  'iu_core.ha',
];

/** Settings that do not do what is written: nobody reads them, or what they say is not what counts. */
export function settingFindings(settings: readonly SettingState[]): Finding[] {
  return settings.flatMap(({ key, value }) => {
    const problem = problemOf(key, value);
    return problem === undefined
      ? []
      : [
          {
            code: 'setting_ignored',
            severity: 'yellow',
            message: `the setting ${key} is ${JSON.stringify(value)}: ${problem}`,
            evidence: { key, value },
            action:
              'correct the row of dot_config, or delete it for the default; docs/reference/settings.md has them all',
          } satisfies Finding,
        ];
  });
}

function problemOf(key: string, value: string | null): string | undefined {
  const bounds = numericSettings[key];
  if (bounds === undefined) return otherSettings.includes(key) ? undefined : 'nothing reads a setting of this name';
  const [normal, least, most] = bounds;
  // As fn_iu_setting_number reads it.
  if (!/^[0-9]{1,15}(\.[0-9]{1,6})?$/.test(value ?? '')) return `it is no number, and ${normal} counts`;
  const number = Number(value);
  if (number < least) return `${least} is the least, and counts`;
  return number > most ? `${most} is the most, and counts` : undefined;
}
