import { FormatError } from '../errors.ts';
import { parseJson } from '../wire/json.ts';
import { draftsOf } from './azure-devops-audit/draft.ts';
import { auditDelivery, readAuditBody } from './azure-devops-audit/entry.ts';
import type { Normalizer } from './normalizer.ts';

/**
 * Entries of the audit log of an Azure DevOps organization: events of its stream to Event Grid, rows of the table
 * `AzureDevOpsAuditing`, and what the REST API and exports give. An entry has the same delivery and the same records by
 * every way. https://learn.microsoft.com/azure/devops/organizations/audit/azure-devops-auditing
 */
export const azureDevopsAuditNormalizer: Normalizer = {
  source: 'azure-devops-audit',
  version: 1,
  deliveryOf(body) {
    try {
      return auditDelivery(parseJson(body));
    } catch (error) {
      if (error instanceof FormatError) return undefined;
      throw error;
    }
  },
  normalize(input) {
    const { entries, batch } = readAuditBody(input.body);
    if (!batch) return entries.flatMap(draftsOf);
    // Each entry's records keep their own names behind its id, wherever on a page it stands.
    return entries.flatMap((entry) =>
      draftsOf(entry).map((draft) => ({ ...draft, part: draft.part === '' ? entry.id : `${entry.id}/${draft.part}` })),
    );
  },
};
