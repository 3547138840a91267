/** What a runner says about a hold of fn_iu_delivery_hold, or its own. */
export function holdSentence(hold: string): string {
  return sentences[hold] ?? `deliveries are held: ${hold}`;
}

const sentences: Readonly<Record<string, string>> = {
  master_gate_closed: 'deliveries are held: the master gate is closed',
  delivery_gate_closed: 'deliveries are held: the delivery gate is closed',
  deployment_unclaimed:
    'deliveries are held: nobody claimed this database; iu deployment claim NAME says that it is the real one',
  deployment_not_named: 'deliveries are held: this process has no IU_DEPLOYMENT',
  deployment_differs: 'deliveries are held: IU_DEPLOYMENT is not the name of this installation, this may be a copy',
  cluster_changed:
    'deliveries are held: this is another cluster or database than the one that was claimed, perhaps a copy',
  timeline_changed:
    'deliveries are held: the server was promoted or restored; iu deployment claim when it is the real one; what only the former primary had may be missing (docs/how-to/failover.md)',
  clock_skew: 'deliveries are held: the clock of this machine is more than 30 s off the server',
};
