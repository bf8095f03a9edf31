import { parseConfiguration } from '../../shared/authorize/configuration.ts';
import type { Configuration } from '../../shared/authorize/configuration.ts';
import type { History } from '../../shared/authorize/history.ts';

export const SUBSCRIPTION = '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21';
export const PRODUCTION_GROUP = `${SUBSCRIPTION}/resourceGroups/rg-payments-production`;

/** All that the tests' versions have in common: two projects, three environments, five identities. */
export const COMMON = `
projects:
  - id: payments
    sources: [https://github.com/acme/payments, ${SUBSCRIPTION}]
  - id: shop
    sources: [https://github.com/acme/shop, https://dev.azure.com/acme/shop]
environments:
  - id: production
    project: payments
    class: production
    dataClasses: [PHI, cardholder data]
    resources: [${PRODUCTION_GROUP}]
    names: [{ source: https://github.com/acme/payments, name: Live (EU) }]
  - id: staging
    project: payments
    class: staging
    resources: [${SUBSCRIPTION}/resourceGroups/rg-payments-staging]
  - id: production
    project: shop
    class: production
    names: [{ source: https://dev.azure.com/acme/shop, name: Live (EU) }]
identities:
  - id: mona
    accounts: [github:1001, entra:AAAAAAAA-0000-0000-0000-000000000001, azure-devops:m-1, mona@acme.example]
  - id: hubot
    accounts: [github:1002, hubot@acme.example]
  - id: octo
    accounts: [github:1003]
  - id: deploy-bot
    kind: service
    accounts: [github:2001]
  - id: copilot
    kind: ai
    accounts: [github:3001]
groups:
  - id: managers
    members: [octo]
roles:
  - id: manager
  - id: deployer
  - id: developer
  - id: owner
`;

export const MATRIX = `
matrix:
  - action: deployment.approve
    environmentClass: production
    role: manager
    emergency: { role: owner, reviewWithin: 24 }
  - { action: deployment.approve, role: developer }
  - { action: deployment.start, role: deployer }
  - { action: code.merge, role: developer }
  - { action: infrastructure.change, environmentClass: production, role: deployer }
  - { action: access.grant, role: owner }
`;

export function version(
  from: string,
  grants: readonly string[],
  more: { previous?: Configuration; text?: string } = {},
): Configuration {
  const { previous, text = `${COMMON}${MATRIX}` } = more;
  const head = `version: 1\nfrom: ${from}\n${previous === undefined ? '' : `previous: ${previous.sha256}\n`}`;
  const list = grants.length === 0 ? '' : `grants:\n${grants.map((grant) => `  - { ${grant} }\n`).join('')}`;
  return parseConfiguration(Buffer.from(`${head}${text}${list}`));
}

/** The newest last. */
export function historyOf(...versions: readonly Configuration[]): Pick<History, 'current' | 'predecessors'> {
  const current = versions.at(-1);
  if (current === undefined) throw new Error('A history has a version.');
  return { current, predecessors: new Map(versions.slice(0, -1).map((each) => [each.sha256, each])) };
}

/** As a seal lists them: in force from what each says. */
export function adoptedOf(...versions: readonly Configuration[]): { sha256: string; effective: string }[] {
  return versions.map(({ sha256, from }) => ({ sha256, effective: from }));
}
