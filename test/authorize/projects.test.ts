import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ProjectFinder } from '../../shared/authorize/projects.ts';

const SUBSCRIPTION = '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21';
const UUID = '7f6f1a3e-3c0d-4d6e-9a55-0d9f1a2b3c4d';

const finder = new ProjectFinder([
  { id: 'payments', sources: ['https://github.com/acme/payments', `${SUBSCRIPTION}/resourceGroups/rg-payments`] },
  {
    id: 'platform',
    sources: ['https://github.com/acme/platform', SUBSCRIPTION, 'https://dev.azure.com/acme/platform/'],
  },
]);

describe('finding the project of an event', () => {
  it('takes what lies below a source, and nothing that merely begins with its text', () => {
    expect(finder.find('https://github.com/acme/payments', [])).toBe('payments');
    expect(finder.find('https://github.com/acme/payments/pull/7', [])).toBe('payments');
    expect(finder.find('https://github.com/acme/payments?tab=readme', [])).toBe('payments');
    expect(finder.find('https://dev.azure.com/acme/platform/_build/1', [])).toBe('platform');
    expect(finder.find('https://github.com/acme/payments-old', [])).toBeUndefined();
    expect(finder.find('https://github.com/acme', [])).toBeUndefined();
  });

  it('gives an event of a subscription to the project that owns the resource group, not the subscription', () => {
    expect(
      finder.find(SUBSCRIPTION, [`${SUBSCRIPTION}/resourcegroups/rg-payments/providers/microsoft.web/sites/api`]),
    ).toBe('payments');
    expect(finder.find(SUBSCRIPTION, [`${SUBSCRIPTION}/resourcegroups/rg-payments-2/providers/x/y/z`])).toBe(
      'platform',
    );
    expect(finder.find(SUBSCRIPTION, [])).toBe('platform');
  });

  it('finds Azure resources, repositories and DevOps projects in whatever case a source writes them', () => {
    expect(finder.find(SUBSCRIPTION.toUpperCase(), [`${SUBSCRIPTION}/RESOURCEGROUPS/RG-PAYMENTS`.toUpperCase()])).toBe(
      'payments',
    );
    expect(finder.find('https://github.com/Acme/Payments', [])).toBe('payments');
  });

  it('does not let an object elsewhere take an event away from where it happened', () => {
    expect(finder.find('https://github.com/acme/platform', ['https://github.com/acme/payments/a/very/long/path'])).toBe(
      'platform',
    );
    expect(finder.find('https://github.com/acme/platform', [`payments~${UUID}`])).toBe('platform');
  });

  it('falls back on objects where nobody claims the place', () => {
    expect(
      finder.find('https://github.com/fork/payments', ['https://example.com', 'https://github.com/acme/payments']),
    ).toBe('payments');
    expect(finder.find('https://github.com/fork/payments', ['https://example.com'])).toBeUndefined();
  });

  it('lets a request and a project name themselves, also where indelible.yaml does not list them yet', () => {
    expect(finder.find('urn:indelible:project:payments', [`payments~${UUID}`])).toBe('payments');
    expect(finder.find('urn:indelible:anything', [`new-project~${UUID}`])).toBe('new-project');
    expect(finder.find('urn:indelible:project:new-project', [])).toBe('new-project');
    const odd = [`Payments~${UUID}`, 'payments~', `x/payments~${UUID}`];
    expect(finder.find('urn:indelible:anything', odd)).toBeUndefined();
  });

  it('lets a webhook or an event of Azure’s put itself into a project by naming a request or a project', () => {
    for (const source of ['https://github.com/evil/x', 'azure-devops:collection', '/subscriptions/0', 'urn:x']) {
      expect(finder.find(source, [`payments~${UUID}`, 'urn:indelible:project:payments'])).toBeUndefined();
    }
  });

  it('never throws, and finds every source itself whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', minLength: 1 }), { minLength: 1 }),
        fc.string({ unit: 'binary' }),
        (sources, other) => {
          const any = new ProjectFinder(sources.map((source, i) => ({ id: `p${i}`, sources: [source] })));
          for (const source of sources) expect(any.find(source, [other])).toMatch(/^p\d+$/);
          expect(() => any.find(other, sources)).not.toThrow();
        },
      ),
    );
  });
});
