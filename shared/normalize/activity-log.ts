import { entryIdOf, readEntry } from './activity-log/entry.ts';
import { operationDraft } from './activity-log/operation.ts';
import { policyDraft, policyEffectOf } from './activity-log/policy.ts';
import { reportDraft, reportKindOf } from './activity-log/report.ts';
import { isStorageAccess, storageDraft } from './activity-log/storage.ts';
import type { Normalizer, RecordDraft } from './normalizer.ts';
import { deliveryOfEntries, entriesOf, onOneLine, partsOfEntries } from './table-row.ts';
import type { JsonObject } from '../wire/json.ts';

/**
 * The Azure Activity Log, all categories: rows of the table `AzureActivity`, records of diagnostic settings, and events of the
 * REST API. One record per entry; each step of an operation is an entry. What Event Grid reports of the same operation is
 * joined by the links `operation` and `correlation`.
 * https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema
 */
export const activityLogNormalizer: Normalizer = {
  source: 'activity-log',
  version: 1,
  deliveryOf(body) {
    return deliveryOfEntries(body, entryIdOf);
  },
  normalize({ body }) {
    const entries = entriesOf(body);
    const parts = partsOfEntries(entries, entryIdOf);
    return entries.map((entry, index) => onOneLine(draftOf(entry, parts[index] ?? '')));
  },
};

function draftOf(json: JsonObject, part: string): RecordDraft {
  const entry = readEntry(json, part);
  if (isStorageAccess(entry)) return storageDraft(entry);
  // Some exports file what a policy did under Administrative.
  if (entry.category === 'policy' || policyEffectOf(entry.operation) !== undefined) return policyDraft(entry);
  const report = reportKindOf(entry);
  return report === undefined ? operationDraft(entry) : reportDraft(entry, report);
}
