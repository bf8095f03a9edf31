import type { BlobDocument, BlobMetadataStore, RequestContext, StorageErrorClass } from './azurite.ts';
import type { WormPolicies } from './worm-policies.ts';

/**
 * Answers as Azure does where a container has a time-based retention policy or a legal hold, or where the identity may
 * only create. Which operations each refuses is Microsoft's "Container-level WORM policies", table "Scenarios", and the
 * permissions in the reference of each operation. What those leave open, and what is answered here:
 * - If-None-Match: * on a blob that is there: 409 `BlobAlreadyExists`, before the policy is looked at; but an identity
 *   that may only create gets 403 `UnauthorizedBlobOverwrite` (seen on Azure).
 * - A legal hold is named before a policy.
 * - Delete Container: refused while there is a policy or a hold, with or without blobs; Azure allows it through Resource
 *   Manager alone.
 * - Set Blob Tier, Set Blob Tags and leases are no change of the blob, and pass, on Azure as here.
 */
type Effect =
  /** Makes a blob, or replaces one. */
  | 'put'
  /** Changes a blob that is there, in content, properties or metadata, or derives a snapshot from it. */
  | 'change'
  | 'delete'
  | 'deleteContainer'
  /** Neither content nor properties: tier, tags, leases; settings of the container. */
  | 'beside';

interface Rule {
  readonly effect: Effect;
  /** Whether `blobs/add/action` suffices; anything else needs a permission that a create-only identity lacks. */
  readonly add: boolean;
  /** What the store's arguments say it is about. */
  readonly target: (values: readonly unknown[]) => Target;
}

interface Target {
  readonly account: string;
  readonly container: string;
  readonly blob?: string;
  readonly snapshot?: string;
  readonly ifNoneMatch?: string | undefined;
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** Statuses, codes and messages: Microsoft's "Blob Storage error codes"; the containers' two from Azure's answers. */
const REFUSALS = {
  exists: { status: 409, code: 'BlobAlreadyExists', message: 'The specified blob already exists.' },
  policy: {
    status: 409,
    code: 'BlobImmutableDueToPolicy',
    message: 'This operation is not permitted as the blob is immutable due to a policy.',
  },
  legalHold: {
    status: 409,
    code: 'BlobImmutableDueToLegalHold',
    message: 'This operation is not permitted as the blob is immutable due to one or more legal holds.',
  },
  containerPolicy: {
    status: 409,
    code: 'ContainerImmutabilityPolicyLocked',
    message: 'The requested operation is not allowed as the container has a locked immutability policy.',
  },
  containerLegalHold: {
    status: 409,
    code: 'ContainerHasLegalHold',
    message: 'The requested operation is not allowed as the container has one or more legal holds.',
  },
  overwrite: {
    status: 403,
    code: 'UnauthorizedBlobOverwrite',
    message: 'This request is not authorized to perform blob overwrites.',
  },
  permission: {
    status: 403,
    code: 'AuthorizationPermissionMismatch',
    message: 'This request is not authorized to perform this operation using this permission.',
  },
} as const satisfies Record<string, Refusal>;

const ofContainer = (values: readonly unknown[]): Target => {
  const [, account, container] = values as [unknown, string, string];
  return { account, container };
};
const ofNewContainer = (values: readonly unknown[]): Target => {
  const [, container] = values as [unknown, { accountName: string; name: string }];
  return { account: container.accountName, container: container.name };
};
const ofBlob = (values: readonly unknown[]): Target => {
  const [, account, container, blob] = values as [unknown, string, string, string];
  return { account, container, blob };
};
const ofDeletion = (values: readonly unknown[]): Target => {
  const { snapshot } = values[4] as { snapshot?: string };
  return { ...ofBlob(values), ...(snapshot !== undefined && { snapshot }) };
};
const ofModel = (values: readonly unknown[]): Target => {
  const [, model] = values as [unknown, { accountName: string; containerName: string; name: string }];
  return { account: model.accountName, container: model.containerName, blob: model.name };
};
const ofBlock = (values: readonly unknown[]): Target => {
  const [, block] = values as [unknown, { accountName: string; containerName: string; blobName: string }];
  return { account: block.accountName, container: block.containerName, blob: block.blobName };
};
const ofCopy = (values: readonly unknown[]): Target => {
  const destination = values[2] as { account: string; container: string; blob: string };
  const options = values[6] as { modifiedAccessConditions?: AccessConditions } | undefined;
  return { ...destination, ifNoneMatch: options?.modifiedAccessConditions?.ifNoneMatch };
};
const conditionally =
  (target: Rule['target'], position: number): Rule['target'] =>
  (values) => ({ ...target(values), ifNoneMatch: (values[position] as AccessConditions | undefined)?.ifNoneMatch });

interface AccessConditions {
  readonly ifNoneMatch?: string;
}

/** Every method of Azurite's store that changes something. */
const RULES = {
  createBlob: { effect: 'put', add: true, target: conditionally(ofModel, 3) },
  startCopyFromURL: { effect: 'put', add: true, target: ofCopy },
  copyFromURL: { effect: 'put', add: true, target: ofCopy },
  commitBlockList: { effect: 'put', add: false, target: conditionally(ofModel, 4) },
  // Blocks of a blob that is not there yet are invisible until committed, and refused on one that is there.
  stageBlock: { effect: 'change', add: false, target: ofBlock },
  appendBlock: { effect: 'change', add: true, target: ofBlock },
  createSnapshot: { effect: 'change', add: true, target: ofBlob },
  setBlobHTTPHeaders: { effect: 'change', add: false, target: ofBlob },
  setBlobMetadata: { effect: 'change', add: false, target: ofBlob },
  sealBlob: { effect: 'change', add: false, target: ofBlob },
  uploadPages: { effect: 'change', add: false, target: ofModel },
  clearRange: { effect: 'change', add: false, target: ofModel },
  resizePageBlob: { effect: 'change', add: false, target: ofBlob },
  updateSequenceNumber: { effect: 'change', add: false, target: ofBlob },
  deleteBlob: { effect: 'delete', add: false, target: ofDeletion },
  setTier: { effect: 'beside', add: false, target: ofBlob },
  setBlobTag: { effect: 'beside', add: false, target: ofBlob },
  acquireBlobLease: { effect: 'beside', add: false, target: ofBlob },
  releaseBlobLease: { effect: 'beside', add: false, target: ofBlob },
  renewBlobLease: { effect: 'beside', add: false, target: ofBlob },
  changeBlobLease: { effect: 'beside', add: false, target: ofBlob },
  breakBlobLease: { effect: 'beside', add: false, target: ofBlob },
  deleteContainer: { effect: 'deleteContainer', add: false, target: ofContainer },
  createContainer: { effect: 'beside', add: false, target: ofNewContainer },
  setContainerMetadata: { effect: 'beside', add: false, target: ofContainer },
  setContainerACL: { effect: 'beside', add: false, target: ofContainer },
  acquireContainerLease: { effect: 'beside', add: false, target: ofContainer },
  releaseContainerLease: { effect: 'beside', add: false, target: ofContainer },
  renewContainerLease: { effect: 'beside', add: false, target: ofContainer },
  breakContainerLease: { effect: 'beside', add: false, target: ofContainer },
  changeContainerLease: { effect: 'beside', add: false, target: ofContainer },
} as const satisfies Record<string, Rule>;

/** Everything else that the store has: readers, its own life, and what only other methods call. */
const UNGUARDED = new Set(
  `constructor isInitialized isClosed init close clean iteratorExtents setServiceProperties getServiceProperties
  listContainers getContainerProperties getContainerACL checkContainerExist filterBlobs listBlobs listAllBlobs
  downloadBlob getBlob getBlobProperties checkBlobExist getBlobType getBlobTag getBlockList getPageRanges
  listUncommittedBlockPersistencyChunks restoreUint8Array escapeRegex getContainerWithLeaseUpdated getContainer
  getBlobWithLeaseUpdated parseTier`.split(/\s+/),
);

type StoreMethod = (...values: readonly unknown[]) => Promise<unknown>;

/**
 * Puts the guard into the store, in place.
 * @throws {Error} where the store has other methods than the ones known here: each must be judged before it is let in
 */
export function guardStore(store: BlobMetadataStore, policies: WormPolicies, StorageError: StorageErrorClass): void {
  const names = new Set(Object.getOwnPropertyNames(Object.getPrototypeOf(store)));
  const strange = [...names].filter((name) => !Object.hasOwn(RULES, name) && !UNGUARDED.has(name));
  const missing = [...Object.keys(RULES), ...UNGUARDED].filter((name) => !names.has(name));
  if (strange.length + missing.length > 0)
    throw new Error(`Azurite's store has changed (${[...strange, ...missing].join(', ')}): judge it in worm-guard.ts.`);

  const methods = store as unknown as Record<string, StoreMethod>;
  const inTurn = turns();
  for (const [name, rule] of Object.entries<Rule>(RULES)) {
    const execute = methodOf(methods, name);
    // The store awaits between looking and writing: unless they take turns, two creators could both find nothing.
    methods[name] = async (...values) =>
      await inTurn(rule.target(values).container, async () => {
        const context = values[0] as RequestContext | undefined;
        const refusal = await judge(store, policies, rule, rule.target(values), context);
        if (refusal === undefined) return await execute(...values);
        throw new StorageError(refusal.status, refusal.code, refusal.message, context?.contextId ?? '');
      });
  }
  tellPolicies(methods, policies);
}

async function judge(
  store: BlobMetadataStore,
  policies: WormPolicies,
  { effect, add }: Rule,
  target: Target,
  context: RequestContext | undefined,
): Promise<Refusal | undefined> {
  const { retentionDays, legalHold = false, createOnly = false } = policies.of(target.container);
  const hasRetention = retentionDays !== undefined;
  if (createOnly && !add) return REFUSALS.permission;
  if (!createOnly && !hasRetention && !legalHold) return undefined;
  switch (effect) {
    case 'beside':
      return undefined;
    case 'deleteContainer':
      await store.checkContainerExist(context, target.account, target.container);
      return legalHold ? REFUSALS.containerLegalHold : REFUSALS.containerPolicy;
    case 'put':
    case 'change':
    case 'delete': {
      const found = await findBlob(store, target, context);
      if (found === undefined) return undefined;
      if (effect === 'put' && createOnly) return REFUSALS.overwrite;
      if (effect === 'put' && target.ifNoneMatch === '*') return REFUSALS.exists;
      if (legalHold) return REFUSALS.legalHold;
      // When retention is over a blob may be deleted, and still not be changed.
      if (effect !== 'delete') return hasRetention ? REFUSALS.policy : undefined;
      const created = new Date(found.properties.creationTime).getTime();
      return policies.isRetained(target.container, created) ? REFUSALS.policy : undefined;
    }
  }
}

async function findBlob(
  store: BlobMetadataStore,
  { account, container, blob = '', snapshot = '' }: Target,
  context: RequestContext | undefined,
): Promise<BlobDocument | undefined> {
  const found = await store.getBlob(context, account, container, blob, snapshot);
  return found?.isCommitted === true ? found : undefined;
}

interface ContainerView {
  readonly name: string;
  readonly properties: object;
}

/** Get Container Properties and List Containers say whether a policy or a hold is there. */
function tellPolicies(methods: Record<string, StoreMethod>, policies: WormPolicies): void {
  const told = <T extends ContainerView>(view: T): T => {
    const { retentionDays, legalHold = false } = policies.of(view.name);
    const facts = { hasImmutabilityPolicy: retentionDays !== undefined, hasLegalHold: legalHold };
    return { ...view, properties: { ...view.properties, ...facts } };
  };
  const getProperties = methodOf(methods, 'getContainerProperties');
  methods['getContainerProperties'] = async (...values) => told((await getProperties(...values)) as ContainerView);
  const list = methodOf(methods, 'listContainers');
  methods['listContainers'] = async (...values) => {
    const [views, marker] = (await list(...values)) as [ContainerView[], unknown];
    return [views.map(told), marker];
  };
}

function methodOf(methods: Record<string, StoreMethod>, name: string): StoreMethod {
  const method = methods[name];
  if (method === undefined) throw new Error(`Azurite's store has no method ${name}.`);
  return method.bind(methods);
}

/** Runs the steps of one container one after the other, whatever becomes of each. */
function turns(): (container: string, step: () => Promise<unknown>) => Promise<unknown> {
  const last = new Map<string, Promise<unknown>>();
  return async (container, step) => {
    const turn = (last.get(container) ?? Promise.resolve()).then(step);
    last.set(
      container,
      turn.catch(() => undefined),
    );
    return await turn;
  };
}
