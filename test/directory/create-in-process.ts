import { DirectoryImmutableStore } from '../../shared/directory/directory-immutable-store.ts';

/** Run as a process of its own: creates `count` blobs in a folder and prints which of them it created. */
const [folder = '', text = '', count = '0'] = process.argv.slice(2);
const store = new DirectoryImmutableStore(folder);
const created: number[] = [];
for (let k = 0; k < Number(count); k++) {
  if ((await store.create(`race/${k}`, Buffer.from(`${text} ${k}`))) === 'created') created.push(k);
}
process.stdout.write(JSON.stringify(created));
