import type { Configuration } from '../authorize/configuration.ts';
import { requireRole } from '../collect/tokens.ts';
import type { Caller } from '../collect/tokens.ts';
import { authorsIn, judgeRequest } from '../decide/judge-request.ts';
import type { JudgedRequest } from '../decide/judge-request.ts';
import { adoptedBy } from '../decide/sealed-steps.ts';
import type { SealedRecord } from '../decide/sealed-steps.ts';
import { FormatError, RequestError } from '../errors.ts';
import type { ImmutableStore } from '../seal/immutable-store.ts';
import type { ColumnValue, IndexTables } from '../tabulate/index-tables.ts';
import { afterPrefix, linkKey, partitionOf, rowPart, rowPrefix } from '../tabulate/keys.ts';
import { readSegment } from '../tabulate/sealed-segment.ts';
import type { SealedSegment } from '../tabulate/sealed-segment.ts';
import { parseJson } from '../wire/json.ts';
import { parseRecord } from '../wire/record.ts';
import type { Principal } from '../wire/record.ts';
import { PROJECT_NAME, projectOfRequest, standingRequestId } from '../wire/request-id.ts';
import { formatTimestamp, toZonedTimestamp } from '../wire/timestamp.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import { READ_ROLE, recordRead } from './read-events.ts';
import type { ReadRequest, ReportApp } from './read-events.ts';

/** What the function needs: beside the index, the trail to read from, and the versions of indelible.yaml by their hash. */
export type ApprovalApp = ReportApp & {
  readonly trail: ImmutableStore;
  readonly versionOf: (sha256: string) => Configuration | undefined;
};

export type ApprovalRequest = ReadRequest & { readonly params: Readonly<Record<string, string>> };

/** Deliveries of steps of one request; more is an attempt to make others wait. */
const MAX_STEPS = 1_000;
/** Records of a commit that are looked at for its authors. */
const MAX_LINKED = 50;

/**
 * What holds of a request: `GET /api/approvals/{id}`. The index says where its steps are sealed, the sealed records say what
 * they are, and the fold what follows. It is published that this was read, before it is answered. Throws RequestError
 * (`notFound` where the index has no step of it), and StoreError.
 */
export async function readApproval(app: ApprovalApp, request: ApprovalRequest): Promise<JudgedRequest> {
  const caller = await app.verifyToken(request.headers.get('authorization'));
  requireRole(caller, READ_ROLE);
  const { id, project, at } = parseApprovalQuestion(request, app.clock());
  const reader = new StepReader(app.trail);
  const places = await placesOf(app.tables, project, id);
  const standing = project === undefined ? [] : await placesOf(app.tables, project, standingRequestId(project));
  const steps = await reader.readAll([...places, ...standing]);
  await recordApprovalRead(app, caller, id, places);
  const own = steps.filter(({ record }) => record.data.decision?.request === id);
  if (own.length === 0) {
    throw new RequestError(
      'notFound',
      'The index knows no step of this request. What was sent a moment ago may not be sealed yet.',
    );
  }
  const adopted = adoptedBy(own.at(-1)?.log, reader.seals());
  return judgeRequest({ request: id, project, steps, adopted }, at, app.versionOf, (commits) =>
    readAuthors(app.tables, reader, commits),
  );
}

const PARAMETERS = ['project', 'at'];

function parseApprovalQuestion(
  { params, query }: ApprovalRequest,
  now: number,
): { readonly id: string; readonly project: string | undefined; readonly at: Timestamp } {
  for (const name of query.keys()) {
    if (!PARAMETERS.includes(name))
      throw refused(`There is no parameter "${name.slice(0, 40)}": ${PARAMETERS.join(', ')}`);
  }
  // The host leaves a slash in an id as it came.
  const id = (params['id'] ?? '').replaceAll(/%2f/gi, '/');
  if (id === '' || id.length > 2_048) throw refused('The address must name a request, in at most 2,048 characters');
  const named = query.get('project') ?? undefined;
  if (named !== undefined && !PROJECT_NAME.test(named)) throw refused('"project" must be the name of a project');
  const text = query.get('at');
  const at = text === null ? formatTimestamp(now) : toZonedTimestamp(text);
  if (at === undefined) throw refused('"at" must be a time with its zone, like 2026-11-23T00:00:00Z');
  return { id, project: projectOfRequest(id) ?? named, at };
}

function refused(what: string): RequestError {
  return new RequestError('badRequest', `${what}.`);
}

interface Place {
  readonly eventId: string;
  readonly log: string;
  readonly segment: number;
  readonly index: number;
}

async function placesOf(tables: IndexTables, project: string | undefined, request: string): Promise<Place[]> {
  const prefix = rowPrefix(rowPart(request));
  const range = { from: prefix, before: afterPrefix(prefix) };
  const places: Place[] = [];
  for await (const { columns } of tables.query('Decisions', partitionOf(project ?? '-'), range)) {
    const place = toPlace(columns);
    if (place === undefined || columns['DecisionId'] !== request) continue;
    if (places.length === MAX_STEPS)
      throw refused(`The request has more than ${MAX_STEPS} steps: ask "indelible approval" instead`);
    places.push(place);
  }
  return places;
}

function toPlace(columns: Readonly<Record<string, ColumnValue>>): Place | undefined {
  const { EventId: eventId, Log: log, Segment: segment, Index: index } = columns;
  const isPlace =
    typeof eventId === 'string' && typeof log === 'string' && typeof segment === 'number' && typeof index === 'number';
  return isPlace ? { eventId, log, segment, index } : undefined;
}

/** Reads records where the index says that they are, each segment once. */
class StepReader {
  readonly #trail: ImmutableStore;
  readonly #segments = new Map<string, Promise<SealedSegment | undefined>>();
  readonly #read: SealedSegment[] = [];

  constructor(trail: ImmutableStore) {
    this.#trail = trail;
  }

  /** Throws RequestError `unavailable` where the index names what is not there: then it cannot be believed that it names all. */
  async readAll(places: readonly Place[]): Promise<SealedRecord[]> {
    const records: SealedRecord[] = [];
    for (const place of places) {
      const { eventId, log, index } = place;
      const segment = await this.#segmentOf(place);
      const leaf = segment?.leaves[index - segment.seal.first];
      const record = leaf === undefined ? undefined : parseRecord(parseJson(leaf));
      if (record?.id !== eventId) {
        throw new RequestError(
          'unavailable',
          'The index names a step that the trail does not hold at that place: rebuild the index, then ask again.',
        );
      }
      records.push({ record, log, index });
    }
    return records;
  }

  *seals() {
    for (const { seal } of this.#read) yield seal;
  }

  async #segmentOf({ log, segment }: Place): Promise<SealedSegment | undefined> {
    const name = `${log} ${segment}`;
    const known = this.#segments.get(name) ?? readSealed(this.#trail, log, segment);
    this.#segments.set(name, known);
    const read = await known;
    if (read !== undefined && !this.#read.includes(read)) this.#read.push(read);
    return read;
  }
}

async function readSealed(trail: ImmutableStore, log: string, segment: number): Promise<SealedSegment | undefined> {
  try {
    return await readSegment(trail, log, segment);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

async function readAuthors(tables: IndexTables, reader: StepReader, commits: readonly string[]): Promise<Principal[]> {
  const places: Place[] = [];
  for (const commit of commits) {
    for await (const { columns } of tables.query('ByLink', partitionOf(linkKey('commit', commit)), {})) {
      const place = columns['Category'] === 'code' ? toPlace(columns) : undefined;
      if (place !== undefined) places.push(place);
      if (places.length === MAX_LINKED) break;
    }
  }
  const records = await reader.readAll(places.slice(0, MAX_LINKED));
  return authorsIn(
    records.map(({ record }) => record),
    commits,
  );
}

/** As any other read of the table Decisions. */
function recordApprovalRead(
  app: ApprovalApp,
  caller: Caller,
  request: string,
  places: readonly Place[],
): Promise<void> {
  const events = [...new Set(places.map(({ eventId }) => eventId))];
  const body = { table: 'Decisions', key: request, take: MAX_STEPS, continued: false, rows: places.length, events };
  return recordRead(app, caller, 'read-approval', body);
}
