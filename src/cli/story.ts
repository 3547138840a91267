import type { EventStory, StoryAttempt, StoryDeadLetter } from '../store/events.js';
import { printable } from './printable.js';

const reasonWords: Readonly<Record<string, string>> = {
  no_route: 'no route matched it',
  route_removed: 'the route was removed',
  route_disabled: 'the route was disabled',
  filtered: 'the filter of the route said no',
  not_approved: 'the route has no valid approval for this version, so nothing was sent',
};

function reasonOf(attempt: StoryAttempt): string {
  if (attempt.failure_code !== null) return `failure ${attempt.failure_code}`;
  if (attempt.reason === null) return '';
  return reasonWords[attempt.reason] ?? attempt.reason;
}

const statusWords: Readonly<Record<string, string>> = {
  dry_run: 'decided dry-run: nothing was sent, the request was kept',
  skipped: 'skipped',
  queued: 'queued for delivery',
  failed: 'failed',
  sent: 'sent and confirmed',
  unknown: 'was sent without a full answer: whether it arrived is unknown',
  cancelled: 'cancelled',
  pending: 'captured, dry-run',
};

function routeOf(attempt: StoryAttempt): string {
  if (attempt.route_code === '-') return 'No route';
  const version = attempt.route_version === null ? '' : `, version ${attempt.route_version}`;
  return `Route ${attempt.route_code}${version}`;
}

function attemptSentence(attempt: StoryAttempt): string {
  const reason = reasonOf(attempt);
  const why = reason === '' ? '' : ` (${reason})`;
  const what = statusWords[attempt.status] ?? attempt.status;
  return `  ${attempt.started_at}  ${routeOf(attempt)}, attempt ${attempt.attempt_no}: ${what}${why}.`;
}

function deadLetterSentences(letter: StoryDeadLetter): string[] {
  const head = `  ${letter.created_at}  Dead letter ${letter.dead_letter_id}, route ${letter.route_code}, attempt ${letter.attempt_no}: ${letter.failure_code}`;
  const detail = letter.failure_detail === null ? '.' : ` ${letter.failure_detail}`;
  const state =
    letter.resolved_at === null
      ? '    It is open.'
      : `    ${letter.resolution === 'replayed' ? 'Replayed' : 'Resolved'} ${letter.resolved_at} by ${letter.resolved_by ?? 'somebody'}${
          letter.resolution_note === null ? '' : `: ${letter.resolution_note}`
        }.`;
  return [`${head}${detail}`, state];
}

function recordedSentences(story: EventStory): string[] {
  const { event } = story;
  const subject = `about ${event.event_subject_table} ${event.event_subject_ref ?? '?'}`;
  const address = event.canonical_address === '' ? '' : ` at ${event.canonical_address}`;
  const correlation = event.correlation_id === null ? '' : `, correlation ${event.correlation_id}`;
  return [
    `Event ${event.id}, seq ${event.seq}: ${event.event_domain}/${event.event_type} ${subject}${address}.`,
    `Recorded ${event.created_at} by ${event.actor_ref} from ${event.source_system}, in transaction ${event.tx_id}${correlation}.`,
    `Stream ${event.event_stream}, lane ${event.delivery_lane}${event.event_severity === null ? '' : `, severity ${event.event_severity}`}.`,
  ];
}

function decisionSentences(story: EventStory): string[] {
  const worker = story.worker_name ?? '-';
  switch (story.state) {
    case 'decided':
      return [
        `Decided for worker ${worker}; ${story.attempts.length === 1 ? 'one attempt' : `${story.attempts.length} attempts`}:`,
      ];
    case 'undecided':
      return [`Not decided yet: it waits for a pass of worker ${worker}.`];
    case 'before_base':
      return [`Not decided: it was recorded before worker ${worker} began, and belongs to nobody's books.`];
    case 'without_owner':
      return [`Not decided: no worker owns the domain ${story.event.event_domain}.`];
  }
}

/** The latest attempt of each route: what the event came to. */
function latestAttempts(story: EventStory): StoryAttempt[] {
  const latest = new Map<number, StoryAttempt>();
  for (const attempt of story.attempts) latest.set(attempt.route_id, attempt);
  return [...latest.values()];
}

/** What somebody can or has to do next, as sentences with commands. */
export function nextSteps(story: EventStory): string[] {
  const steps: string[] = [];
  const domain = story.event.event_domain;
  if (story.state === 'without_owner') {
    steps.push(`Give the domain a worker: iu cursor register NAME --domain ${domain} --from beginning`);
  }
  if (story.state === 'undecided') steps.push('Run a pass: iu worker --once; if it stays, iu health says why.');
  for (const letter of story.dead_letters.filter(({ resolved_at }) => resolved_at === null)) {
    steps.push(
      `Correct the cause, then: iu dead-letter replay ${letter.dead_letter_id}   (or iu dead-letter resolve ${letter.dead_letter_id} --note TEXT)`,
    );
  }
  if (story.deliveries.length > 0)
    steps.push('A delivery waits; it is sent once the delivery gate is open: iu gate list');
  const isRedacted = story.event.safe_payload.startsWith('{"iu_redacted": ');
  if (isRedacted) steps.push('It was redacted: nothing of it is ever sent again; iu redact list tells who asked.');
  for (const { status, reason, route_code: route, route_removed: isGone } of latestAttempts(story)) {
    if (isGone || isRedacted) continue;
    if (status === 'skipped' && reason === 'no_route') {
      steps.push('If a route should take it: iu route add CODE ..., then iu event revive --reason no_route');
    } else if (status === 'skipped' && reason === 'route_disabled') {
      steps.push(`If it should go out: iu route enable ${route} --reason TEXT, then iu event revive --route ${route}`);
    } else if (status === 'unknown') {
      steps.push(`Ask the receiver of ${route} whether it has ${story.event.id} before it is sent again.`);
    }
  }
  return steps.length > 0 ? steps : ['Nothing: the event came to its end.'];
}

/** The whole story of one event in sentences. The payload stands as the database wrote it. */
export function storyLines(story: EventStory): string[] {
  const deliveries = story.deliveries.map((delivery) => {
    const lease = delivery.lease_until === null ? '' : `, claimed until ${delivery.lease_until}`;
    return `  Delivery to ${delivery.route_code}: attempt ${delivery.attempt_no} was the last, due ${delivery.due_at}${lease}; sent ${delivery.sends} times so far.`;
  });
  const sentences = [
    ...recordedSentences(story),
    ...decisionSentences(story),
    ...story.attempts.map(attemptSentence),
    ...story.dead_letters.flatMap(deadLetterSentences),
    ...deliveries,
    'Next:',
    ...nextSteps(story).map((step) => `  ${step}`),
  ].map(printable);
  return [...sentences, 'Payload:', `  ${story.event.safe_payload}`];
}
