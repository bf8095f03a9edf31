import { hash } from 'node:crypto';

/**
 * Id of a request that was asked for over our own API: `<project>~<uuid>`. The UUID (RFC 9562, version 8) is made from a
 * hash, so that what asks for it again gets it again.
 */
const REQUEST_ID = /^([a-z0-9][a-z0-9-]{0,62})~[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A project's name in ids, routes and tables. */
export const PROJECT_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** The project that a request's id names; undefined where it is no such id. */
export function projectOfRequest(id: string): string | undefined {
  return REQUEST_ID.exec(id)?.[1];
}

/** `seed`: what tells this request from every other. */
export function toRequestId(project: string, seed: string): string {
  const bytes = Buffer.from(hash('sha256', seed, 'hex').slice(0, 32), 'hex');
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return `${project}~${bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')}`;
}

/**
 * Under this id lie the delegations of a project that hold for a role, not for one request: all of them in one partition, in
 * order, and found without knowing any request.
 */
export function standingRequestId(project: string): string {
  return toRequestId(project, JSON.stringify(['delegations', project]));
}
