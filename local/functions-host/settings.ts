import { HostError } from './host-error.ts';

/** The app settings: in Azure, and here, the environment. */
export type Settings = Readonly<Record<string, string | undefined>>;

/** Where a hub is: by connection string, or by namespace with the process's own identity. */
export type HubConnection =
  | { readonly kind: 'connectionString'; readonly connectionString: string }
  | { readonly kind: 'identity'; readonly namespace: string; readonly clientId: string | undefined };

/**
 * `text` with each `%NAME%` replaced by that setting, as the real host does in schedules and hub names.
 * @throws HostError `setting` where one is missing.
 */
export function resolveSettings(text: string, settings: Settings): string {
  return text.replaceAll(/%([^%]+)%/g, (_, name: string) => {
    const value = settings[name];
    if (value === undefined || value === '') {
      throw new HostError('setting', `"%${name}%" is used by a binding, but the app setting ${name} is not set`);
    }
    return value;
  });
}

/**
 * The hub connection that a binding's `connection` names: setting `NAME` is a connection string; without it,
 * `NAME__fullyQualifiedNamespace` (and `NAME__clientId`) with the process's identity.
 * @throws HostError `setting` where neither is there.
 */
export function resolveHubConnection(name: string, settings: Settings): HubConnection {
  const connectionString = settings[name];
  if (connectionString) return { kind: 'connectionString', connectionString };
  const namespace = settings[`${name}__fullyQualifiedNamespace`];
  if (namespace) return { kind: 'identity', namespace, clientId: settings[`${name}__clientId`] || undefined };
  throw new HostError(
    'setting',
    `a binding's connection is "${name}": set ${name} to a connection string or ${name}__fullyQualifiedNamespace to a namespace`,
  );
}
