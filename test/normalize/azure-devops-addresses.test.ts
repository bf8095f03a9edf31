import { describe, expect, it, test } from 'vitest';

import { changed, fixture, linked, normalizeObject, only, related } from './azure-devops-payloads.ts';

/** Azure DevOps has several addresses for one thing; whoever asks for it must find all of its records under one. */

const PROJECT = 'be9b3917-1111-4a3c-9b5e-0d6c5b4a3f21';
const REPOSITORY = 'https://dev.azure.com/acme/payments/_git/ledger';

function pushTo(remoteUrl: string, baseUrl?: string): string | undefined {
  const { repository } = fixture('push').payload.resource as { repository: object };
  const containers = { project: { id: PROJECT, ...(baseUrl === undefined ? {} : { baseUrl }) } };
  return changed(
    'push',
    { repository: { ...repository, remoteUrl, webUrl: undefined, url: undefined }, url: undefined },
    { resourceContainers: containers },
  )[0]?.source;
}

describe('a repository has one id', () => {
  test.each([
    ['as it is', REPOSITORY],
    ['with an account in front', 'https://acme@dev.azure.com/acme/payments/_git/ledger'],
    ['with the organization in another case', 'https://dev.azure.com/ACME/payments/_git/ledger'],
    ['of the former host', 'https://acme.visualstudio.com/payments/_git/ledger'],
    ['of the former host, with its collection', 'https://acme.visualstudio.com/DefaultCollection/payments/_git/ledger'],
    ['of the former host, in another case', 'https://ACME.VisualStudio.com/defaultcollection/payments/_git/ledger'],
    ['of a page in it', `${REPOSITORY}/commit/${'a'.repeat(40)}?refName=refs%2Fheads%2Fmain`],
  ])('for an address %s', (_what, remoteUrl) => {
    expect(pushTo(remoteUrl)).toBe(REPOSITORY);
  });

  it('has its project in it, also where the address leaves out a project of the same name', () => {
    const repository = { id: '1', name: 'payments', remoteUrl: 'https://dev.azure.com/acme/_git/payments' };
    expect(changed('push', { repository })[0]?.source).toBe('https://dev.azure.com/acme/payments/_git/payments');
  });

  it('escapes spaces in one way', () => {
    for (const name of ['general%20ledger', 'general ledger']) {
      expect(pushTo(`https://dev.azure.com/acme/payments/_git/${name}`.replaceAll(' ', '%20'))).toBe(
        'https://dev.azure.com/acme/payments/_git/general%20ledger',
      );
    }
  });

  it('keeps host and collection of a server', () => {
    const base = 'https://tfs.acme.example/tfs/Finance/';
    expect(pushTo('https://tfs.acme.example/tfs/Finance/payments/_git/ledger', base)).toBe(
      'https://tfs.acme.example/tfs/Finance/payments/_git/ledger',
    );
    expect(pushTo('https://tfs.acme.example:8080/Finance/payments/_git/ledger')).toBe(
      'https://tfs.acme.example:8080/Finance/payments/_git/ledger',
    );
  });
});

describe('a pull request has one id', () => {
  const page = `${REPOSITORY}/pullrequest/12`;

  it('on the former host and on the new one, in all of its events', () => {
    const { repository } = fixture('push-refs-by-build-service').payload.resource;
    for (const name of ['pull-request-created', 'pull-request-approved', 'pull-request-merged']) {
      for (const resource of [{}, { repository, _links: undefined, url: undefined }]) {
        const draft = only(changed(name, resource));
        expect(draft.data.target?.id).toBe(page);
        expect(linked(draft, 'pullRequest')[0]).toBe(page);
      }
    }
  });

  it('in the event of a comment, whose pull request is one level deeper', () => {
    expect(only(normalizeObject(fixture('pull-request-commented').payload)).data.target?.id).toBe(page);
  });
});

describe('a release has one id', () => {
  it('from its own number, or from an address where the number is 0', () => {
    const { release } = fixture('release-created').payload.resource as { release: object };
    const id = only(changed('release-created', {})).data.target?.id;
    expect(only(changed('release-created', { release: { ...release, id: 0 } })).data.target?.id).toBe(id);
    expect(related(only(changed('deployment-started', {})), 'release')).toEqual([id]);
  });

  it('is another one in another project, where numbers begin anew', () => {
    const other = {
      ...(fixture('release-created').payload['resourceContainers'] as object),
      project: { id: 'cccccccc-1111-4a3c-9b5e-0d6c5b4a3f21' },
    };
    const drafts = [changed('release-created', {}), changed('release-created', {}, { resourceContainers: other })];
    expect(new Set(drafts.map((each) => only(each).data.target?.id)).size).toBe(2);
  });
});

describe('addresses of somebody else', () => {
  it('do not make a pipeline of a repository on GitHub one of GitHub', () => {
    const repository = { id: 'acme/web', type: 'GitHub', url: 'https://github.com/acme/web.git' };
    const draft = only(changed('build-completed', { repository, triggerInfo: {}, sourceBranch: 'refs/heads/main' }));
    expect(draft.source).toBe('https://dev.azure.com/acme/payments');
    expect(related(draft, 'repository')).toEqual(['https://github.com/acme/web']);
  });

  it('in a message do not become the organization', () => {
    const markdown = 'See [this](https://github.com/acme/web/pull/3) and https://example.com/x/_git/y';
    const draft = only(
      normalizeObject({
        eventType: 'agentqueue.created',
        message: { text: 'x', markdown },
        resource: { queueId: 1, queueName: 'q', projectId: PROJECT },
      }),
    );
    expect(draft.source).not.toContain('github.com');
  });

  it('are not believed to be of Azure DevOps because they look so', () => {
    expect(pushTo('https://dev.azure.com.evil.example/acme/payments/_git/ledger')).toBe(
      'https://dev.azure.com.evil.example/acme/payments/_git/ledger',
    );
    expect(pushTo('https://evil.example/dev.azure.com/acme/_git/ledger')).not.toContain('https://dev.azure.com');
  });
});

test.each([
  'javascript:alert(1)',
  'https://',
  'https://dev.azure.com/',
  'https://dev.azure.com/%',
  '//x',
  ' ',
  'a'.repeat(9_000),
])('the address %j is no address, and no reason to fail', (remoteUrl) => {
  expect(pushTo(remoteUrl)).toMatch(/^(?:https:\/\/dev\.azure\.com\/|azure-devops:)/);
});
