import { isObject } from '../../wire/json.ts';
import type { Json } from '../../wire/json.ts';
import { at, booleanAt, objectsAt } from '../read.ts';
import { wordAt } from './word.ts';

/** What the filters before and behind a model said. */
export interface Guardrail {
  /** `prompt: jailbreak filtered; completion: hate filtered (medium)`, or `passed`; undefined where no filter spoke. */
  readonly text: string | undefined;
  /** Something was held back. */
  readonly denied: boolean;
}

/** Where Azure OpenAI writes what its content filter found; of a stream each chunk may hold a part of it. */
export function guardrailOf(payloads: readonly unknown[]): Guardrail {
  const findings = new Set<string>();
  let spoke = false;
  let denied = false;
  const look = (where: 'prompt' | 'completion', results: unknown): void => {
    if (!isObject(results)) return;
    for (const [category, result] of Object.entries(results)) {
      const found = findingOf(category, result);
      if (found === undefined) continue;
      spoke = true;
      denied ||= found.filtered;
      if (found.text !== undefined) findings.add(`${where}: ${found.text}`);
    }
  };
  for (const payload of payloads) {
    for (const prompt of [
      ...objectsAt(payload, 'prompt_filter_results'),
      ...objectsAt(payload, 'prompt_annotations'),
    ]) {
      look('prompt', prompt['content_filter_results'] ?? prompt['content_filter_result']);
    }
    for (const choice of objectsAt(payload, 'choices')) {
      look('completion', choice['content_filter_results'] ?? choice['content_filter_result']);
    }
    for (const image of objectsAt(payload, 'data')) {
      look('prompt', image['prompt_filter_results']);
      look('completion', image['content_filter_results']);
    }
    // Of the responses API: what was looked at is said beside.
    for (const filter of objectsAt(payload, 'content_filters')) {
      look(filter['source_type'] === 'prompt' ? 'prompt' : 'completion', filter['content_filter_results']);
      if (filter['blocked'] === true) denied = true;
    }
    const inner = at(payload, 'error', 'innererror') ?? at(payload, 'error', 'inner_error');
    look('prompt', at(inner, 'content_filter_result') ?? at(inner, 'content_filter_results'));
  }
  return { text: findings.size === 0 ? (spoke ? 'passed' : undefined) : [...findings].slice(0, 32).join('; '), denied };
}

/** One category: `{filtered, severity}`, `{filtered, detected}`, a block list's `{filtered, details}`, or a filter that failed. */
function findingOf(
  category: string,
  result: Json | undefined,
): { text: string | undefined; filtered: boolean } | undefined {
  const name = wordAt({ category }, 'category');
  if (name === undefined || !isObject(result)) return undefined;
  const fault = name === 'error' ? wordAt(result, 'code') : wordAt(result, 'error', 'code');
  if (fault !== undefined) return { text: `not checked (${fault})`, filtered: false };
  const filtered = booleanAt(result, 'filtered') === true;
  if (booleanAt(result, 'filtered') === undefined && booleanAt(result, 'detected') === undefined) return undefined;
  const severity = wordAt(result, 'severity');
  const grade = severity === undefined || severity === 'safe' ? '' : ` (${severity})`;
  const said = filtered
    ? 'filtered'
    : booleanAt(result, 'detected') === true
      ? 'detected'
      : grade === ''
        ? undefined
        : 'found';
  return { text: said === undefined ? undefined : `${name} ${said}${grade}`, filtered };
}
