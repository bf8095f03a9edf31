import { draftsOf } from './entra-audit/draft.ts';
import { eventIdOf, readEvent } from './entra-audit/event.ts';
import { isSignIn, signInDraft } from './entra-audit/sign-in.ts';
import type { Normalizer } from './normalizer.ts';
import { deliveryOfEntries, entriesOf, onOneLine, partsOfEntries } from './table-row.ts';

/**
 * The audit log of Entra ID: rows of the table `AuditLogs`, records of diagnostic settings, and Graph's `directoryAudit`. One
 * record per entry; a consent that makes several grants has one for each. Sign-ins, which exports mix in, are read too.
 * https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities
 */
export const entraAuditNormalizer: Normalizer = {
  source: 'entra-audit',
  version: 1,
  deliveryOf(body) {
    return deliveryOfEntries(body, eventIdOf);
  },
  normalize({ body }) {
    const entries = entriesOf(body);
    const parts = partsOfEntries(entries, eventIdOf);
    return entries
      .flatMap((entry, index) => {
        const part = parts[index] ?? '';
        return isSignIn(entry) ? [signInDraft(entry, part)] : draftsOf(readEvent(entry, part));
      })
      .map(onOneLine);
  },
};
