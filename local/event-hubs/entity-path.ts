/**
 * What a link's address names. Names of hubs and groups are compared in lower case, as in Azure.
 *
 *     $cbs | $management | <hub> | <hub>/Partitions/<n> | <hub>/ConsumerGroups/<group>/Partitions/<n>
 */
export type EntityPath =
  | { readonly kind: 'cbs' }
  | { readonly kind: 'management' }
  | { readonly kind: 'hub'; readonly hub: string; readonly partition: string | undefined }
  | { readonly kind: 'reader'; readonly hub: string; readonly group: string; readonly partition: string }
  | { readonly kind: 'unknown' };

export function parseEntityPath(address: string): EntityPath {
  // Some SDKs give the whole URL.
  const path = address.replace(/^[a-z]+:\/\/[^/]*/, '').replace(/^\//, '');
  const parts = path.split('/');
  const [hub = '', second = '', group = '', fourth = '', partition = ''] = parts;
  if (path === '$cbs') return { kind: 'cbs' };
  if (parts.at(-1) === '$management') return { kind: 'management' };
  if (parts.length === 1 && hub !== '') return { kind: 'hub', hub, partition: undefined };
  if (parts.length === 3 && second.toLowerCase() === 'partitions') return { kind: 'hub', hub, partition: group };
  if (parts.length === 5 && second.toLowerCase() === 'consumergroups' && fourth.toLowerCase() === 'partitions') {
    return { kind: 'reader', hub, group, partition };
  }
  return { kind: 'unknown' };
}
