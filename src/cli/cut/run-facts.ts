import type { CutRunAnswer } from '../../store/cut.js';
import type { Printer } from '../printer.js';

/** A run as a person reads it. */
export function runLines(run: CutRunAnswer, printer: Printer): string[] {
  const { created, revised, deprecated, moved, anchors_only: anchorsOnly } = run.counts;
  return printer.facts({
    run: run.run_id,
    document: run.document_address,
    revision: run.revision_label,
    state: run.state.replaceAll('_', ' '),
    'waits for': run.waits_for ?? undefined,
    pieces: run.piece_count ?? undefined,
    'doubtful matches': run.doubts > 0 ? run.doubts : undefined,
    written:
      created + revised + deprecated + moved + anchorsOnly > 0
        ? `${created} made, ${revised} revised, ${deprecated} ended, ${moved} moved, ${anchorsOnly} only anchored`
        : undefined,
    manifest: run.manifest_digest,
  });
}

/** Tells each state that a run reaches: that of a large document takes a minute. */
export function stateNotes(printer: Printer): (run: CutRunAnswer) => void {
  return ({ state, piece_count: pieces }) =>
    printer.note(`${state.replaceAll('_', ' ')}${state === 'marked' ? `, ${pieces} pieces` : ''}`);
}

type AtGate = Pick<CutRunAnswer, 'waits_for' | 'manifest_digest'>;

function gateOf({ waits_for: waitsFor }: AtGate): string | undefined {
  return /^gate ([12])$/.exec(waitsFor ?? '')?.[1];
}

/** The beginning of the manifest that an approval names; null when the run waits at no gate. */
export function manifestAtGate(run: AtGate): string | null {
  return gateOf(run) === undefined ? null : run.manifest_digest.slice(0, 12);
}

/** The command that lets a run through the gate at which it waits, with the manifest that stands; undefined when it waits at none. */
export function approvalCommand(run: AtGate & Pick<CutRunAnswer, 'run_id'>): string | undefined {
  const gate = gateOf(run);
  if (gate === undefined) return undefined;
  return `iu cut approve ${run.run_id} --gate ${gate} --manifest ${manifestAtGate(run)} --note TEXT --actor NAME`;
}

/** What to do next, for the person at the terminal. */
export function nextStep(run: CutRunAnswer): string | undefined {
  const id = run.run_id;
  switch (run.waits_for) {
    case 'decisions':
      return `iu cut plan ${id} --fate doubtful, iu cut diff ${id} PIECE, then iu cut decide ${id} PIECE --as UNIT (or --new) --actor NAME`;
    case 'gate 1':
    case 'gate 2':
      return `somebody else than ${run.created_by}: ${approvalCommand(run)}; then iu cut ${run.waits_for === 'gate 1' ? 'apply' : 'enact'} ${id} --actor NAME`;
    case 'person':
      return `iu cut show ${id} says why; iu cut rollback ${id} or iu cut void ${id}`;
    case 'cut':
    case 'plan':
      return `iu cut plan ${id} --again --actor NAME`;
    default:
      return run.state === 'closeout_reported' || run.state.startsWith('voided_')
        ? undefined
        : `iu cut apply ${id} --actor NAME`;
  }
}
