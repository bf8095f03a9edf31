import type { Envelope } from '../wire/envelope.ts';
import type { Actor, RecordData } from '../wire/record.ts';
import { Unrecognized } from './normalizer.ts';
import { textAt } from './read.ts';

/** Who called, by the claims of the token that the app checked. Throws Unrecognized where the envelope carries none. */
export function tokenCallerOf({ claims }: Envelope): Actor {
  const oid = textAt(claims, 'oid');
  if (oid === undefined)
    throw new Unrecognized('envelope', 'The envelope carries no claims of a token: nobody is known to have sent this.');
  const login = textAt(claims, 'preferred_username');
  const name = textAt(claims, 'name') ?? login;
  return {
    kind: textAt(claims, 'idtyp') === 'app' ? 'service' : 'human',
    id: `entra:${oid.toLowerCase()}`,
    ...(name === undefined ? {} : { name }),
    ...(login?.includes('@') === true ? { address: login } : {}),
  };
}

/** From where, as far as a token says. */
export function tokenOriginOf({ claims }: Envelope): NonNullable<RecordData['origin']> {
  const application = textAt(claims, 'azp') ?? textAt(claims, 'appid');
  const session = textAt(claims, 'uti');
  return {
    ...(application === undefined ? {} : { application }),
    ...(session === undefined ? {} : { session }),
  };
}
