import type { Actor } from '../../wire/record.ts';
import { readAzureCaller } from '../azure-caller.ts';
import type { AzureCaller } from '../azure-caller.ts';
import { textAt } from '../read.ts';
import type { ActivityEntry } from './entry.ts';

const SERVICE_NAME = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/spn';
const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Who called, as the token's claims say, else the entry's `Caller`: alerts and autoscale are caused by a service of Azure's own. */
export function callerOf({ claims, evidence, httpRequest, caller, callerAddress }: ActivityEntry): AzureCaller {
  const read = readAzureCaller(claims, evidence, httpRequest, caller);
  const actor = read.actor ?? serviceOf(textAt(claims, SERVICE_NAME) ?? textAt(claims, 'spn') ?? caller);
  const address = textAt(httpRequest, 'clientIpAddress') ?? callerAddress ?? read.origin.address;
  return { ...read, actor, origin: { ...read.origin, ...(address === undefined ? {} : { address }) } };
}

/** `Microsoft.Insights/autoscaleSettings`: neither a login nor an object id, so no person. */
function serviceOf(name: string | undefined): Actor | undefined {
  if (name === undefined || name.includes('@')) return undefined;
  if (GUID.test(name)) return { kind: 'service', id: `entra-app:${name.toLowerCase()}` };
  const isProvider = /^[a-z][a-z0-9]*\.[a-z]/i.test(name);
  return { kind: isProvider ? 'service' : 'unknown', id: `azure-service:${name.toLowerCase()}`, name };
}
