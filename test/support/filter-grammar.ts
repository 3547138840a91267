// A tiny part of jsonpath with an evaluator of its own, so that a test knows what PostgreSQL must answer.
import type { FilterOutcome } from '../../src/contract/decision.js';

export type Scalar = string | number | boolean | null;
export type Payload = Readonly<Record<string, Scalar>>;

/** `$.key operator value`. */
export interface FilterCondition {
  readonly key: string;
  readonly operator: '==' | '>' | '<';
  readonly value: string | number;
}

/** Conditions joined by `&&`; at least one. */
export type FilterExpression = readonly FilterCondition[];

/** The expression as jsonpath text. */
export function filterText(expression: FilterExpression): string {
  return expression.map(({ key, operator, value }) => `$.${key} ${operator} ${JSON.stringify(value)}`).join(' && ');
}

/** What PostgreSQL answers for the expression over the payload. */
export function evaluateFilter(expression: FilterExpression, payload: Payload): FilterOutcome {
  const answers = expression.map((condition) => evaluateCondition(condition, payload));
  if (answers.includes('false')) return { kind: 'false' };
  return { kind: answers.includes('null') ? 'null' : 'true' };
}

/** Reads text of this grammar back; throws for anything else. */
export function parseFilter(text: string): FilterExpression {
  return text.split(' && ').map((part) => {
    const match = /^\$\.(\w+) (==|>|<) (.+)$/.exec(part);
    if (!match) throw new Error(`not in the test grammar: ${part}`);
    const [, key = '', operator, value = ''] = match;
    return { key, operator: operator as FilterCondition['operator'], value: JSON.parse(value) as string | number };
  });
}

function evaluateCondition(condition: FilterCondition, payload: Payload): 'true' | 'false' | 'null' {
  const actual = payload[condition.key];
  // Lax mode: a missing key is an empty sequence, and null compared with anything else is false, not unknown.
  if (actual === undefined || actual === null) return 'false';
  if (typeof actual !== typeof condition.value) return 'null';
  const holds =
    condition.operator === '=='
      ? actual === condition.value
      : condition.operator === '>'
        ? actual > condition.value
        : actual < condition.value;
  return holds ? 'true' : 'false';
}
